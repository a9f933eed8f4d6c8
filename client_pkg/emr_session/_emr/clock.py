"""Time as the client sees it: the system's, or one that tests move."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from, and how the client waits."""

    def now(self) -> float:
        """The present moment, in seconds since the epoch."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much.
        """
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """The present moment, in seconds since the epoch."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Let time pass.

        Args:
            seconds: How much.
        """
        time.sleep(seconds)
