"""A world for one test: operations, expected faults, and all invariants."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from .choices import ExpectedFaults, Fault
from .cloudformation import Request
from .schedule import Operation, Rest, delete_in_calm, rest, step
from .world import Level, World, world


@contextlib.contextmanager
def lab(plan: dict[str, str] | None = None, level: Level = "operations") -> Iterator[World]:
    """A world in which nothing goes wrong but what is expected; checked at the end.

    Args:
        plan: What the world is like where it isn't calm: choices by name, such as
            ``{"world list lag": "20", "delivery of Create.1": "late 45"}``.
        level: Whether the handler's calls go through botocore.
    """
    with world(ExpectedFaults(world=plan or {}), level) as here:
        yield here
        rest(here)
        delete_in_calm(here)


def do(here: World, *operations: Operation) -> str:
    """Perform operations one after the other; gives the status of the stack then."""
    for operation in operations:
        if isinstance(operation, Rest):
            rest(here)
        else:
            step(here, operation)
    return str(here.stack.status)


def expect(here: World, *faults: Fault) -> None:
    """Let these faults happen from now on, and no others."""
    assert isinstance(here.choices, ExpectedFaults)
    here.choices.expect(*faults)


def last(here: World, kind: str) -> Request:
    """The newest request of a kind."""
    return next(r for r in reversed(here.stack.requests) if r.kind == kind)


def unsolicited(here: World, kind: str, **event: Any) -> Request:
    """A request that CloudFormation sends whatever the stack is like; gives it when it rests."""
    number = len(here.stack.requests) + 1
    request = Request(
        number,
        {
            "RequestType": kind,
            "RequestId": f"request-{number}",
            "StackId": here.stack_id,
            "LogicalResourceId": "Session",
            "ResponseURL": f"{here.response_url}/{number}",
            **event,
        },
        here.clock.now(),
    )
    here.stack.requests.append(request)
    here.function.deliver(request)
    here.clock.run()
    return request
