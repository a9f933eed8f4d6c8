"""The proxy ends with the session or on request, follows a successor, and can be restarted."""

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVarTuple

import grpc
import pytest

from emr_session import ConnectError, SessionEndedError, SessionMovedError, SessionProxy
from emr_session._channel.current_session import CurrentSession
from emr_session._channel.endpoint import Endpoint
from testbed.ports import free_port

from ..account import Account, TestClock
from .conftest import PARAMETER, START_SECONDS, Proxied, client_of
from .gateway import ASKED_LONG, Gateway

SECONDS = 20

_Ts = TypeVarTuple("_Ts")


class HeldLoop(asyncio.SelectorEventLoop):
    """An event loop that stays where it has closed until it is given something to do."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = threading.Event()
        self._given = threading.Event()

    def close(self) -> None:
        super().close()
        self.closed.set()
        self._given.wait(SECONDS)

    def call_soon_threadsafe(
        self, callback: Callable[[*_Ts], object], *args: *_Ts, context: Context | None = None
    ) -> asyncio.Handle:
        if self.closed.is_set():
            self._given.set()
        return super().call_soon_threadsafe(callback, *args, context=context)


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> HeldLoop:
    """The loop of the next proxy."""
    loop = HeldLoop()
    monkeypatch.setattr(asyncio, "new_event_loop", lambda: loop)
    return loop


def failure(call: Any) -> Any:
    with pytest.raises(grpc.RpcError) as raised:
        list(call)
    return raised.value


def wait_until_full(gateway: Gateway) -> None:
    """Wait until everything between the session and a client that doesn't read is full."""
    with contextlib.suppress(queue.Empty):
        while True:
            gateway.given.get(timeout=0.5)


def test_the_call_that_meets_the_end_of_the_session_says_so_and_the_proxy_ends(
    proxy: SessionProxy, channel: Any, aws: Account, arn: str
) -> None:
    aws.terminate(arn)
    error = failure(channel.unary_stream("/test/Echo")(b"a"))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert proxy.session_id in error.details()
    with pytest.raises(SessionEndedError, match=proxy.session_id):
        proxy.wait(SECONDS)


def test_the_end_of_a_session_is_noticed_without_calls(
    proxied: Proxied, aws: Account, arn: str
) -> None:
    proxy = proxied(arn, watch_seconds=0.05)
    aws.terminate(arn)

    with pytest.raises(SessionEndedError, match="TERMINAT"):
        proxy.wait(SECONDS)


def test_what_is_open_when_the_session_ends_is_told(
    proxied: Proxied, aws: Account, arn: str
) -> None:
    proxy = proxied(arn, watch_seconds=0.05)
    with client_of(proxy) as channel:
        held = channel.unary_stream("/test/Hold")(b"held")
        assert next(held) == b"held"
        aws.terminate(arn)
        error = failure(held)

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert proxy.session_id in error.details()


def test_so_is_a_question_that_is_open_then(
    proxied: Proxied, aws: Account, gateway: Gateway, arn: str
) -> None:
    proxy = proxied(arn, watch_seconds=0.05)
    with client_of(proxy) as channel:
        held = channel.unary_unary(ASKED_LONG).future(b"held")
        assert gateway.held.wait(SECONDS)
        aws.terminate(arn)
        error = held.exception(SECONDS)

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert proxy.session_id in error.details()


def test_a_proxy_that_is_stopped_ends_what_is_open_as_a_broken_connection(
    proxy: SessionProxy, channel: Any, gateway: Gateway
) -> None:
    held = channel.unary_stream("/test/Hold")(b"held")
    assert next(held) == b"held"
    proxy.stop()

    assert failure(held).code() is grpc.StatusCode.UNAVAILABLE
    assert gateway.left.get(timeout=SECONDS) == "/test/Hold"
    proxy.wait(SECONDS)


def test_a_proxy_that_ends_by_itself_at_that_moment_can_be_stopped(
    loop: HeldLoop, proxied: Proxied, aws: Account, arn: str
) -> None:
    proxy = proxied(arn, watch_seconds=0.05)
    aws.terminate(arn)
    assert loop.closed.wait(SECONDS)
    proxy.stop()

    with pytest.raises(SessionEndedError, match=proxy.session_id):
        proxy.wait(0)


