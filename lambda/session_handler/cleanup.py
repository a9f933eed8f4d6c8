"""What nobody will clean up, and an Update ends after its answer: rule 13."""

import time
from collections.abc import Sequence

from session_handler import after_answer
from session_handler.errors import ServiceError
from session_handler.identity import SessionArn
from session_handler.invocation import Invocation
from session_handler.retry import RetryBudget, insist
from session_handler.search import Search
from session_handler.sessions import Session
from session_handler.stack import READ_DELAY, StackView

# For so long an Update looks for what others have left, before it answers.
_SEARCH_SECONDS = 60.0
# How many sessions are looked at that one another have replaced.
_LONGEST_CHAIN = 3


def by_others(
    invocation: Invocation, given: Session | None, answered: SessionArn, rolls_back: bool
) -> list[SessionArn]:
    """In a rollback, owned sessions that neither side of it knows.

    The Update succeeds whether or not the search does.
    """
    if not rolls_back:
        shown = invocation.wanted.look()
        rolls_back = shown is not None and shown.is_rolling_back
    if not rolls_back:
        return []
    # Its clean-up ends the given one; elsewhere a deletion before that wouldn't find it.
    undone = SessionArn.parse(invocation.request.physical_id)
    elsewhere = undone is not None and undone.application_id != answered.application_id
    ends_undone = elsewhere and invocation.wanted.rollback_is_certain()
    ends_at = min(invocation.deadline.work_ends(), time.time() + _SEARCH_SECONDS)
    search = Search(
        invocation,
        invocation.request.application_ids(),
        RetryBudget(lambda: ends_at),
        made_like=given,
    )
    found: list[SessionArn] = []
    try:
        for session in search.owned():
            if session.arn == undone:  # under RETAIN its mark goes with the Update
                is_left = ends_undone and not (session.is_retained and invocation.request.retains)
            else:
                is_known = session.arn == answered or session.held_arn == answered.arn
                is_left = not is_known and not session.is_retained
            if is_left:
                found.append(session.arn)
    except ServiceError as error:
        invocation.log_fields["searchNotFinished"] = str(error)
    has_others = any(arn != undone for arn in found)
    # Another delivery may be answered, and the next Update's session in the list.
    return [] if has_others and invocation.wanted.next_one_has_begun() else found


def before(invocation: Invocation, given: Session | None) -> list[SessionArn]:
    """What the given session replaced, and that before, or a successor: no clean-up came."""
    if given is None or given.replaces is None:
        return []
    found: list[Session] = []
    try:
        arn: SessionArn | None = given.replaces
        for _ in range(_LONGEST_CHAIN):
            session = invocation.find(arn)
            arn = session.replaces if session else None
            if session and session.is_live:
                found.append(session)
        if not found and invocation.request.is_kept_alive:
            search = Search(
                invocation,
                [given.replaces.application_id],
                invocation.retry_budget(),
                made_like=given,
            )
            found = [s for s in search.owned() if s.held_arn == given.replaces.arn]
    except ServiceError as error:
        invocation.log_fields["chainNotFollowed"] = str(error)
    owner = invocation.request.owner
    return [s.arn for s in found if owner.owns(s.tags) and not s.is_retained]


def end(invocation: Invocation, left: Sequence[SessionArn]) -> None:
    """End what CloudFormation no longer holds, and no clean-up will."""
    for arn in left:
        time.sleep(READ_DELAY)  # an older answer may be from before a rollback
        resource = invocation.stack.resource_with_retries()
        if resource is None or resource.physical_id == arn.arn:
            continue
        try:
            invocation.end(arn, invocation.termination_budget())
        except ServiceError as error:
            invocation.log_fields["notEnded"] = str(error)


def end_for_earlier_delivery(invocation: Invocation, given: Session | None) -> None:
    """Of an Update that fails: an earlier delivery may have answered, and died then."""
    if given is None or given.replaces is None:
        return
    invocation.wanted.wait_for_a_new_read()
    shown = insist(invocation.wanted.look, READ_DELAY)
    if shown is not None:
        end(invocation, _left_by_earlier_delivery(invocation, given, given.replaces, shown))


def _left_by_earlier_delivery(
    invocation: Invocation, given: Session, replaced: SessionArn, shown: StackView
) -> list[SessionArn]:
    """What CloudFormation doesn't hold, and no rollback may come back to.

    From the given session only a rollback that isn't over comes back. It never comes back to the
    given one from what that replaced.
    """
    held_arn = SessionArn.parse(shown.resource.physical_id)
    if held_arn == given.arn:
        left = before(invocation, given)
        is_over = not left or shown.is_settled or after_answer.settled(invocation, given.arn)
        return left if is_over else []
    undone = [] if given.is_retained and invocation.request.retains else [given.arn]
    if held_arn == replaced:
        return undone
    held = invocation.find_again(held_arn)
    if held is not None and held.held_arn == replaced.arn:
        return undone
    back = held.replaces if held else None
    return [arn for arn in before(invocation, given) if back not in (arn, replaced)]
