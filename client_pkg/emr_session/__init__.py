"""Amazon EMR Serverless sessions for PySpark and every other Spark Connect client.

What users import is here; what stands behind it is in the packages with an underscore. Imports
neither PySpark nor gRPC before they are needed. No endpoint token is logged, shown or kept in a
file. In a notebook, the import loads the notebook extension.
"""

from ._connect.addresses import dashboard_url, remote_url
from ._connect.connect import connect
from ._emr.clock import Clock, SystemClock
from ._notebook.extension import load_in_notebook
from ._notebook.extension import load_ipython_extension as load_ipython_extension
from ._notebook.extension import unload_ipython_extension as unload_ipython_extension
from ._proxy.session_proxy import SessionProxy
from ._start.ephemeral import ephemeral
from ._start.get_or_create import get_or_create
from .errors import (
    ConnectError,
    CredentialsError,
    EndpointError,
    NetworkError,
    ProxyError,
    SessionAmbiguousError,
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
    "NetworkError",
    "ProxyError",
    "SessionAmbiguousError",
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

load_in_notebook()
