"""gRPC channels to a session, for whatever speaks over them: endpoint, tokens, trust, keepalive.

Knows nothing of PySpark.
"""
