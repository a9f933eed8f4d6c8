"""Reading a session's ARN."""

from __future__ import annotations

import re

import aws_cdk as cdk

from .errors import SessionValidationError
from .service_model import shape
from .session_base import SessionAttributes


def parse_session_arn(path: str, session_arn: str) -> SessionAttributes:
    """The ids in a session's ARN.

    Args:
        path: The path of the construct that was given the ARN.
        session_arn: The ARN; for a token, the ids are taken out of it at deployment.

    Raises:
        SessionValidationError: The ARN isn't one of a session.
    """
    if cdk.Token.is_unresolved(session_arn):
        # …:/applications/{applicationId}/sessions/{sessionId}
        parts = cdk.Fn.split("/", session_arn)
        return SessionAttributes(
            application_id=cdk.Fn.select(2, parts), session_id=cdk.Fn.select(4, parts)
        )
    pattern = shape("SessionArn")["pattern"]
    if not re.fullmatch(pattern, session_arn):
        raise SessionValidationError(path, [f"session_arn: {session_arn!r}, must match {pattern}"])
    _, _, application_id, _, session_id = session_arn.split("/")
    return SessionAttributes(application_id=application_id, session_id=session_id)
