"""Time that moves by itself from one thing to happen to the next."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

START = 1_750_000_000.0


class Agenda:
    """A clock, and what is going to happen when."""

    def __init__(self) -> None:
        self._now = START
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()

    def now(self) -> float:
        return self._now

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen in so many seconds."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), action))

    def wait(self, seconds: float) -> None:
        """Be busy for so long, as a call in flight is: what is due meanwhile happens meanwhile."""
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            self._next()
        self._now = max(self._now, end)

    def run_until(self, done: Callable[[], bool], deadline: float = float("inf")) -> bool:
        """Let things happen until something is so, or time is up; says whether it is so."""
        while not done():
            if not self._due or self._due[0][0] > deadline:
                if deadline < float("inf"):
                    self._now = max(self._now, deadline)
                return done()
            self._next()
        return True

    def run(self) -> None:
        """Let everything happen that is going to."""
        while self._due:
            self._next()

    def _next(self) -> None:
        moment, _, action = heapq.heappop(self._due)
        self._now = max(self._now, moment)
        action()
