"""Sessions of Amazon EMR Serverless for PySpark, and for any other Spark Connect client.

What users import is here; what stands behind it is in the packages with an underscore. Imports
neither PySpark nor gRPC before they are needed. No endpoint token is logged, shown or kept in a
file.
"""

from ._connect.addresses import dashboard_url, remote_url
from ._connect.connect import connect
from ._emr.clock import Clock, SystemClock
from ._proxy.session_proxy import SessionProxy
from ._start.ephemeral import ephemeral
from ._start.get_or_create import get_or_create
from .errors import (
    ConnectError,
    CredentialsError,
    EndpointError,
    ProxyError,
    SessionDiffersError,
    SessionEndedError,
    SessionMovedError,
    SessionNotFoundError,
    SessionNotReadyError,
    SparkVersionError,
    SparkVersionWarning,
)

__all__ = [
    "Clock",
    "ConnectError",
    "CredentialsError",
    "EndpointError",
    "ProxyError",
    "SessionDiffersError",
    "SessionEndedError",
    "SessionMovedError",
    "SessionNotFoundError",
    "SessionNotReadyError",
    "SessionProxy",
    "SparkVersionError",
    "SparkVersionWarning",
    "SystemClock",
    "connect",
    "dashboard_url",
    "ephemeral",
    "get_or_create",
    "remote_url",
]
