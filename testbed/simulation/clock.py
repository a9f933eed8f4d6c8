"""Simulated time: tasks run concurrently, and time jumps to the next event.

A task is a greenlet. It yields to the others only when it sleeps or waits. Touches nothing
outside of this process.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable
from typing import Any

from greenlet import getcurrent, greenlet

START = 1_750_000_000.0
FOREVER = float("inf")


class Clock:
    """The current time in seconds since the epoch, and what is due when."""

    def __init__(self) -> None:
        self._now = START
        self._due: list[tuple[float, int, Callable[..., object]]] = []
        self._order = itertools.count()
        self._hub: Any = getcurrent()
        self._waiting: list[tuple[Callable[[], object], Callable[..., object]]] = []

    def now(self) -> float:
        return self._now

    def after(self, seconds: float, action: Callable[..., object]) -> None:
        """Do something in so many seconds. The action must not sleep: ``start`` a task for that."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), action))

    def start(self, task: Callable[[], object], seconds: float = 0.0) -> Any:
        """Start a task in so many seconds. Gives its greenlet."""
        made = greenlet(task)

        def begin() -> None:
            made.parent = self._hub
            made.switch()

        self.after(seconds, begin)
        return made

    def sleep(self, seconds: float) -> None:
        """Let time pass: the other tasks go on meanwhile."""
        end = self._now + seconds if seconds > 0.0 else self._now
        if not self._due or self._due[0][0] > end:
            self._now = end
            return
        current = getcurrent()
        if current is self._hub:
            self.run_until(lambda: False, end)
            return
        heapq.heappush(self._due, (end, next(self._order), current.switch))
        self._hub.switch()

    def wait_until(self, so: Callable[[], object], deadline: float = FOREVER) -> bool:
        """Let a task wait until something is so, or the deadline; says whether it is so.

        What ``so`` looks at has to be followed by ``changed`` where it changes.
        """
        if so():
            return True
        if self._now >= deadline:
            return False
        current = getcurrent()
        woken = False

        def wake(*_: object) -> None:
            nonlocal woken
            if not woken:
                woken = True
                self._waiting = [w for w in self._waiting if w[1] is not wake]
                current.switch()

        self._waiting.append((so, wake))
        if deadline < FOREVER:
            self.after(deadline - self._now, wake)
        self._hub.switch()
        return bool(so())

    def changed(self) -> None:
        """Wake the tasks whose condition is met now."""
        for so, wake in self._waiting:
            if so():
                self.after(0.0, wake)

    def run_until(self, done: Callable[[], object], deadline: float = FOREVER) -> bool:
        """Let things happen until something is so, or time is up; says whether it is so."""
        self._hub = getcurrent()
        while not done():
            if not self._due or self._due[0][0] > deadline:
                if deadline < FOREVER:
                    self._now = max(self._now, deadline)
                return bool(done())
            moment, _, action = heapq.heappop(self._due)
            self._now = max(self._now, moment)
            action()
        return True

    def run(self) -> None:
        """Let everything happen that is due, until nothing is."""
        self.run_until(lambda: False, FOREVER)
