"""Turns errors of AWS and of the session into gRPC statuses for the proxy's clients.

Spark Connect clients try again on UNAVAILABLE alone. An exception that has no status of its own
would reach them as UNKNOWN.
"""

from __future__ import annotations

import grpc
from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws_errors import is_temporary
from ..errors import (
    ConnectError,
    CredentialsError,
    SessionEndedError,
    SessionMovedError,
    SessionNotFoundError,
    SessionNotReadyError,
)

Status = tuple[grpc.StatusCode, str]

# By the service's error code. Others are a precondition that doesn't hold.
_CODES = {
    "AccessDenied": grpc.StatusCode.PERMISSION_DENIED,
    "AccessDeniedException": grpc.StatusCode.PERMISSION_DENIED,
    "ResourceNotFoundException": grpc.StatusCode.NOT_FOUND,
    "ValidationException": grpc.StatusCode.INVALID_ARGUMENT,
}


def status_of(error: ConnectError | BotoCoreError | ClientError) -> Status:
    """The status that says what an error says."""
    return _code(error), " ".join(str(error).split())


def _code(error: ConnectError | BotoCoreError | ClientError) -> grpc.StatusCode:
    if isinstance(error, (SessionEndedError, SessionNotFoundError)):
        return grpc.StatusCode.NOT_FOUND
    if isinstance(error, SessionMovedError):
        return grpc.StatusCode.ABORTED
    if isinstance(error, SessionNotReadyError):
        return grpc.StatusCode.UNAVAILABLE
    if isinstance(error, CredentialsError):
        return grpc.StatusCode.UNAUTHENTICATED
    if isinstance(error, ConnectError):
        return grpc.StatusCode.FAILED_PRECONDITION
    if is_temporary(error):
        return grpc.StatusCode.UNAVAILABLE
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        return _CODES.get(code, grpc.StatusCode.FAILED_PRECONDITION)
    return grpc.StatusCode.FAILED_PRECONDITION
