"""gRPC channels to a session: endpoint, tokens, certificates, keepalive.

Knows nothing of PySpark.
"""
