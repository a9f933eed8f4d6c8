"""The invariants that must hold whenever the world is at rest."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from enum import StrEnum

from .clock import FOREVER
from .cloudformation import Request
from .network import Invocation
from .service import VERY_SLOW_SECONDS, Session
from .world import HELD_TAG, LOGICAL_TAG, RETAINED_TAG, World

HOLDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
EMPTY = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE")
SEARCH_SECONDS = 30.0
"""For so long the handler searches for what isn't listed yet."""
MEMORY_SECONDS = 180.0
"""So long after its first delivery Lambda delivers an event for the last time."""
ASKED = 3
"""So often the handler asks CloudFormation what it holds. No answer: it can't reach it."""


class Left(StrEnum):
    """Why a session may be left: the rows of docs/what-can-be-left.md, in their words."""

    RETAINED = "The session has a removal policy of `RETAIN`."
    MARKED = (
        "The policy is `RETAIN`, and the function dies after its mark on the session, before "
        "CloudFormation shows its answer."
    )
    DIED = "All three deliveries of a request die: Lambda delivers an event again twice."
    NOT_LISTED = (
        "ListSessions doesn't show the session for more than half a minute, while something "
        "searches for it."
    )
    FORGOTTEN = "The service forgets a client token within two minutes of a function's death."
    BLIND = (
        "The function can't reach CloudFormation's API (a VPC without a way there), or it lost its "
        "permissions."
    )


DECLARED_AGAIN_SECONDS = 15.0
"""So long an answer that got none itself delays the first look after it."""
SHOWN_SECONDS = 60.0
"""What an answer says may be so old: a session can end after the last look at it."""


