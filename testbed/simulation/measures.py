"""The handler's calls to the service, and seconds, of each operation in simulated time.

Each call takes 100 ms. Nothing here depends on the machine that it runs on.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from .choices import Choices
from .lab import do
from .network import Invocation
from .schedule import Create, Delete, Rest, Session, Update
from .service import Rate
from .world import ROLE, SOMEBODY, World, world

DEAD = 10_000
SESSIONS = 25
STARTS = (60.0, 90.0)
"""How long a session takes until it is usable, in seconds."""
TIMES = 200

A, TAGGED, B = Session("a"), Session("a", tag="2"), Session("b")


@dataclass(frozen=True)
class OperationCalls:
    """What one operation on a stack with one session took."""

    operation: str
    foreign: int
    calls: Mapping[str, int]
    seconds: float
    """From the operation's first request to the last answer."""

    @property
    def to_the_service(self) -> int:
        return sum(n for name, n in self.calls.items() if not name.startswith(("Describe", "PUT")))


@contextmanager
def _busy_world(foreign: int, dead: int, first_state: str = "STARTING") -> Iterator[World]:
    """A world whose application has live and dead sessions of somebody else."""
    with world(Choices()) as here:
        starts = random.Random(0)
        here.service.start_seconds = lambda: starts.uniform(*STARTS)
        here.service.stop_seconds = 5.0
        here.service.first_state = first_state
        for arn in here.foreign:  # those that every world has
            here.service.sessions[arn].state = "TERMINATED"
        for number in range(dead + foreign):
            session = here.service.add(
                {
                    "applicationId": here.applications[0],
                    "executionRoleArn": ROLE,
                    "clientToken": f"somebody-{number}",
                    "tags": {"team": "somebody"},
                },
                SOMEBODY,
            )
            session.state = "TERMINATED" if number < dead else "IDLE"
        yield here


def _measured(
    here: World, operation: str, foreign: int, act: Callable[[], object]
) -> OperationCalls:
    before = _all_calls(here)
    first = len(here.stack.requests)
    act()
    here.clock.run()
    requests = here.stack.requests[first:]
    assert all(r.succeeded for r in requests), [r.reason for r in requests if not r.succeeded]
    seconds = max(r.answered_at or 0.0 for r in requests) - requests[0].sent_at
    return OperationCalls(operation, foreign, dict(_all_calls(here) - before), seconds)


def _all_calls(here: World) -> Counter[str]:
    return sum((i.calls for i in here.function.invocations), Counter[str]())


def calls(foreign: int, dead: int = DEAD) -> list[OperationCalls]:
    """Each operation on one session, beside so many live and dead sessions of somebody else."""
    measured = []
    with _busy_world(foreign, dead) as here:
        for name, act in (
            ("Create", Create((A,))),
            ("tag Update", Update((TAGGED,))),
            ("replacing Update", Update((B,))),
            ("rollback of a replacement", Update((A,), 120)),
            ("Delete", Delete()),
        ):
            measured.append(_measured(here, name, foreign, partial(do, here, act)))
    return measured


@dataclass(frozen=True)
class AnswerDelay:
    """Seconds from the moment in which a session is usable to the answer."""

    mean: float
    longest: float


def answer_delay(times: int = TIMES) -> AnswerDelay:
    """The delay, over starts that take any time between 60 and 90 s."""
    delays = []
    for number in range(times):
        with world(Choices()) as here:
            random.seed(number)
            start = STARTS[0] + (STARTS[1] - STARTS[0]) * number / max(1, times - 1)
            here.service.start_seconds = partial(float, start)
            do(here, Create((A,)), Rest())
            usable_at, answered_at = here.own()[0].usable_at, here.stack.requests[0].answered_at
            assert usable_at is not None
            assert answered_at is not None
            delays.append(answered_at - usable_at)
    return AnswerDelay(sum(delays) / len(delays), max(delays))


@dataclass(frozen=True)
class ConcurrentCalls:
    """The calls of all sessions of one stack.

    Args:
        a_second: GetSession calls a second from the first start to the last answer, on average.
        busiest: GetSession calls in the busiest ten seconds, a second.
        throttled: Calls that the service refused for its rate.
        failed: Requests that failed.
        seconds: From the first request to the last answer.
    """

    operation: str
    a_second: float
    busiest: float
    throttled: int
    failed: int
    seconds: float


def concurrent_calls(
    rate: float | None = None, first_state: str = "STARTING"
) -> list[ConcurrentCalls]:
    """A stack of 25 sessions that is created, tagged, replaced, rolled back and deleted.

    Args:
        rate: How many GetSession the service takes a second; None for any number.
        first_state: What a session is until it is usable. AWS doesn't say for how long it is
            SUBMITTED; one that is STARTING at once is looked at once more.
    """
    names = [f"Session{number}" for number in range(SESSIONS)]

    def template(session: Session) -> dict[str, Session]:
        return dict.fromkeys(names, session)

    with _busy_world(0, 0, first_state) as here:
        looked: list[float] = []
        watch = here.network.watch

        def counted(invocation: Invocation, operation: str, params: Mapping[str, Any]) -> None:
            if operation == "GetSession":
                looked.append(here.clock.now())
            watch(invocation, operation, params)

        here.network.watch = counted
        if rate is not None:
            here.service.rates["GetSession"] = Rate(rate, rate)
        measured = []
        stack = here.stack
        for name, act in (
            ("Create", lambda: stack.create(template(A))),
            ("tag Update", lambda: stack.update(template(TAGGED))),
            ("replacing Update", lambda: stack.update(template(B))),
            ("rollback of a replacement", lambda: stack.update(template(A), 200)),
            ("Delete", stack.delete),
        ):
            first, throttled = len(stack.requests), here.service.throttled
            looked.clear()
            here.clock.start(act)
            here.clock.run()
            requests = stack.requests[first:]
            began = requests[0].sent_at
            seconds = max(r.answered_at or 0.0 for r in requests) - began
            within = [at for at in looked if at <= began + seconds]
            measured.append(
                ConcurrentCalls(
                    name,
                    len(within) / seconds,
                    max((sum(at <= t < at + 10 for t in within) / 10 for at in within), default=0),
                    here.service.throttled - throttled,
                    sum(not r.succeeded for r in requests),
                    seconds,
                )
            )
        return measured
