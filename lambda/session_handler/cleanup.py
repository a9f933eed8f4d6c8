"""What nobody will clean up, and an Update ends after its answer: rule 13."""

from __future__ import annotations

import time
from collections.abc import Sequence

from session_handler import ending
from session_handler.errors import ServiceError
from session_handler.identity import SessionArn
from session_handler.invocation import Invocation
from session_handler.retry import RetryBudget
from session_handler.search import Search
from session_handler.sessions import Session

# For so long an Update looks for what others have left, before it answers.
_SEARCH_SECONDS = 60.0


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
    spared = SessionArn.parse(invocation.request.physical_id)
    elsewhere = spared is not None and spared.application_id != answered.application_id
    if elsewhere and invocation.wanted.rollback_is_certain():
        spared = None
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
            known = session.arn in (answered, spared) or session.held_arn == answered.arn
            if not known and not session.is_retained:
                found.append(session.arn)
    except ServiceError as error:
        invocation.log_fields["searchNotFinished"] = str(error)
    return found


def before(invocation: Invocation, given: Session | None) -> list[SessionArn]:
    """What the given session replaced, or its successor: the clean-up never came."""
    if given is None or given.replaces is None:
        return []
    replaced, owner = given.replaces, invocation.request.owner
    try:
        session = invocation.find(replaced)
        if session is not None and session.is_live:
            found = [session]
        elif invocation.request.is_kept_alive:
            search = Search(
                invocation, [replaced.application_id], invocation.retry_budget(), made_like=given
            )
            found = [s for s in search.owned() if s.held_arn == replaced.arn]
        else:
            return []
    except ServiceError as error:
        invocation.log_fields["notFound"] = str(error)
        return []
    return [s.arn for s in found if owner.owns(s.tags) and not s.is_retained]


def end(invocation: Invocation, left: Sequence[SessionArn]) -> None:
    """End what CloudFormation no longer holds, and no clean-up will."""
    for arn in left:
        resource = invocation.stack.resource_with_retries()
        if resource is None or resource.physical_id == arn.arn:
            continue
        try:
            ending.end(arn, invocation.termination_budget())
        except ServiceError as error:
            invocation.log_fields["notEnded"] = str(error)


def end_for_earlier_delivery(invocation: Invocation, given: Session | None) -> None:
    """Of an Update that fails: an earlier delivery may have answered, and died then.

    CloudFormation then holds neither the given session nor what that replaced, nor one whose
    rollback comes back to that.
    """
    if given is None or given.replaces is None:
        return
    resource = invocation.stack.resource_with_retries()
    if resource is None or resource.physical_id in (given.arn.arn, given.replaces.arn):
        return
    held = invocation.find_again(SessionArn.parse(resource.physical_id))
    back = held.replaces if held else None
    left = before(invocation, given)
    end(invocation, [arn for arn in left if back not in (arn, given.replaces)])
