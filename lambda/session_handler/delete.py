"""Delete: rules 14 to 16."""

import random
import time
from collections.abc import Callable

from session_handler import names, reasons, served_stacks, sessions, wait
from session_handler.errors import Failure, Refused, ServiceError
from session_handler.identity import SessionArn, TokenId
from session_handler.invocation import Invocation, Outcome
from session_handler.retry import RetryBudget, until_clear
from session_handler.search import LIST_DELAY, Search, listed
from session_handler.sessions import Session
from session_handler.stack import READ_DELAY

_PAUSE = 10.0
# For so long a Delete tries to see what it ends, before it does.
_LOOK_SECONDS = 20.0


def delete(invocation: Invocation) -> Outcome:
    """End what the id names, and what else this resource left; then stop the application."""
    physical_id = invocation.request.physical_id or "none"
    arn, token = SessionArn.parse(physical_id), TokenId.parse(physical_id)
    try:
        if arn is not None:
            _delete_session(invocation, arn)
        else:
            _delete_unknown(invocation, token)
    except Exception as error:  # noqa: BLE001 - answered, whatever it is
        reason = invocation.reason(error)
        if arn is not None or (token is not None and token.application_id is not None):
            return Outcome(physical_id, failure=reason)
        # Most likely nothing was started, and FAILED would make a stack that can't be deleted.
        return Outcome(physical_id)
    try:
        _stop_applications(invocation, arn)
    except ServiceError as error:
        invocation.log_fields["applicationNotStopped"] = str(error)
    return Outcome(physical_id)


def _delete_session(invocation: Invocation, arn: SessionArn) -> None:
    """Rule 14."""
    for_good = _goes_for_good(invocation)
    kept_alive = invocation.request.is_kept_alive
    # Of a session that was over, a schedule may have started a successor. The properties don't
    # tell of a schedule that an update without rollback has removed since.
    was_over = (kept_alive or not for_good) and _is_over(invocation, arn)
    ended = None
    is_there = invocation.end(arn)
    if not is_there and for_good:  # it may have been started seconds ago
        time.sleep(LIST_DELAY)
        is_there = invocation.end(arn)
    if is_there:
        ended = wait.until_over(invocation, arn)
    if not for_good:
        invocation.wanted.wait_for_a_new_read()
        for_good = _goes_for_good(invocation)
    if not for_good and not was_over and not kept_alive:
        return
    replaced = ended.replaces if ended else None

    def is_left(session: Session) -> bool:
        if session.is_retained:
            return False
        is_successor = session.held_arn == arn.arn
        if for_good:
            # Neither this nor what the ended one has replaced is of a Create that began meanwhile.
            is_old = is_successor or session.arn == replaced
            return _may_be_ended(invocation, session, for_good=not is_old, unanswered=False)
        return is_successor and _may_be_ended(invocation, session, for_good=False, unanswered=True)

    renewed = was_over and kept_alive  # maybe seconds ago
    try:
        # With rollback switched off nothing may have ended these, and they may be elsewhere.
        earlier = invocation.find(replaced) if for_good else None
        others = [a.application_id for a in (replaced, earlier and earlier.replaces) if a]
        named = [arn.application_id, *invocation.request.application_ids(), *others]
        search = Search(invocation, named, invocation.retry_budget(), made_like=ended)
        _end_each(invocation, search, is_left, seconds=LIST_DELAY if renewed else 0.0)
    except ServiceError as error:
        raise Failure(reasons.not_searched(invocation.request, error)) from None


def _is_over(invocation: Invocation, arn: SessionArn) -> bool:
    """Whether a session has surely ended already."""
    ends_at = time.time() + _LOOK_SECONDS
    try:
        session = invocation.find(arn, RetryBudget(lambda: ends_at))
    except ServiceError:
        return False
    return session is None or not session.is_live


