"""The response iterator of a call, for interceptors that look at the responses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class ResponseIterator:
    """An iterator that is else the call: PySpark asks both of it."""

    def __init__(self, call: Any) -> None:
        self._call = call

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._call)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)
