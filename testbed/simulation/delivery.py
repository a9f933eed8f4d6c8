"""Lambda's asynchronous delivery: late, twice, in parallel, and again when an invocation dies."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from greenlet import getcurrent

from .choices import Choices
from .clock import Clock
from .cloudformation import Request
from .network import NOBODY, Invocation, Killed

FUNCTION = "sessions"
LIMIT_SECONDS = 900.0
RETRY_SECONDS = (60.0, 120.0)
DELIVERIES = (
    *("once", "again 0", "again 4", "again 30", "again 90", "again 400", "again 1000"),
    *("late 45", "late 200", "late 500"),
)

Handle = Callable[[Any, Any], object]


class Lambda:
    """The function, and its queue.

    Args:
        clock: The time.
        choices: Decides how events are delivered.
        handle: The function's entry point.
    """

    def __init__(self, clock: Clock, choices: Choices, handle: Handle) -> None:
        self.invocations: list[Invocation] = []
        self.outcomes: Counter[str] = Counter()
        self.raised: list[str] = []
        """What invocations ended with that nobody killed."""
        self.cut_off: list[str] = []
        """Invocations that ran into the function's time limit."""
        self.limit = LIMIT_SECONDS
        self.environment: Mapping[str, str] = {}
        self._clock, self._choices, self._handle = clock, choices, handle

    def deliver(self, request: Request) -> None:
        """Take CloudFormation's request to the function."""
        how = self._choices.choose(f"delivery of {request.name}", DELIVERIES)
        self._deliver(request.event, request.name, how, request)

    def call(self, event: Mapping[str, Any], name: str) -> None:
        """Take a schedule's call to the function."""
        how = self._choices.choose(f"delivery of {name}", DELIVERIES)
        self._deliver(event, name, how, None)

    def current(self) -> Invocation:
        """The invocation that is running now."""
        found: Invocation = getattr(getcurrent(), "invocation", NOBODY)
        return found

    def _deliver(
        self, event: Mapping[str, Any], name: str, how: str, request: Request | None
    ) -> None:
        what, _, seconds = how.partition(" ")
        late = float(seconds) if what == "late" else 0.05
        if request is not None and what == "late":
            request.delivered_late = True
        body = json.dumps(event)
        self._clock.after(late, lambda: self._invoke(body, name, 1, request))
        if what == "again":
            again = 0.05 + float(seconds)
            self._clock.after(again, lambda: self._invoke(body, f"{name}'", 1, request))

    def _invoke(self, body: str, name: str, attempt: int, request: Request | None) -> None:
        now = self._clock.now()
        full = name if attempt == 1 else f"{name}#{attempt}"
        invocation = Invocation(full, json.loads(body), now, now + self.limit)
        self.invocations.append(invocation)
        context = SimpleNamespace(
            function_name=FUNCTION,
            aws_request_id=full,
            invoked_function_arn=f"arn:aws:lambda:us-east-1:000000000000:function:{FUNCTION}",
            log_group_name=f"/aws/lambda/{FUNCTION}",
            get_remaining_time_in_millis=lambda: max(
                0, int((invocation.ends_at - self._clock.now()) * 1000)
            ),
        )

        def run() -> None:
            task: Any = getcurrent()
            task.invocation = invocation
            try:
                self._handle(invocation.event, context)
                invocation.returned = True
                return
            except Killed:
                pass
            except Exception as error:  # noqa: BLE001 - Lambda takes whatever comes
                if not invocation.dead:
                    self.raised.append(f"{full}: {error!r}")
            invocation.dead = True
            if request is not None:
                request.deaths += 1
            if attempt <= len(RETRY_SECONDS):
                self._clock.after(
                    RETRY_SECONDS[attempt - 1],
                    lambda: self._invoke(body, name, attempt + 1, request),
                )
            elif request is not None:
                request.died_for_good = True

        task = self._clock.start(run)

        def cut() -> None:
            if not task.dead and not invocation.dead:
                self.cut_off.append(full)
                invocation.dead = True
                task.throw(Killed("Task timed out"))

        self._clock.after(self.limit, cut)
