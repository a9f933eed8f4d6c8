"""Ctrl-C: interrupts the query on the server too, and is reported in one line."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

import grpc
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc

from .._channel.responses import ResponseIterator

# Whoever has pressed Ctrl-C waits no longer than this for the query to end on the server.
TIMEOUT_SECONDS = 5.0
# Spark drops an interrupt that comes just before it submits the query's job.
_AGAIN_SECONDS = 1.0
_SHOWN = "_render_traceback_"


class InterruptingInterceptor(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Interrupts the operation that a stream of answers belongs to when its reader is.

    PySpark 4 then interrupts it, too. It gets the answer that is there, because whoever presses
    Ctrl-C twice would interrupt that call.
    """

    def __init__(self, channel: grpc.Channel) -> None:
        """An interceptor for a channel; ``channel`` itself is for the interrupts."""
        self._channel = channel
        # The operation with which each thread waits for a streaming query. PySpark re-attaches it
        # in the same thread, by its id alone.
        self._waiting = threading.local()
        self._interrupted: dict[str, base_pb2.InterruptResponse] = {}

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        """Answer PySpark's own interrupt."""
        if isinstance(request, base_pb2.InterruptRequest):
            answer = self._interrupted.pop(request.operation_id, None)
            if answer:
                return _Answered(answer)
        return continuation(details, request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        """Execute or re-attach."""
        answers = continuation(details, request)
        operation_id = getattr(request, "operation_id", "")
        if not operation_id:
            return answers
        if _waits_for_streaming_query(request):
            self._waiting.operation_id = operation_id
        stream = _InterruptibleStream
        if operation_id == getattr(self._waiting, "operation_id", None):
            stream = _InterruptibleWait
        return stream(answers, lambda: self._interrupt(request))

    def _interrupt(self, executed: Any) -> None:
        request = base_pb2.InterruptRequest(
            session_id=executed.session_id,
            user_context=executed.user_context,
            client_type=executed.client_type,
            interrupt_type=base_pb2.InterruptRequest.INTERRUPT_TYPE_OPERATION_ID,
            operation_id=executed.operation_id,
        )
        stub: Any = base_pb2_grpc.SparkConnectServiceStub(self._channel)  # type: ignore[no-untyped-call]
        answer = stub.Interrupt(request, timeout=TIMEOUT_SECONDS)
        self._interrupted[executed.operation_id] = answer


class _Answered:
    """A call that has its answer: what an interceptor gives in place of one."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def result(self) -> Any:
        """Its answer."""
        return self._answer


class _InterruptibleStream(ResponseIterator):
    """Interrupts the operation when its reader is."""

    def __init__(self, call: Any, interrupt: Callable[[], None]) -> None:
        super().__init__(call)
        self._interrupt = interrupt

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except KeyboardInterrupt:
            said = self._said()
            self._call.cancel()
            raise _one_line(said) from None

    def _said(self) -> str:
        """Stop the operation, and say what has become of it."""
        try:
            stopped = self._stop()
        except KeyboardInterrupt:
            said = (
                "it may go on on the server, which was not waited for: see the session's Spark UI."
            )
        except Exception as error:  # noqa: BLE001 - the interrupt matters more than its failure
            said = f"the server could not be told, and it may go on there: {_summary(error)}"
        else:
            said = "it was stopped on the server, too."
            if not stopped:
                said = (
                    "the server was told, and has not stopped it yet: see the session's Spark UI."
                )
        return f"Query interrupted: {said}"

    def _stop(self) -> bool:
        """Interrupt until the answers have ended; whether they have."""
        ended = threading.Thread(target=self._read_on, daemon=True)
        ended.start()
        for _ in range(int(TIMEOUT_SECONDS / _AGAIN_SECONDS)):
            self._interrupt()
            ended.join(_AGAIN_SECONDS)
            if not ended.is_alive():
                return True
        return False

    def _read_on(self) -> None:
        # However the answers end, they have ended.
        with contextlib.suppress(Exception):
            for _ in self._call:
                pass


class _InterruptibleWait(_InterruptibleStream):
    """Waits for a streaming query, which doesn't end with the wait."""

    def _said(self) -> str:
        # The server's thread that waits is stopped, too.
        with contextlib.suppress(KeyboardInterrupt, Exception):
            self._stop()
        return "Stopped waiting. The streaming query goes on: query.stop() ends it."


def _waits_for_streaming_query(request: Any) -> bool:
    """Whether a request runs ``awaitTermination`` or the like. Re-attaching has no plan."""
    if not isinstance(request, base_pb2.ExecutePlanRequest):
        return False
    command = request.plan.command
    waits = command.streaming_query_command.WhichOneof("command")
    return (
        waits in ("await_termination", "process_all_available")
        or command.streaming_query_manager_command.WhichOneof("command") == "await_any_termination"
    )


def _one_line(message: str) -> KeyboardInterrupt:
    """A KeyboardInterrupt that is shown without its frames.

    No class of its own: of KeyboardInterrupt itself alone Python ends as other programs do.
    """
    interrupt = KeyboardInterrupt(message)
    # IPython's name for how an exception wants to be shown.
    setattr(interrupt, _SHOWN, lambda *_: [message])
    return interrupt


def report_in_one_line() -> None:
    """Let Python, too, show an interrupted query in one line."""
    global _other_hook
    # Read once: another thread may come between, and the other hook must never be this one.
    hook = sys.excepthook
    if hook is not _report:
        _other_hook, sys.excepthook = hook, _report


def _report(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    shown = _interrupted_query(error) if kind is KeyboardInterrupt else None
    if not shown:
        _other_hook(kind, error, traceback)
        return
    if not _is_interactive() and threading.current_thread() is threading.main_thread():
        # The program is about to end of this signal: a further one says no more about it.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    print(shown, file=sys.stderr, flush=True)


def _interrupted_query(error: BaseException | None) -> BaseException | None:
    """The interrupt of a query that is behind an interrupt: itself, or one press before."""
    while error and not hasattr(error, _SHOWN):
        error = error.__context__
    return error


def _is_interactive() -> bool:
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


_other_hook = sys.__excepthook__


def _summary(error: Exception) -> str:
    if isinstance(error, grpc.RpcError) and isinstance(error, grpc.Call):
        return f"{error.code().name}: {error.details()}"
    return str(error)
