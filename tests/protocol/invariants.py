"""What must hold once nothing moves any more, whatever happened."""

from __future__ import annotations

from .cloudformation import SERVICE_TIMEOUT_GRACE
from .world import World

HOLDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE")
EMPTY = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE")


def check(world: World) -> None:
    """All invariants. Call it when the agenda is empty."""
    assert world.broken == []
    _every_request_was_answered_in_time(world)
    if world.stack.status in HOLDING:
        for logical_id, resource in world.stack.resources.items():
            _exactly_what_is_held_lives(world, logical_id, resource.physical_id)
        known = set(world.stack.resources)
    elif world.stack.status in EMPTY:
        known = set()
    else:
        return  # a user has to act first
    lost = world.lost_tokens
    for session in world.service.sessions():
        if session.arn in world.live() and session.request["clientToken"] not in lost:
            owner = session.tags["emr-serverless-session:logical-id"]
            assert owner in known, f"{session.arn} outlives its resource {owner}"
    for arn in world.bystanders:
        assert world.state(arn) in ("STARTED", "IDLE", "BUSY") or arn not in world.ended_by_handler


def check_rollback(world: World, held_before: dict[str, str]) -> None:
    """A rollback returns the very session that it left, if that lives."""
    for logical_id, arn in held_before.items():
        left = world.state(arn)
        if left in ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY"):
            assert world.stack.resources[logical_id].physical_id == arn
        else:
            over_by_itself = arn not in world.ended_by_handler
            assert over_by_itself, f"the rollback ended {arn}, which it was to return to"


def _exactly_what_is_held_lives(world: World, logical_id: str, held: str) -> None:
    live = [arn for arn in world.live(logical_id) if _token(world, arn) not in world.lost_tokens]
    assert set(live) <= {held}, f"{set(live) - {held}} of {logical_id} is not held by the stack"
    if held not in live:
        assert held not in world.ended_by_handler, f"{held} was ended and is still held"


def _token(world: World, arn: str) -> str:
    session = next(s for s in world.service.sessions() if s.arn == arn)
    return str(session.request["clientToken"])


def _every_request_was_answered_in_time(world: World) -> None:
    for request in world.stack.requests:
        assert request.answered_at is not None, f"the {request.name} was never answered"
        took = request.answered_at - request.sent_at
        longest = world.framework.total_timeout + SERVICE_TIMEOUT_GRACE
        assert took <= longest, f"the {request.name} took {took:.0f} s"
