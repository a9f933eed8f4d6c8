"""A clock that the handler's own sleeping moves, and what happens while it sleeps."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable

START = 1_750_000_000.0
_really_sleep = time.sleep


class Clock:
    """Stands for ``time.time``, ``time.monotonic`` and ``time.sleep``."""

    def __init__(self) -> None:
        self._now = START
        self._due: list[tuple[float, int, Callable[[], object]]] = []
        self._order = itertools.count()
        self._thread = threading.current_thread()

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def after(self, seconds: float, action: Callable[[], object]) -> None:
        """Let something happen in so many seconds."""
        heapq.heappush(self._due, (self._now + seconds, next(self._order), action))

    def sleep(self, seconds: float) -> None:
        """Let time pass, and what is due meanwhile happen."""
        if threading.current_thread() is not self._thread:
            # What another test has left in the background is not the handler.
            _really_sleep(seconds)
            return
        assert seconds >= 0, "nobody sleeps backwards"
        end = self._now + seconds
        while self._due and self._due[0][0] <= end:
            moment, _, action = heapq.heappop(self._due)
            self._now = max(self._now, moment)
            action()
        self._now = max(self._now, end)
