"""The elapsed time of a query, for Spark 3.5, whose protocol has no progress reports."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .progress import FIRST_SECONDS, read
from .status_line import StatusLine

NEXT_SECONDS = 1.0


@dataclass
class _Query:
    begun: float
    ended: threading.Event
    line: StatusLine | None = None


class ElapsedTime:
    """Shows one line for each query that takes longer than two seconds. Each has a thread."""

    def __init__(
        self, new_line: Callable[[], StatusLine], first_seconds: float = FIRST_SECONDS
    ) -> None:
        """``new_line`` gives a query its line when it has run for ``first_seconds``."""
        self._new_line = new_line
        self._first_seconds = first_seconds
        self._queries: dict[str, _Query] = {}
        self._lock = threading.Lock()

    def began(self, operation_id: str) -> None:
        """A query has begun."""
        query = _Query(time.monotonic(), threading.Event())
        with self._lock:
            if operation_id in self._queries:
                return
            self._queries[operation_id] = query
        # What the thread shows belongs to the cell of the query.
        context = contextvars.copy_context()
        threading.Thread(target=context.run, args=(self._show, query), daemon=True).start()

    def ended(self, operation_id: str, bytes_read: int) -> None:
        """It is over.

        Args:
            operation_id: The query.
            bytes_read: How much it has read from files, as far as that is known.
        """
        with self._lock:
            query = self._queries.pop(operation_id, None)
            if query is None:
                return
            query.ended.set()
            if query.line:
                seconds = time.monotonic() - query.begun
                query.line.show(f"{seconds:,.0f} s{read(bytes_read)}", last=True)

    def _show(self, query: _Query) -> None:
        pause = self._first_seconds
        while not query.ended.wait(pause):
            pause = NEXT_SECONDS
            with self._lock:
                if query.ended.is_set():
                    return
                query.line = query.line or self._new_line()
                query.line.show(f"Running for {time.monotonic() - query.begun:,.0f} s")