class InvariantViolation(AssertionError):
    """Invariants that don't hold."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("; ".join(found))
        self.found = found


def check(world: World) -> Counter[str]:
    """All invariants. Call it when nothing moves. Gives the excuses that were made, counted."""
    found = list(world.broken)
    excuses: Counter[str] = Counter()
    found += [f"raised: {raised}" for raised in world.function.raised if raised[:4] != "Tick"]
    found += [f"ran into the function's limit: {name}" for name in world.function.cut_off]
    found += _answers(world)
    found += _foreign(world)
    found += _rollbacks(world, excuses)
    found += _ended(world, excuses)
    if world.stack.status in (*HOLDING, *EMPTY):
        found += _left(world, excuses)
    if found:
        raise InvariantViolation(found)
    return excuses


def _answers(world: World) -> list[str]:
    found = []
    blind = world.reaches_cloudformation != "answers"
    for request in world.stack.requests:
        # Lambda delivers an event again minutes after a death.
        died_late = request.deaths > 0 and _starts_very_slowly(world)
        excused = request.died_for_good or died_late or (request.delivered_late and blind)
        if request.timed_out and not excused:
            found.append(f"not answered in time: {request.name}")
        if request.answered_at is None and not world.puts[request.name] and not excused:
            found.append(f"never answered: {request.name}")
        if request.status == "FAILED" and not request.deaths and not request.delivered_late:
            cause = _cause(world, request)
            if cause is None:
                found.append(f"failed without a cause: {request.name}: {request.reason}")
        if request.succeeded and request.kind != "Delete":
            session = world.session(request.physical_id)
            answered_at = request.answered_at or 0.0
            waits = request.event["ResourceProperties"].get("WaitUntilReady") != "false"
            if session is None:
                found.append(f"answered with no session: {request.name}: {request.physical_id}")
            elif waits and (session.ended_at or FOREVER) < answered_at - SHOWN_SECONDS:
                found.append(f"answered with a session that was over: {request.name}")
            elif waits and answered_at < (session.usable_at or session.ended_at or FOREVER):
                found.append(f"answered with a session that isn't usable: {request.name}")
            elif request.data.get("Arn") != request.physical_id:
                found.append(f"answered with other data: {request.name}: {dict(request.data)}")
    return found


NOT_FOUND_SECONDS = 60.0
_CAUSES = ("refused", "quota", "conflict")


def _cause(world: World, request: Request) -> str | None:
    """Why a request may have failed; None where nothing explains it."""
    met = world.network.met
    if request.kind == "Delete":
        return next((m for m in met if m.startswith("TerminateSession: ") and met[m] > 9), None)
    if any(f"StartSession: {cause}" in met for cause in _CAUSES) or "TagResource: refused" in met:
        return "refused"
    if any(times > 9 for what, times in met.items() if not what.startswith("Describe")):
        return "something went wrong for minutes"
    if world.service.start_seconds is not None or world.service.get_lag > NOT_FOUND_SECONDS:
        return "a test makes starts slow, or hides what was started"
    if any(s.ended_by == "itself" or s.state == "FAILED" for s in world.own()):
        return "a session ended by itself"
    took = (request.answered_at or FOREVER) - request.sent_at
    if _starts_very_slowly(world) and took > VERY_SLOW_SECONDS - 60.0:
        return "a start took longer than the function's time"
    if world.reaches_cloudformation != "answers":
        return "no way to CloudFormation"
    if any(a.state != "STARTED" for a in world.service.applications.values()):
        return "an application is not started"
    return None


def _starts_very_slowly(world: World) -> bool:
    return "very slow" in world.choices.deviations.values()


def _foreign(world: World) -> list[str]:
    found = []
    for arn in world.foreign:
        session = world.service.sessions[arn]
        if arn not in world.copied and not session.is_live:
            found.append(f"a foreign session was ended: by {session.ended_by}")
        if any(r.physical_id == arn for r in world.stack.resources.values()):
            found.append(f"a foreign session was adopted: {arn}")
        if arn in world.parameters.values():
            found.append(f"the parameter names a foreign session: {arn}")
    return found


def _rollbacks(world: World, excuses: Counter[str]) -> list[str]:
    """A rollback comes back to the very session that it left, if that lives."""
    found = []
    for logical_id, before, request in world.stack.rolled_back:
        session = world.session(before)
        if session is None or request.physical_id == before:
            continue
        wanted = request.event["ResourceProperties"]
        asked = (session.parameters["name"], session.application_id)
        if asked != (wanted["Name"], wanted["ApplicationId"]):
            continue  # with rollback switched off, an earlier failure left another one
        if session.ended_by == "itself" or session.state == "FAILED":
            continue
        if _was_blind(world, logical_id):
            excuses["another session after a rollback: no way to CloudFormation's API"] += 1
        else:
            found.append(f"a rollback came back to another session: {logical_id} {request.name}")
    return found


def _ended(world: World, excuses: Counter[str]) -> list[str]:
    """No session that a stack holds, or that RETAIN keeps, was ended by the handler."""
    found = []
    for resource in world.stack.resources.values():
        session = world.session(resource.physical_id)
        if session is None or (resource.status or "").startswith(("DELETE", "CREATE_FAILED")):
            continue  # a Create that failed answers with the session that it has ended
        if resource.exists:
            found += _ended_session(world, session, "held", excuses)
    for arn in world.stack.let_go:
        found += _ended_session(world, world.service.sessions[arn], "retained", excuses)
    return found


def _ended_session(world: World, session: Session, what: str, excuses: Counter[str]) -> list[str]:
    if session.ended_by in (None, "itself"):
        return []
    if world.reaches_cloudformation != "answers" and _came_late(world, session.ended_by):
        excuses[f"ended, though {what}: a late Delete, and no way to CloudFormation's API"] += 1
        return []
    return [f"{what} and ended: {session.arn[-6:]} by {session.ended_by}"]


def _came_late(world: World, invocation: str) -> bool:
    """Whether a Delete of no session's id was delivered late, or again."""
    name = re.split("['#]", invocation)[0]
    request = next((r for r in world.stack.requests if r.name == name), None)
    if (
        request is None
        or request.kind != "Delete"
        or world.session(request.event["PhysicalResourceId"])
    ):
        return False
    return name != invocation or request.delivered_late


def _requests(world: World, session: Session) -> list[Request]:
    logical_id = session.tags.get(LOGICAL_TAG)
    return [r for r in world.stack.requests if r.logical_id == logical_id]


def _left(world: World, excuses: Counter[str]) -> list[str]:
    """No session lives that a stack doesn't hold; of the successors of one that is over, one."""
    found = []
    held = {r.physical_id for r in world.stack.resources.values() if r.exists}
    kept = world.stack.let_go | world.stack.either
    unfinished = {i for r in world.stack.resources.values() for i, _ in r.unfinished}
    successors: dict[str, list[float]] = defaultdict(list)
    for session in world.own():
        if session.is_live and session.arn in kept - held:
            excuses[f"left: {Left.RETAINED}"] += 1
        if not session.is_live or session.arn in held | kept | unfinished:
            continue
        place = session.tags.get(HELD_TAG)
        if {session.arn, place} & world.stack.outlived.keys() and world.stack.status in HOLDING:
            excuses["left until the next update of the session: no end of the last one seen"] += 1
            continue
        if place is not None and place in kept | unfinished:
            continue
        holder = world.session(place)
        if place in held and holder is not None and not holder.is_live:
            successors[str(place)].append(session.created_at)
            continue
        reason = _excuse_by_time(world, session) or excuse(world, session)
        if reason is None:
            found.append(f"left: {session.arn[-6:]} of {session.started_in}")
        else:
            excuses[f"left: {reason}"] += 1
    for place, started in successors.items():
        if len(started) > 1 and world.service.list_lag > SEARCH_SECONDS:
            excuses[f"left: {Left.NOT_LISTED}"] += 1
        elif len(started) > 1:
            found.append(f"two successors: of {place[-6:]}")
    return found


