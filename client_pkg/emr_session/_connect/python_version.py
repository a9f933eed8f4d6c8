"""Warns with the first UDF if the workers have another Python.

Spark's workers refuse functions of another minor version of Python, after a job has started.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf.message import Message  # type: ignore[import-untyped]

from ..errors import SparkVersionWarning


class PythonVersionInterceptor(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Compares the Python of the first function that is sent with that of the workers."""

    def __init__(self, workers_python: Callable[[], str | None]) -> None:
        """``workers_python`` gives their version (``3.11``), or None where it isn't known."""
        self._workers_python = workers_python
        self._compared = False

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        """A plan to analyze."""
        self._look_at(request)
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        """A plan to execute."""
        self._look_at(request)
        return continuation(details, request)

    def _look_at(self, request: Any) -> None:
        if self._compared or not any(map(_has_function, _messages(request))):
            return
        self._compared = True
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        workers = self._workers_python()
        if workers and workers != here:
            warnings.warn(
                f"This is Python {here}, and the session's workers have Python {workers}: they "
                f"refuse functions of another version (UDFs). Run this with Python {workers}, or "
                "configure the session with another Python (spark.pyspark.python).",
                SparkVersionWarning,
                stacklevel=2,
            )


def _has_function(message: Message) -> bool:
    """Whether a request has a Python function in it, however deep."""
    return any(
        field.name == "python_ver" or any(map(_has_function, _messages(value)))
        for field, value in message.ListFields()
    )


def _messages(value: Any) -> list[Message]:
    """The messages in a field: one, or those of a list or a map."""
    if isinstance(value, Message):
        return [value]
    if isinstance(value, str | bytes | int | float):
        return []
    members = value.values() if hasattr(value, "values") else value
    return [member for member in members if isinstance(member, Message)]
