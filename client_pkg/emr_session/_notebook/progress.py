"""The progress of a query, from PySpark 4's progress handlers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .status_line import StatusLine

# Of a bar in a terminal.
_WIDTH = 20
_UNITS = ("B", "kB", "MB", "GB", "TB")


class QueryProgress:
    """Shows one line for each query on which the server reports, a few seconds after its start.

    A progress handler of PySpark's (``registerProgressHandler``).
    """

    def __init__(self, new_line: Callable[[], StatusLine]) -> None:
        """``new_line`` gives a query its line."""
        self._new_line = new_line
        self._lines: dict[str | None, StatusLine] = {}

    def __call__(
        self,
        stages: Iterable[Any] | None,
        inflight_tasks: int,
        operation_id: str | None,
        done: bool,
    ) -> None:
        """What the server has reported, or that the query is over."""
        if done:
            line = self._lines.pop(operation_id, None)
            if line:
                line.show(_summary(list(stages or ())), last=True)
            return
        known = list(stages or ())
        tasks, complete = _tasks(known)
        if operation_id not in self._lines:
            self._lines[operation_id] = self._new_line()
        filled = _WIDTH * complete // max(tasks, 1)
        self._lines[operation_id].show(
            f"{complete:,} of {tasks:,} tasks, {inflight_tasks:,} running{read(_bytes(known))}",
            bar=f"[{'#' * filled}{'.' * (_WIDTH - filled)}]",
            html_bar=f'<progress value="{complete:d}" max="{tasks:d}"></progress>',
        )


def _summary(stages: list[Any]) -> str:
    """What was done. Spark plans stages that it then has no need of."""
    used = [stage for stage in stages if stage.num_completed_tasks]
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
