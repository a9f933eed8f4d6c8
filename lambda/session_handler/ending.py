"""Ending a session: TerminateSession until it is accepted, or there is nothing to end."""

from __future__ import annotations

import time

from session_handler import sessions
from session_handler.errors import NotFound, ServiceError
from session_handler.identity import SessionArn
from session_handler.retry import Patience

# A session that was started seconds ago may not be found yet.
_NOT_FOUND_PAUSE = 6.0
_NOT_FOUND_TIMES = 3


def end(arn: SessionArn, patience: Patience) -> bool:
    """End a session.

    Returns:
        Whether there was one: not found three times in twelve seconds, it is gone.

    Raises:
        ServiceError: The service refuses, or gives no clear answer.
    """
    not_found = 0
    while True:
        try:
            sessions.terminate(arn)
            return True
        except NotFound:
            not_found += 1
            if not_found == _NOT_FOUND_TIMES:
                return False
            time.sleep(_NOT_FOUND_PAUSE)
        except ServiceError as error:
            time.sleep(patience.pause(error))
