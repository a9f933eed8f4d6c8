"""The simulation's clock, for a handler whose calls go over HTTP to threads of this process."""

from __future__ import annotations

import threading
import time

from testbed.simulation import clock

_really_sleep = time.sleep


class Clock(clock.Clock):
    """Stands for ``time.time``, ``time.monotonic`` and ``time.sleep`` of one thread."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.current_thread()

    def sleep(self, seconds: float) -> None:
        """Let time pass, and what is due meanwhile happen."""
        if threading.current_thread() is not self._thread:
            # What another test has left in the background is not the handler.
            _really_sleep(seconds)
            return
        assert seconds >= 0, "nobody sleeps backwards"
        super().sleep(seconds)
