"""Ending a session: TerminateSession until it is accepted, or there is nothing to end."""

from __future__ import annotations

from session_handler import sessions
from session_handler.errors import NotFound
from session_handler.identity import SessionArn
from session_handler.retry import RetryBudget, until_found


def end(arn: SessionArn, budget: RetryBudget) -> bool:
    """End a session.

    Returns:
        Whether there was one: not found three times in twelve seconds, it is gone.

    Raises:
        ServiceError: The service refuses, or gives no clear answer.
    """
    try:
        until_found(lambda: sessions.terminate(arn), budget)
    except NotFound:
        return False
    return True