def test_a_client_that_reads_nothing_more_does_not_keep_the_proxy(
    proxy: SessionProxy, channel: Any, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    endless = channel.unary_stream("/test/Endless")(b"a")
    assert next(endless) == b"a"
    wait_until_full(gateway)
    stopped = threading.Thread(target=proxy.stop, daemon=True)
    stopped.start()
    stopped.join(SECONDS)

    assert not stopped.is_alive()
    assert failure(endless).code() is grpc.StatusCode.UNAVAILABLE
    assert "Error" not in caplog.text


def test_a_client_goes_on_when_the_proxy_is_restarted(
    proxied: Proxied, arn: str, gateway: Gateway
) -> None:
    first = proxied(arn, port=free_port())
    with client_of(first) as channel:
        held = channel.unary_stream("/test/Hold")(b"held")
        assert next(held) == b"held"
        first.stop()
        assert failure(held).code() is grpc.StatusCode.UNAVAILABLE
        proxied(arn, port=first.port)

        answer = channel.unary_unary("/test/Echo")(b"a", wait_for_ready=True, timeout=SECONDS)
    assert answer == b"a"
    assert len({call.token for call in gateway.calls}) == 2


def test_a_parameter_is_followed_to_the_successor(
    proxied: Proxied, aws: Account, arn: str, application: str, clock: TestClock
) -> None:
    proxy = proxied(PARAMETER, follow=True)
    with client_of(proxy) as channel:
        aws.terminate(arn)
        over = failure(channel.unary_stream("/test/Echo")(b"a"))
        successor = aws.start(application)
        clock.advance(START_SECONDS)
        aws.parameters[PARAMETER] = successor
        moved = failure(channel.unary_stream("/test/Echo")(b"a"))
        answer = channel.unary_unary("/test/Echo")(b"a")

    assert over.code() is grpc.StatusCode.NOT_FOUND
    assert moved.code() is grpc.StatusCode.ABORTED
    assert successor.rpartition("/")[2] in moved.details()
    assert answer == b"a"


def test_what_is_open_when_the_proxy_moves_is_told(
    proxied: Proxied, aws: Account, arn: str, application: str, clock: TestClock
) -> None:
    proxy = proxied(PARAMETER, follow=True)
    with client_of(proxy) as channel:
        held = channel.unary_stream("/test/Hold")(b"held", timeout=SECONDS)
        assert next(held) == b"held"
        aws.terminate(arn)
        successor = aws.start(application)
        clock.advance(START_SECONDS)
        aws.parameters[PARAMETER] = successor
        failure(channel.unary_stream("/test/Echo")(b"a"))
        assert channel.unary_unary("/test/Echo")(b"a") == b"a"
        moved = failure(held)

    assert moved.code() is grpc.StatusCode.ABORTED
    assert successor.rpartition("/")[2] in moved.details()


def test_a_token_that_comes_when_the_proxy_has_moved_is_not_the_successors(
    proxied: Proxied,
    aws: Account,
    arn: str,
    application: str,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = CurrentSession.endpoint

    def endpoint(current: CurrentSession) -> Endpoint:
        monkeypatch.undo()
        answer = asked(current)
        before = current.arn
        aws.terminate(arn)
        aws.parameters[PARAMETER] = aws.start(application)
        with pytest.raises(SessionMovedError):
            current.raise_if_ended(before)
        return answer

    proxy = proxied(PARAMETER, follow=True)
    monkeypatch.setattr(CurrentSession, "endpoint", endpoint)
    clock.advance(3600)
    with client_of(proxy) as channel:
        moved = failure(channel.unary_stream("/test/Echo")(b"a"))
        assert channel.unary_unary("/test/Echo")(b"a") == b"a"

    assert moved.code() is grpc.StatusCode.ABORTED


def test_an_arn_cannot_be_followed(arn: str) -> None:
    with pytest.raises(ConnectError, match="parameter"):
        SessionProxy(arn, follow=True)


def test_a_session_that_is_over_has_no_proxy(proxied: Proxied, aws: Account, arn: str) -> None:
    aws.terminate(arn)

    with pytest.raises(SessionEndedError):
        proxied(arn)


def test_a_session_that_is_starting_is_waited_for(
    proxied: Proxied, aws: Account, application: str
) -> None:
    proxy = proxied(aws.start(application))

    with client_of(proxy) as channel:
        assert channel.unary_unary("/test/Echo")(b"a") == b"a"
