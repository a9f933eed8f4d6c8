"""After an answer of SUCCESS: rule 8.

Only now CloudFormation takes the answered session over, or shows that it never will.
"""

import time
from collections.abc import Callable

from session_handler import sessions
from session_handler.errors import ServiceError
from session_handler.identity import SessionArn
from session_handler.invocation import Invocation
from session_handler.retry import until_clear
from session_handler.stack import READ_DELAY, StackView

_CLOSE_LOOKS = 8
_CLOSE = 4.0
_FAR = 20.0
_CERTAIN = 3


def taken_over(invocation: Invocation, answered: SessionArn, give_up: Callable[[], None]) -> bool:
    """Rule 8: look until CloudFormation shows the answered session, at rest if it did before.

    Three looks that show another one, with the resource at rest or the request cancelled, say that
    it never will; or one when the time is over. Then ``give_up`` is called, which asks again.
    """
    against = unanswered = 0
    was_undone = False
    for look in range(1000):
        pause = _CLOSE if look < _CLOSE_LOOKS else _FAR
        if time.time() + pause >= invocation.deadline.looks_end:
            break
        time.sleep(pause)
        shown = invocation.wanted.look()
        if shown is None:
            unanswered += 1
            if unanswered > _CLOSE_LOOKS:
                return False
            continue
        at_rest = shown.resource.is_at_rest
        if shown.resource.physical_id == answered.arn:
            against = 0
            if at_rest or answered.arn != invocation.request.physical_id:
                return True
        elif _was_let_go(invocation, shown, against, was_undone):
            return False
        elif at_rest or invocation.wanted.evidence(shown):
            against += 1
            if shown.resource.status == "CREATE_FAILED" or not shown.stack.startswith("DELETE"):
                was_undone = was_undone or at_rest
            if against == _CERTAIN:
                break
        else:
            against = 0
    if against:
        give_up()
    return False


def _was_let_go(invocation: Invocation, shown: StackView, against: int, was_undone: bool) -> bool:
    """Whether CloudFormation held the session, and RETAIN keeps it.

    The first look tells. A deletion tells it after looks whose read of the resource was old, too.
    """
    tells = not was_undone if shown.deleted_at else not against
    retains = invocation.request.retains
    return retains and tells and invocation.wanted.was_let_go(shown, invocation.answered_at)


def settled(invocation: Invocation, answered: SessionArn) -> StackView | None:
    """Rules 13 and 17: look until two looks show that the stack's update is over, or rolled back.

    Called once CloudFormation has taken the answered session over. None where it lets that go.
    """
    was_lost = was_over = False
    is_kept = answered.arn == invocation.request.physical_id
    while time.time() + _FAR < invocation.deadline.looks_end:
        shown = invocation.wanted.look()
        if shown is not None:
            is_held = shown.resource.physical_id == answered.arn
            has_failed = shown.stack == "UPDATE_FAILED"
            is_lost = not is_held or shown.stack == "UPDATE_ROLLBACK_FAILED"
            # RollbackStack comes back to what a kept session replaced.
            is_lost = is_lost or (has_failed and is_kept)
            is_over = not is_lost and (has_failed or shown.is_settled)
            if (is_lost and was_lost) or (is_over and was_over):
                return shown if is_over else None
            was_lost, was_over = is_lost, is_over
        time.sleep(READ_DELAY if was_lost or was_over else _FAR)
    return None


def untag(invocation: Invocation, arn: SessionArn, key: str) -> None:
    """Take a tag that no longer holds from the session that CloudFormation has taken over."""
    try:
        until_clear(lambda: sessions.untag(arn, [key]), invocation.termination_budget())
    except ServiceError as error:
        invocation.log_fields["notUntagged"] = str(error)
