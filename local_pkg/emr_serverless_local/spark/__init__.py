"""A real Spark Connect server behind each session of the local AWS (extra ``spark``).

``SparkBacking`` is what the session service is given. A session is a process
of pysail's (``server``) and an endpoint in front of it that lets in whoever has
the session's token (``endpoint``), over TLS (``certificates``).
"""

from .backing import SparkBacking

__all__ = ["SparkBacking"]