def _delete_unknown(invocation: Invocation, token: TokenId | None) -> None:
    """Rule 15: no ARN came of the Create, but a session may have, or still may."""
    application_ids = invocation.request.application_ids()
    if token and token.application_id:
        application_ids.insert(0, token.application_id)
    invocation.has_waited_for_iam = bool(token and not token.application_id)  # in the Create
    search = Search(invocation, application_ids, invocation.retry_budget())
    if token and not token.application_id:
        wanted = token.client_token
        _end_each(invocation, search, lambda s: s.client_token == wanted and not s.is_retained)
        return

    def is_left(session: Session) -> bool:
        own = token is not None and session.client_token == token.client_token
        # A made-up id is that of a cancelled Create, and names no token.
        return not session.is_retained and _may_be_ended(
            invocation, session, for_good=not own, unanswered=own or token is None
        )

    _end_each(invocation, search, is_left, seconds=LIST_DELAY if application_ids else 0.0)


def _end_each(
    invocation: Invocation,
    search: Search,
    is_left: Callable[[Session], bool],
    seconds: float = 0.0,
) -> None:
    """End what a search finds, as it finds it, and wait until it is over; again for so long."""
    began = time.time()
    while True:
        ended, not_ended = [], None
        for session in search.owned():
            if not is_left(session):
                continue
            try:
                if invocation.end(session.arn):
                    ended.append(session.arn)
            except ServiceError as error:  # the others end all the same
                not_ended = reasons.not_ended(invocation.request, error, session.arn.arn)
        for arn in ended:
            wait.until_over(invocation, arn)
        if not_ended:
            raise Failure(not_ended)
        if time.time() - began >= seconds:
            return
        time.sleep(_PAUSE)


def _goes_for_good(invocation: Invocation) -> bool:
    """Whether the resource itself is deleted, not a session that was replaced."""
    resource = invocation.stack.resource_with_retries()
    return (
        resource is not None
        and resource.status == "DELETE_IN_PROGRESS"
        and resource.physical_id == invocation.request.physical_id
    )


def _may_be_ended(
    invocation: Invocation, session: Session, *, for_good: bool, unanswered: bool
) -> bool:
    """Whether CloudFormation holds another session, asked twice; ``unanswered`` if it says nothing.

    With ``for_good`` the resource itself has to be on its way out.
    """
    invocation.wanted.wait_for_a_new_read()
    for again in (True, False):
        resource = invocation.stack.resource_with_retries()
        if resource is None:
            if not unanswered:
                return False
        elif resource.physical_id == session.arn.arn or (
            for_good and not resource.is_being_deleted
        ):
            return False
        if again:
            time.sleep(READ_DELAY)
    return True


def _stop_applications(invocation: Invocation, arn: SessionArn | None) -> None:
    """Rule 16: an application that is STARTED can't be deleted."""
    if not invocation.request.stops_application:
        return
    if served_stacks.refusal(invocation.request.owner.stack_id) is not None:
        return  # it may not, and waiting for IAM is no use
    if arn:
        invocation.has_waited_for_iam = True
    named = [arn.application_id] if arn else invocation.request.application_ids()
    resource = invocation.stack.resource_with_retries()
    held = SessionArn.parse(resource.physical_id) if resource else None
    if held not in (None, arn):  # it may not be listed yet
        named = [n for n in named if n != held.application_id]
    for application_id in named:
        while _is_to_be_stopped(invocation, application_id) and not invocation.deadline.is_over:
            time.sleep(random.uniform(3.0, 5.0))


def _is_to_be_stopped(invocation: Invocation, application_id: str) -> bool:
    """Stop the application, if nothing runs there; whether there is something to wait for."""
    budget = invocation.retry_budget()
    if next(listed(application_id, names.LIVE_STATES, budget), None):
        return False  # others work there; whoever ends the last session stops it
    if next(listed(application_id, ("TERMINATING",), budget), None):
        return True
    application = until_clear(lambda: sessions.application(application_id), budget)
    state = application.get("state")
    invocation.log_fields["applicationState"] = state
    if state == "STARTED":
        try:
            until_clear(lambda: sessions.stop_application(application_id), budget)
        except Refused as error:  # gone, or a job runs there: not ours to cut off
            invocation.log_fields["applicationNotStopped"] = str(error)
            return False
    return state in ("STARTED", "STARTING", "STOPPING")
