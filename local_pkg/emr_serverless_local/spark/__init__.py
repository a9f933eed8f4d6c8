"""A real Spark Connect server behind each session of the local AWS.

``SparkBacking`` is what the session service is given. A session is a process
(``apache``: Apache Spark; ``sail``: pysail, smaller and without a JVM) and an
endpoint in front of it that lets in whoever has the session's token
(``endpoint``), over TLS (``certificates``).
"""

from .apache import ApacheServer
from .backing import SparkBacking
from .sail import SailServer

__all__ = ["ApacheServer", "SailServer", "SparkBacking"]
