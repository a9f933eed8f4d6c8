"""The client's side: from a session's ARN, or the parameter that names it, to a ``SparkSession``.

Needs the extra ``connect``. Imports neither the CDK nor, before ``connect``
is called, PySpark. No endpoint token is ever logged, shown or kept in a file.
"""

from ._connect.spark import connect
from ._connect.urls import dashboard_url, remote_url
from ._emr.clock import Clock, SystemClock
from .errors import (
    ConnectError,
    EndpointError,
    SessionMovedError,
    SessionNotReadyError,
    SessionOverError,
    SparkVersionError,
    SparkVersionWarning,
)

__all__ = [
    "Clock",
    "ConnectError",
    "EndpointError",
    "SessionMovedError",
    "SessionNotReadyError",
    "SessionOverError",
    "SparkVersionError",
    "SparkVersionWarning",
    "SystemClock",
    "connect",
    "dashboard_url",
    "remote_url",
]
