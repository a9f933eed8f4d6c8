"""Reading a session's ARN and ids."""

from __future__ import annotations

import aws_cdk as cdk

from .errors import SessionValidationError
from .session_base import SessionAttributes
from .validation import shape_problems


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
    problems = list(shape_problems("session_arn", "SessionArn", session_arn))
    if problems:
        raise SessionValidationError(path, problems)
    _, _, application_id, _, session_id = session_arn.split("/")
    return SessionAttributes(application_id=application_id, session_id=session_id)


def check_session_attributes(path: str, attributes: SessionAttributes) -> None:
    """Checks ids that were given, of which a grant makes an ARN: a wildcard would be every session.

    Args:
        path: The path of the construct that was given the ids.
        attributes: The ids; tokens pass.

    Raises:
        SessionValidationError: They aren't those of an application and a session.
    """
    problems = [
        *shape_problems("application_id", "ApplicationId", attributes.application_id),
        *shape_problems("session_id", "SessionId", attributes.session_id),
    ]
    if problems:
        raise SessionValidationError(path, problems)
