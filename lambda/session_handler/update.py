"""Update: rules 9 to 13."""

import time
from collections.abc import Mapping
from functools import partial

from session_handler import after_answer, cleanup, names, sessions, wait
from session_handler.adoption import is_what_is_wanted, may_be_adopted, successors
from session_handler.errors import Failure, NotFound, Refused
from session_handler.identity import SessionArn
from session_handler.invocation import Invocation, Outcome
from session_handler.request import Request
from session_handler.retry import insist
from session_handler.sessions import Session
from session_handler.stack import READ_DELAY, StackView
from session_handler.started_session import StartedSession


def update(invocation: Invocation) -> Outcome:
    """Keep the session, come back to one, or replace it. A failure answers with the old id."""
    request = invocation.request
    old_id = request.physical_id or ""
    given_arn = SessionArn.parse(old_id)
    own = StartedSession(invocation, {names.REPLACES_TAG: given_arn.arn} if given_arn else {})
    given = session = started = None
    try:
        shown = invocation.wanted.look()
        rolls_back = shown is not None and shown.is_rolling_back
        given = invocation.find_again(given_arn)
        found = _kept(request, given)
        if found is None:
            own.is_asked_for = True
            rolls_back = rolls_back and invocation.wanted.still_rolls_back()
            found = _found(invocation, given, rolls_back)
        # It comes back to what it had replaced in a rollback only, however late that was known.
        back = given and given.replaces and given.replaces.arn
        came_back = rolls_back or bool(back and found and back in (found.arn.arn, found.held_arn))
        session = found and _usable(invocation, found)
        if session is not None:
            invocation.wanted.check()
            _set_tags(invocation, session)
            arn = session.arn
        else:
            arn, started = own.run()
        strays = cleanup.by_others(invocation, given, arn, rolls_back)
        own.mark(started)
        _mark(invocation, given, session)
    except Exception as error:  # noqa: BLE001 - whatever it is, what was started ends
        own.end()
        finish = partial(cleanup.end_for_earlier_delivery, invocation, given)
        return Outcome(old_id, failure=invocation.reason(error), afterwards=finish)

    def give_up() -> None:
        if arn != given_arn:
            _let_go(invocation, session)
        own.end()

    def afterwards() -> None:
        was_successor = session and session.held_arn
        was_retained = session and session.is_retained and arn != given_arn
        stays = rolls_back and arn == given_arn  # as a cancelled Update does, delivered again
        releases = given and given.is_retained and not (request.retains or stays)
        released = given if releases else None
        may_leave = strays or (given and given.replaces)
        changes = own.arn or was_successor or was_retained or released
        if not (may_leave or changes or request.retains):
            return
        if not after_answer.taken_over(invocation, arn, give_up):
            return
        replaced = cleanup.before(invocation, given)  # takes time: not before the look
        if was_successor:  # it is nobody's successor from now on
            after_answer.untag(invocation, arn, names.HELD_ARN_TAG)
            own.end_earlier()  # when the successor wasn't listed yet
        if was_retained and not request.retains:
            after_answer.untag(invocation, arn, names.RETAINED_TAG)
        cleanup.end(invocation, strays)
        waits = replaced or (released and request.has_retained)
        settled = after_answer.settled(invocation, arn) if waits and not came_back else None
        if came_back or settled:
            cleanup.end(invocation, [a for a in replaced if a != arn])
        is_final = came_back or (settled and invocation.wanted.is_complete(settled))
        if released and (is_final or not request.has_retained):
            after_answer.untag(invocation, released.arn, names.RETAINED_TAG)

    return Outcome(arn.arn, arn=arn, afterwards=afterwards)


def _kept(request: Request, given: Session | None) -> Session | None:
    """Rules 9 and 11: the session that CloudFormation holds, where it is what is wanted.

    The owner tag says what a session was started with; where somebody removed it, the properties.
    """
    if given is None or not given.is_live:
        return None
    if given.spec is None and not request.changes_spec():
        return given
    return given if is_what_is_wanted(request, given) else None


