"""What must hold once nothing moves any more, whatever happened."""

from __future__ import annotations

from collections import Counter

from emr_serverless_local.sessions.session import Session
from session_handler.identity import HELD_ARN_TAG, LOGICAL_ID_TAG, SessionArn

from .cloudformation import SERVICE_TIMEOUT_GRACE, Request
from .framework import CREATE_FAILED
from .world import World

HOLDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
# How long the Delete of a cancelled Create looks for what that Create may have started.
WATCHED_SECONDS = 200.0
EMPTY = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE")


def check(world: World) -> Counter[str]:
    """All invariants. Call it when the agenda is empty. Gives the excuses that were made."""
    excuses: Counter[str] = Counter()
    assert world.broken == []
    _every_request_was_answered_in_time(world)
    if world.stack.status not in (*HOLDING, *EMPTY):
        return excuses  # a user has to act first
    held = {r.physical_id for r in world.stack.resources.values()}
    expected = held | {current(world, arn) for arn in held}
    live = set(world.live())
    for arn in live - expected:
        reason = excuse(world, arn)
        assert reason, f"the stack doesn't hold {arn}"
        excuses[f"left: {reason}"] += 1
    for arn in held - live:
        assert SessionArn.parse(arn) is not None, f"the stack holds {arn}, which is no session"
        if arn in world.ended_by_handler:
            assert _overtaken(world, _session(world, arn)), f"{arn} was ended and is still held"
            excuses["ended: by an Update that a later one had overtaken"] += 1
    return excuses


def current(world: World, held: str) -> str:
    """The session that a stack means by the one it holds: its live successor, if that is over."""
    live = world.live()
    if held in live:
        return held
    successors = [s.arn for s in world.service.sessions() if s.tags.get(HELD_ARN_TAG) == held]
    return next((arn for arn in successors if arn in live), held)


def excuse(world: World, arn: str) -> str | None:
    """Why nobody can end this session: docs/what-can-be-left.md lists all the reasons."""
    session = _session(world, arn)
    token = session.request["clientToken"]
    logical_id = session.tags[LOGICAL_ID_TAG]
    if token in world.lost_tokens:
        return "on_event of its Create was killed"
    for name, physical_id in world.stack.abandoned:
        if name == logical_id and (physical_id == arn or SessionArn.parse(physical_id) is None):
            return "its clean-up failed"
        if name == logical_id and physical_id == session.tags.get(HELD_ARN_TAG):
            return "the clean-up of the session in whose place it runs failed"
    request = next(
        (r for r in world.stack.requests if token in world.tokens[r.event["RequestId"]]), None
    )
    if request is None:  # a schedule started it
        return _taken_over_late(world, logical_id)
    answered = request.answered_at if request.answered_at is not None else float("inf")
    unlisted_until = session.created_at + world.network.longest_lag
    if request.event["RequestType"] == "Create":
        marked = request.response is not None and request.response.physical_id == CREATE_FAILED
        if marked and unlisted_until > answered:
            return "its Create's second delivery was refused while it was not listed yet"
        waited = request.cancelled_at is not None and request.cancelled_at + WATCHED_SECONDS
        if session.created_at > min(answered, waited or answered):
            return "its Create came to the service after the answer, or after the Delete's watch"
        return None
    over = min(answered, request.cancelled_at or answered)
    if session.created_at > over:
        return "its Update was cancelled before anything had started, and went on"
    counted = request.succeeded and answered <= over
    if world.stack.deleted_in_failed_rollback and not counted:
        return "its Update failed, the rollback too, and the stack was deleted"
    if unlisted_until > over:
        return "its Update was undone while it was not listed yet"
    return None


def _taken_over_late(world: World, logical_id: str) -> str | None:
    for update in _updates_of(world, logical_id):
        if update.answered_at is not None and max(update.deliveries) > update.answered_at:
            return "an Update that was delivered again after its answer took it for its own"
    return None


def check_rollback(world: World, held_before: dict[str, str]) -> None:
    """A rollback returns the very session that it left, if that lives."""
    for logical_id, arn in held_before.items():
        if (
            _session(world, arn).created_at
            > _asked_back(world, logical_id) - world.network.list_lag
        ):
            continue  # it wasn't listed when the rollback looked for it, and so not found again
        left = world.state(arn)
        if left in ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY"):
            assert current(world, world.stack.resources[logical_id].physical_id) == arn
        else:
            ended = arn in world.ended_by_handler and not _overtaken(world, _session(world, arn))
            assert not ended, f"the rollback ended {arn}, which it was to return to"


def _overtaken(world: World, session: Session) -> bool:
    """Whether an Update of its resource was delivered, or delivered again, after a later one.

    It can't be told from a new one then, and takes what the later one started for a stray.
    """
    updates = _updates_of(world, session.tags[LOGICAL_ID_TAG])
    return any(r.was_overtaken_by(later) for r in updates for later in updates if later is not r)


def _asked_back(world: World, logical_id: str) -> float:
    """When the rollback asked for what was there before; never, where it didn't have to."""
    updates = _updates_of(world, logical_id)
    return updates[-1].sent_at if updates else float("inf")


def _updates_of(world: World, logical_id: str) -> list[Request]:
    return [
        r
        for r in world.stack.requests
        if (r.event["RequestType"], r.event["LogicalResourceId"]) == ("Update", logical_id)
    ]


def _session(world: World, arn: str) -> Session:
    return next(s for s in world.service.sessions() if s.arn == arn)


def _every_request_was_answered_in_time(world: World) -> None:
    for request in world.stack.requests:
        assert request.answered_at is not None, f"the {request.name} was never answered"
        took = request.answered_at - request.sent_at
        longest = world.framework.total_timeout + SERVICE_TIMEOUT_GRACE
        assert took <= longest, f"the {request.name} took {took:.0f} s"
