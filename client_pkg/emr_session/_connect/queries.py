"""Tells observers when a query begins and ends, which PySpark's progress reports don't."""

from __future__ import annotations

from typing import Any

import grpc

from .._channel.responses import ResponseIterator
from .observers import observers

_BEGINS = "/ExecutePlan"
# How Spark calls what a scan of files has read.
_BYTES_READ = "filesSize"


class QueryInterceptor(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Follows each operation: it may have several streams, because PySpark re-attaches."""

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        """Execute or re-attach."""
        operation_id: str = getattr(request, "operation_id", "")
        if not operation_id:
            return continuation(details, request)
        if details.method.endswith(_BEGINS):
            for observer in observers:
                observer.query_began(operation_id)
        return _Observed(continuation(details, request), operation_id)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        """PySpark releases all of an operation when it has failed, too, and when it is dropped."""
        if getattr(request, "release_all", None) is not None and request.HasField("release_all"):
            _ended(request.operation_id, 0)
        return continuation(details, request)


class _Observed(ResponseIterator):
    """Says when the operation is over."""

    def __init__(self, call: Any, operation_id: str) -> None:
        super().__init__(call)
        self._operation_id = operation_id
        self._bytes_read = 0

    def __next__(self) -> Any:
        try:
            answer = super().__next__()
        except KeyboardInterrupt:
            _ended(self._operation_id, 0)
            raise
        if answer.HasField("metrics"):
            self._bytes_read += sum(
                plan.execution_metrics[_BYTES_READ].value
                for plan in answer.metrics.metrics
                if _BYTES_READ in plan.execution_metrics
            )
        if answer.HasField("result_complete"):
            _ended(self._operation_id, self._bytes_read)
        return answer


def _ended(operation_id: str, bytes_read: int) -> None:
    for observer in observers:
        observer.query_ended(operation_id, bytes_read)
