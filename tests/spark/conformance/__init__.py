"""Spark's own tests of Spark Connect, against a session: directly, through connect and the proxy.

``python -m tests.spark.conformance`` runs all of them on a local AWS with Apache Spark behind its
sessions, and shows what ends otherwise than on a direct connection. ``suite`` has the tests and
runs them at any address; ``through_connect`` is a plugin of theirs; ``routes`` leads to a session.
"""
