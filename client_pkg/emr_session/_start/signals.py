"""Has the signals that end a process unwind it first, so that what was begun is ended."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A CI run that is cancelled and ``timeout`` send the first, a terminal that is closed the second.
NAMES = ("SIGTERM", "SIGHUP")


@contextmanager
def signals_as_exits() -> Iterator[None]:
    """Raise SystemExit for the signals, with the exit code that shells give them.

    Only in the main thread, which alone may handle signals, and not where the program does.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    unhandled = [number for number in numbers if signal.getsignal(number) is signal.SIG_DFL]
    for number in unhandled:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in unhandled:
            if signal.getsignal(number) is _exit:
                signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
