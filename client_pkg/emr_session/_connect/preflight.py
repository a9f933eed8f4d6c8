"""One small call over a new channel, so that what is wrong with it is said in seconds.

PySpark itself tries a dead or untrusted endpoint for ten minutes.
"""

from __future__ import annotations

import os
from typing import Any

import grpc
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc

from .._channel.certificates import GRPC_ROOTS
from .._channel.current_session import CurrentSession
from .._channel.options import proxy_of
from ..errors import EndpointError

TIMEOUT_SECONDS = 10.0

# How gRPC says that a certificate isn't by whom it should be, or for whom.
_NOT_TRUSTED = ("certificate_verify_failed", "handshake", "verification check failed")


def preflight(builder: Any, session: CurrentSession, timeout: float = TIMEOUT_SECONDS) -> str:
    """Ask the session's Spark for its version.

    Args:
        builder: The channel builder that PySpark gets.
        session: The session.
        timeout: How long to wait for the answer, in seconds.

    Returns:
        Spark's version.

    Raises:
        EndpointError: There is no answer, or a refusal.
        SessionEndedError: The session ended meanwhile.
    """
    request = base_pb2.AnalyzePlanRequest(
        session_id=builder.session_id,
        client_type=builder.userAgent,
        user_context=base_pb2.UserContext(user_id=builder.userId),
        spark_version=base_pb2.AnalyzePlanRequest.SparkVersion(),
    )
    channel = builder.toChannel()
    try:
        stub: Any = base_pb2_grpc.SparkConnectServiceStub(channel)  # type: ignore[no-untyped-call]
        answer = stub.AnalyzePlan(request, timeout=timeout)
    except grpc.RpcError as error:
        raise _explained(error, session, timeout) from None
    finally:
        channel.close()
    return str(answer.spark_version.version)


def _explained(error: Any, session: CurrentSession, timeout: float) -> EndpointError:
    """The error in the words of whoever has to do something about it."""
    where = f"The endpoint of session {session.arn.session_id} ({session.endpoint().address})"
    said = f"{error.code().name}: {error.details()}"
    if any(sign in said.lower() for sign in _NOT_TRUSTED):
        return EndpointError(
            f"{where} has no certificate that is trusted here: {said}. Behind a proxy that "
            "intercepts TLS, name the file with its certificate in AWS_CA_BUNDLE, or give it as "
            f"root_certificates.{_trusted_now()}"
        )
    if error.code() in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return EndpointError(
            f"{where} refuses the token that GetSessionEndpoint just gave: {said}. Check that this "
            "machine's clock is right, and connect again."
        )
    if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return EndpointError(
            f"{where} doesn't answer (within {timeout:g} s{_by_proxy(session)}): {said}. Check "
            "that this network lets HTTPS (HTTP/2) out to that address, then connect again."
        )
    return EndpointError(
        f"{where} doesn't answer as Spark Connect does: {said}. Check that PySpark has the "
        "version of the application's Spark."
    )


def _trusted_now() -> str:
    names = [name for name in (GRPC_ROOTS, "AWS_CA_BUNDLE") if os.environ.get(name)]
    return f" Trusted now: {names[0]}={os.environ[names[0]]}" if names else ""


def _by_proxy(session: CurrentSession) -> str:
    proxy = proxy_of(session.endpoint().address)
    # Without whatever stands before the @: it may be a password.
    return f", by the proxy {proxy.rpartition('@')[2]} of HTTPS_PROXY" if proxy else ""
