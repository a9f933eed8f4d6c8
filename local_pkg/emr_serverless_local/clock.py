"""Time, as the session service sees it: the system's, or one that tests move by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from, in seconds since the epoch."""

    def now(self) -> float:
        """The present moment."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """The present moment."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is told to advance."""

    def __init__(self, start: float = 1_750_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """The moment that the clock was last moved to."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        if seconds < 0:
            raise ValueError("a clock goes forward only")
        self._now += seconds
