"""One small call over a new channel, to report connection problems within seconds.

PySpark itself tries a dead or untrusted endpoint for ten minutes.
"""

from __future__ import annotations

from typing import Any

import grpc
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc

from .._channel.current_session import CurrentSession
from .._channel.endpoint_errors import endpoint_error
from ..errors import EndpointError

TIMEOUT_SECONDS = 10.0


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
    session_id, address = session.arn.session_id, session.endpoint().address
    code, details = error.code(), error.details()
    return endpoint_error(
        code, details, session_id=session_id, address=address, timeout=timeout
    ) or EndpointError(
        f"The endpoint of session {session_id} ({address}) doesn't answer as Spark Connect does: "
        f"{code.name}: {details}. Check that PySpark has the version of the application's Spark."
    )