def _found(invocation: Invocation, given: Session | None, rolls_back: bool) -> Session | None:
    """Rule 11, and the successor of a session that is over: a session to go on with."""
    request = invocation.request
    back = given.replaces if given else None
    before = invocation.find(back)
    is_there = before and before.is_live and may_be_adopted(request, before, given)
    may_come_back = is_there or request.is_kept_alive
    if back and may_come_back and (rolls_back or invocation.wanted.rollback_is_certain()):
        if is_there:
            return invocation.find(back)  # it may have ended meanwhile
        found = successors(invocation, back, given)
        if found:
            return found[0]
    held = SessionArn.parse(request.physical_id)
    if held is None or (given and given.is_live):
        return None
    return next(iter(successors(invocation, held, given)), None)


def _usable(invocation: Invocation, session: Session) -> Session | None:
    """The session once it is usable; None where it ended meanwhile: then another is started."""
    starts = session.state in names.STARTING_STATES
    if session.is_live and not (starts and invocation.request.waits_until_ready):
        return session
    try:
        return wait.until_usable(invocation, session.arn, just_started=False)
    except (Failure, NotFound):
        if invocation.deadline.is_over:
            raise
        return None


def _set_tags(invocation: Invocation, session: Session) -> None:
    """Rule 9."""
    request = invocation.request
    to_set, to_remove = tag_changes(session.tags, request.tags(), request.old_tags())
    if to_set:
        invocation.until_clear_while_wanted(lambda: sessions.tag(session.arn, to_set))
    if to_remove:
        invocation.until_clear_while_wanted(lambda: sessions.untag(session.arn, to_remove))


def tag_changes(
    actual: Mapping[str, str], wanted: Mapping[str, str], before: Mapping[str, str]
) -> tuple[dict[str, str], list[str]]:
    """What to set on a session, and what to take from it, until it has the wanted tags.

    Only what the resource set before is removed: owner tags, ``aws:`` tags and tags that others
    put on the session stay.
    """
    reserved = (names.OWNER_TAG_PREFIX, "aws:")
    gone = [k for k in before if k in actual and k not in wanted]
    return (
        {k: v for k, v in wanted.items() if actual.get(k) != v},
        sorted(k for k in gone if not k.lower().startswith(reserved)),
    )


def _mark(invocation: Invocation, given: Session | None, session: Session | None) -> None:
    """Rule 17: set ``:retained``, also where an earlier Update is about to take it."""
    if not invocation.request.retains:
        return
    mark = {names.RETAINED_TAG: "true"}
    for arn in {s.arn for s in (given, session) if s is not None and s.is_live}:
        try:
            invocation.until_clear_while_wanted(partial(sessions.tag, arn, mark))
        except Refused:
            now = invocation.find(arn)
            if now is not None and now.is_live:  # what is over needs no mark
                raise


def _let_go(invocation: Invocation, session: Session | None) -> None:
    """Rule 8: CloudFormation refused the session that the Update had taken."""
    if session is None or session.is_retained:
        return
    look = invocation.wanted.look
    while (shown := insist(look, READ_DELAY)) and shown.resource.status == "UPDATE_IN_PROGRESS":
        if invocation.deadline.is_over:
            return
        time.sleep(READ_DELAY)  # that Update may take it, too
    if shown is not None and shown.resource.physical_id == session.arn.arn:
        return
    if session.held_arn is not None:
        now = invocation.find(session.arn)
        if now is None or now.held_arn is None:
            return  # it is over, or another Update has adopted it
        if _is_nobodys(invocation.request, now, shown):
            invocation.end(now.arn, invocation.termination_budget())
            return
    if invocation.request.retains:
        after_answer.untag(invocation, session.arn, names.RETAINED_TAG)


def _is_nobodys(request: Request, successor: Session, shown: StackView | None) -> bool:
    """Whether nobody looks for a successor any more: no schedule, no other Update, no Delete."""
    if not request.will_be_kept_alive:
        return True
    if shown is None or not shown.is_settled:
        return False  # the Delete of what it stands for is still to come
    # That Delete has come, and spared this one for its mark.
    return shown.resource.physical_id != successor.held_arn
