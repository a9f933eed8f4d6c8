"""Waiting: until a session is usable, or until it is over (rules 4 and 14), and the pace of looks.

25 sessions of a stack look at the same service. So looks are few where nothing can be expected,
close where a session most likely becomes usable, and never at the same moment.
"""

import random
import time
from math import sqrt

from session_handler import reasons, sessions
from session_handler.errors import Failure, NotFound, ServiceError
from session_handler.identity import SessionArn
from session_handler.invocation import Invocation
from session_handler.sessions import Session

# What was just started may not be found yet.
NOT_FOUND_SECONDS = 60.0
# Starts on AWS take 60 to 90 s with capacity that is there. A local service takes seconds.
_FIRST_LOOK = (3.1, 4.1)
_LIKELY = (63.5, 90.0)


def pace(waited: float, state: str | None) -> float:
    """Seconds to the next look at a session that starts.

    Args:
        waited: Seconds since it was started.
        state: What the last look showed. One that is STARTING within seconds may start fast.
    """
    begins, ends = _LIKELY
    if waited < _FIRST_LOOK[0]:
        return random.uniform(*_FIRST_LOOK) - waited
    if waited < 5 and state == "STARTING":
        return waited * random.uniform(1.2, 1.6)
    if waited < begins - 1:
        return begins - waited + random.uniform(0.0, 2.0)
    # The more sessions have become usable by now, the fewer look: they can look more often.
    likely = max(1.4, 4.2 * sqrt(max(0.0, ends - waited) / (ends - begins)))
    later = min(15.0, 0.05 * waited)
    return (likely if waited < ends else later) * random.uniform(0.9, 1.1)


def until_usable(invocation: Invocation, arn: SessionArn, *, just_started: bool) -> Session:
    """Look until the session is usable, asking meanwhile whether that is still wanted.

    Raises:
        Failure: The session is over, or isn't usable when the time is.
        ServiceError: The service refuses to show it.
        Unwanted: Nobody waits for it any more.
    """
    began = time.time()
    next_look = began + (pace(0.0, None) if just_started else 0.0)
    budget = invocation.retry_budget()
    session: Session | None = None
    while True:
        if time.time() >= next_look or invocation.deadline.is_over:
            try:
                session = sessions.get(arn)
                budget.reset()
                invocation.log_fields["state"] = session.state
                if session.is_usable:
                    return session
                if not session.is_live:
                    raise Failure(reasons.over(invocation.request, session))
                pause = pace(time.time() - began, session.state)
            except NotFound:
                if not just_started or time.time() - began > NOT_FOUND_SECONDS:
                    raise
                pause = 5.0
            except ServiceError as error:
                pause = budget.pause(error)
            next_look = time.time() + pause
        if invocation.deadline.is_over:
            since = (session and session.created_at) or invocation.deadline.began
            waited = max(0.0, time.time() - since)  # an earlier delivery may have started it
            raise Failure(reasons.not_ready_in_time(invocation.request, arn, session, waited))
        invocation.wanted.check_if_due()
        wake_at = min(next_look, invocation.wanted.due_at, invocation.deadline.work_ends())
        time.sleep(max(0.05, wake_at - time.time()))


def until_over(invocation: Invocation, arn: SessionArn) -> Session | None:
    """Look until a session that was ended is over; what the last look showed, None if it is gone.

    Raises:
        Failure: It isn't over when the time is.
        ServiceError: The service refuses to show it.
    """
    budget = invocation.retry_budget()
    pause = 2.0
    while True:
        time.sleep(pause * random.uniform(0.8, 1.2))
        try:
            session = sessions.get(arn)
        except NotFound:
            return None
        except ServiceError as error:
            pause = budget.pause(error)
            continue
        budget.reset()
        invocation.log_fields["state"] = session.state
        if session.is_over:
            return session
        if time.time() >= invocation.deadline.ending_ends():
            waited = time.time() - invocation.deadline.began
            raise Failure(reasons.not_ended_in_time(invocation.request, session, waited))
        pause = min(15.0, 2.0 + pause * 1.6)