def _excuse_by_time(world: World, session: Session) -> str | None:
    """Why the function couldn't see in time that nobody else would end the session."""
    request = _request_of(world, session)
    if request is None:
        return None
    if _was_late(world, request) and _starts_very_slowly(world):
        return "until the deletion: the next update outlived a late one's function"
    if _was_declared_again(world, session, request):
        return "retained, cancelled as its answer was lost, and declared again"
    if _had_no_time_left(world, session, request):
        return "retained, and no time left after a very slow start and two deaths"
    return None


def _was_late(world: World, request: Request) -> bool:
    """Whether Lambda delivered it late, or again after CloudFormation had cancelled it."""
    began = max(i.started_at for i in _invocations(world, request))
    return request.delivered_late or began > (request.cancelled_at or FOREVER)


def _was_declared_again(world: World, session: Session, request: Request) -> bool:
    """Whether CloudFormation shows the same as when RETAIN had kept the session.

    The answer had to be sent again, so nothing could be asked sooner.
    """
    was_sent_again = any(i.calls["PUT"] > 1 for i in _invocations(world, request))
    if session.tags.get(RETAINED_TAG) != "true" or not was_sent_again:
        return False
    since = request.cancelled_at or FOREVER
    return any(
        r.kind == "Create" and since <= r.sent_at < since + DECLARED_AGAIN_SECONDS
        for r in _requests(world, session)
    )


def _had_no_time_left(world: World, session: Session, request: Request) -> bool:
    """Whether the third delivery looked once, when CloudFormation was about to give up (RETAIN)."""
    was_late = request.deaths > 1 and _starts_very_slowly(world)
    third = _invocations(world, request)[-1]
    return _was_skipped(world, session) and was_late and third.calls["ListSessions"] == 1


def _was_skipped(world: World, session: Session) -> bool:
    """Whether its resource went without a Delete (RETAIN)."""
    return world.stack.resources[session.tags[LOGICAL_TAG]].status == "DELETE_SKIPPED"


def _invocations(world: World, request: Request) -> list[Invocation]:
    """The deliveries of a request, in their order."""
    return [i for i in world.function.invocations if i.event == request.event]


def excuse(world: World, session: Session) -> Left | None:
    """Why nobody can end this session."""
    requests = _requests(world, session)
    if session.tags.get(RETAINED_TAG) == "true":
        started = _request_of(world, session)
        if started is not None and started.deaths:
            return Left.MARKED
    if any(r.died_for_good for r in requests):
        return Left.DIED
    # No Delete could end it when the list shows it: under RETAIN none comes, nor does one for a
    # resource that was gone before the stack, and others search where the resource's sessions are.
    searched = requests[-1].event["ResourceProperties"]["ApplicationId"]
    deleted_at = max((at for at, s in world.stack.history if s == "DELETE_IN_PROGRESS"), default=0)
    was_gone = requests[-1].sent_at < deleted_at
    is_elsewhere = session.application_id != searched
    is_past = _was_skipped(world, session) or was_gone or is_elsewhere
    lag = world.service.longest_list_lag if is_past else world.service.list_lag
    if lag > SEARCH_SECONDS:
        return Left.NOT_LISTED
    # Whoever waits for a slow start may die long after it, and the token is as old then.
    age = MEMORY_SECONDS + (VERY_SLOW_SECONDS if _starts_very_slowly(world) else 0.0)
    if world.service.token_memory < age and any(r.deaths for r in requests):
        return Left.FORGOTTEN
    return Left.BLIND if _was_blind(world, session.tags.get(LOGICAL_TAG)) else None


def _was_blind(world: World, logical_id: str | None) -> bool:
    """Whether CloudFormation has told some invocation for the resource nothing."""
    return world.reaches_cloudformation != "answers" or any(
        (i.without_route > 1 or i.most_silent >= ASKED)
        and i.event["LogicalResourceId"] == logical_id
        for i in world.function.invocations
    )


def _request_of(world: World, session: Session) -> Request | None:
    """The request that a session was started for; None where a schedule started it."""
    return next(
        (r for r in world.stack.requests if session.token in world.tokens[r.event["RequestId"]]),
        None,
    )
