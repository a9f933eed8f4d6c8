"""Whoever is impatient presses Ctrl-C twice, and gets one line all the same."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.sql.connect.proto import base_pb2

from emr_session._connect import interrupt
from emr_session._connect.interrupt import InterruptingInterceptor


class Pressed:
    """A call of PySpark's during which somebody presses Ctrl-C."""

    pressed = cancelled = False

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        if self.pressed:
            raise StopIteration
        self.pressed = True
        raise KeyboardInterrupt

    def cancel(self) -> None:
        self.cancelled = True


class PressedAgain:
    """A channel whose calls are interrupted, too."""

    def unary_unary(self, *_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    unary_stream = stream_unary = stream_stream = lambda *_, **__: None


def test_a_second_ctrl_c_ends_the_wait_for_the_server_in_one_line() -> None:
    call = Pressed()
    channel: Any = PressedAgain()
    executed = SimpleNamespace(session_id="s", user_context=None, client_type="c", operation_id="o")
    answers = InterruptingInterceptor(channel).intercept_unary_stream(
        lambda *_: call, None, executed
    )

    with pytest.raises(KeyboardInterrupt) as raised:
        next(answers)
    (line,) = raised.value._render_traceback_()  # type: ignore[attr-defined]
    assert line == str(raised.value)
    assert "it may go on on the server" in line
    assert call.cancelled


def test_a_wait_for_a_streaming_query_that_was_re_attached_is_still_one() -> None:
    channel: Any = PressedAgain()
    interceptor = InterruptingInterceptor(channel)
    executed = base_pb2.ExecutePlanRequest(operation_id="o")
    executed.plan.command.streaming_query_command.await_termination.SetInParent()
    reattached = base_pb2.ReattachExecuteRequest(operation_id="o")
    other = base_pb2.ReattachExecuteRequest(operation_id="p")
    said = []
    for request in (executed, reattached, other):
        with pytest.raises(KeyboardInterrupt) as raised:
            next(interceptor.intercept_unary_stream(lambda *_: Pressed(), None, request))
        said.append(str(raised.value))

    waited = "Stopped waiting. The streaming query goes on: query.stop() ends it."
    assert said[:2] == [waited, waited]
    assert said[2].startswith("Query interrupted: ")


def test_an_interrupt_that_pyspark_repeats_is_answered_without_a_call() -> None:
    answer = base_pb2.InterruptResponse(session_id="s", interrupted_ids=["o"])

    class Answering:
        def unary_unary(self, *_: Any, **__: Any) -> Any:
            return lambda *_, **__: answer

        unary_stream = stream_unary = stream_stream = lambda *_, **__: None

    channel: Any = Answering()
    interceptor = InterruptingInterceptor(channel)
    executed = base_pb2.ExecutePlanRequest(session_id="s", operation_id="o")
    with pytest.raises(KeyboardInterrupt):
        next(interceptor.intercept_unary_stream(lambda *_: Pressed(), None, executed))

    repeated = base_pb2.InterruptRequest(operation_id="o")
    assert interceptor.intercept_unary_unary(None, None, repeated).result() is answer
    # Asked for later, it is one of the user's own.
    assert interceptor.intercept_unary_unary(lambda *_: "called", None, repeated) == "called"


@pytest.mark.parametrize("interactive", [False, True])
def test_a_second_ctrl_c_anywhere_after_the_first_is_one_line(interactive: bool) -> None:
    program = f"""
import os, signal, sys
from emr_session._connect.interrupt import _one_line, report_in_one_line

report_in_one_line()
if {interactive}:
    sys.ps1 = ">"
try:
    raise _one_line("Query interrupted: as expected.")
finally:
    signal.raise_signal(signal.SIGINT)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )

    assert ended.stderr == "Query interrupted: as expected.\n"
    assert ended.returncode == -signal.SIGINT


class Between:
    """``sys``, as two threads see it that connect at once."""

    def __init__(self) -> None:
        self.hook: Any = sys.__excepthook__
        self.others = 1

    @property
    def excepthook(self) -> Any:
        seen = self.hook
        while self.others:
            self.others -= 1
            interrupt.report_in_one_line()
        return seen

    @excepthook.setter
    def excepthook(self, hook: Any) -> None:
        self.hook = hook


def test_threads_that_connect_at_once_leave_the_other_hook_what_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    between = Between()
    monkeypatch.setattr(interrupt, "sys", between)
    monkeypatch.setattr(interrupt, "_other_hook", None)
    interrupt.report_in_one_line()

    assert between.hook is interrupt._report
    assert interrupt._other_hook is sys.__excepthook__
