"""The progress of a query, from PySpark 4's progress handlers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from .status_line import StatusLine

# Nothing is shown of a shorter query: Spark reports on each one as it ends.
FIRST_SECONDS = 2.0
# Of a bar in a terminal.
_WIDTH = 20
_UNITS = ("B", "kB", "MB", "GB", "TB")


class QueryProgress:
    """Shows one line for each query that takes longer than two seconds.

    A progress handler of PySpark's (``registerProgressHandler``).
    """

    def __init__(
        self, new_line: Callable[[], StatusLine], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """``new_line`` gives a query its line."""
        self._new_line = new_line
        self._clock = clock
        self._begun: dict[str | None, float] = {}
        self._lines: dict[str | None, tuple[StatusLine, float]] = {}

    def began(self, operation_id: str) -> None:
        """A query has begun."""
        self._begun.setdefault(operation_id, self._clock())

    def ended(self, operation_id: str) -> None:
        """It is over."""
        self._begun.pop(operation_id, None)

    def __call__(
        self,
        stages: Iterable[Any] | None,
        inflight_tasks: int,
        operation_id: str | None,
        done: bool,
    ) -> None:
        """What the server has reported, or that the query is over."""
        now = self._clock()
        if done:
            if operation_id in self._lines:
                line, begun = self._lines.pop(operation_id)
                line.show(_summary(list(stages or ()), now - begun), last=True)
            return
        if operation_id not in self._lines:
            begun = self._begun.get(operation_id, now)
            if now - begun < FIRST_SECONDS:
                return
            self._lines[operation_id] = (self._new_line(), begun)
        line, _ = self._lines[operation_id]
        known = list(stages or ())
        tasks, complete = _tasks(known)
        filled = _WIDTH * complete // max(tasks, 1)
        line.show(
            f"{complete:,} of {tasks:,} tasks, {inflight_tasks:,} running{read(_bytes(known))}",
            bar=f"[{'#' * filled}{'.' * (_WIDTH - filled)}]",
            html_bar=f'<progress value="{complete:d}" max="{tasks:d}"></progress>',
        )


def _summary(stages: list[Any], seconds: float) -> str:
    """What was done. Spark plans stages that it then has no need of."""
    used = [stage for stage in stages if stage.num_completed_tasks]
    if not used:
        # The last report came before the first task had ended.
        return f"{seconds:,.0f} s"
    _, complete = _tasks(used)
    return f"{_count(complete, 'task')} in {_count(len(used), 'stage')}{read(_bytes(used))}"


def _tasks(stages: list[Any]) -> tuple[int, int]:
    return (
        sum(stage.num_tasks for stage in stages),
        sum(stage.num_completed_tasks for stage in stages),
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _bytes(stages: list[Any]) -> int:
    return sum(stage.num_bytes_read for stage in stages)


def read(size: float) -> str:
    """How many bytes were read from files, if any, as what follows in a line."""
    if not size:
        return ""
    unit = 0
    while size >= 1000 and unit < len(_UNITS) - 1:
        size, unit = size / 1000, unit + 1
    return f", {size:.1f} {_UNITS[unit]} read"
