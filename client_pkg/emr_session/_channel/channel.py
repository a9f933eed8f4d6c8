"""The gRPC channel to a session: it moves to the successor, and reports the session's end.

Knows gRPC, and nothing of PySpark but which call it makes in the background.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NoReturn

import grpc

from .current_session import CurrentSession
from .responses import ResponseIterator
from .tokens import Tokens

# What a gateway answers with when the session behind it is gone, or the token is no good. Spark's
# own errors are INTERNAL.
_GATEWAY_CODES = frozenset(
    {
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNKNOWN,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
    }
)
_TOKEN_CODES = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
# How gRPC says, as UNKNOWN, that the other end closed the connection. AWS does so to a call whose
# token expires.
_CLOSED = "stream removed"
# What gRPC raises for a call on a channel that is closed: by its user, or since the call has chosen
# it by another thread, which has moved.
_CLOSED_CHANNEL = ValueError
# PySpark makes it in a thread whose errors nobody sees: what has to be said is said elsewhere.
_IN_THE_BACKGROUND = "/ReleaseExecute"

OpenChannel = Callable[[str, Tokens], grpc.Channel]


def session_channel(
    session: CurrentSession, open_channel: OpenChannel, when_closed: Callable[[], None]
) -> grpc.Channel:
    """A channel to the current session.

    Args:
        session: Gives endpoint and tokens.
        open_channel: Opens a plain channel to an address (``HOST:PORT``) with tokens.
        when_closed: Called once, when the channel is closed by its user.
    """
    following = _FollowingChannel(session, open_channel, when_closed)
    return grpc.intercept_channel(following, _SessionInterceptor(session))


class _FollowingChannel(grpc.Channel):
    """A channel to whichever session is the current one.

    Behind an interceptor, each call asks for its method again; so a call that begins after a move
    goes to the successor.
    """

    def __init__(
        self,
        session: CurrentSession,
        open_channel: OpenChannel,
        when_closed: Callable[[], None],
    ) -> None:
        self._session = session
        self._open_channel = open_channel
        self._when_closed = when_closed
        self._lock = threading.Lock()
        self._tokens, self._channel = self._open()

    def _open(self) -> tuple[Tokens, grpc.Channel]:
        tokens, endpoint = self._session.tokens, self._session.endpoint()
        return tokens, self._open_channel(endpoint.address, tokens)

    def _current(self) -> grpc.Channel:
        with self._lock:
            if self._tokens is not self._session.tokens:
                self._channel.close()
                self._tokens, self._channel = self._open()
            return self._channel

    def unary_unary(self, *args: Any, **kwargs: Any) -> Any:
        return self._current().unary_unary(*args, **kwargs)

    def unary_stream(self, *args: Any, **kwargs: Any) -> Any:
        return self._current().unary_stream(*args, **kwargs)

    def stream_unary(self, *args: Any, **kwargs: Any) -> Any:
        return self._current().stream_unary(*args, **kwargs)

    def stream_stream(self, *args: Any, **kwargs: Any) -> Any:
        return self._current().stream_stream(*args, **kwargs)

    def subscribe(self, callback: Any, try_to_connect: bool = False) -> None:
        self._channel.subscribe(callback, try_to_connect)

    def unsubscribe(self, callback: Any) -> None:
        self._channel.unsubscribe(callback)

    def close(self) -> None:
        self._channel.close()
        when_closed, self._when_closed = self._when_closed, lambda: None
        when_closed()

    def __enter__(self) -> _FollowingChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _SessionInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Looks after the session when a call fails, and tells each thread of a move."""

    def __init__(self, session: CurrentSession) -> None:
        self._session = session

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._unary(continuation, details, request)

    def intercept_stream_unary(self, continuation: Any, details: Any, requests: Any) -> Any:
        return self._unary(continuation, details, requests)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return self._stream(continuation, details, request)

    def intercept_stream_stream(self, continuation: Any, details: Any, requests: Any) -> Any:
        return self._stream(continuation, details, requests)

    def _unary(self, continuation: Any, details: Any, sent: Any) -> Any:
        if details.method.endswith(_IN_THE_BACKGROUND):
            return self._background(continuation, details, sent)
        self._session.raise_if_moved()
        attempt = _Attempt(self._session)
        call = continuation(details, sent)
        # One that isn't done is a future that somebody waits for later.
        if call.done():
            if isinstance(call.exception(), _CLOSED_CHANNEL):
                self._session.raise_if_moved()
            attempt.ended(call)
        return call

    def _background(self, continuation: Any, details: Any, sent: Any) -> Any:
        arn = self._session.arn
        call = continuation(details, sent)
        # PySpark would try again for ten minutes, and ``stop()`` would wait for it.
        if call.done() and call.code() is grpc.StatusCode.UNAVAILABLE:
            self._session.raise_if_not_live(arn)
            self._session.raise_if_refused()
        return call

    def _stream(self, continuation: Any, details: Any, sent: Any) -> Any:
        self._session.raise_if_moved()
        attempt = _Attempt(self._session)
        try:
            return _WatchedStream(continuation(details, sent), attempt)
        except _CLOSED_CHANNEL:
            self._session.raise_if_moved()
            raise


class _Attempt:
    """One call: the session that it was begun with, and the token of that moment."""

    def __init__(self, session: CurrentSession) -> None:
        self._session = session
        self._arn = session.arn
        self._tokens = session.tokens
        self._begun_with = self._tokens.latest

    def ended(self, call: Any) -> None:
        """Raise what is behind a failure, if it is more than gRPC's error says."""
        if call.code() not in _GATEWAY_CODES:
            return
        self._session.raise_if_ended(self._arn)
        self._session.raise_if_refused()
        closed = _CLOSED in str(call.details()).lower()
        if (call.code() in _TOKEN_CODES or closed) and self._begun_with:
            outlived = self._tokens.is_due(self._begun_with)
            self._session.token_refused(self._begun_with)
            if outlived or closed:
                raise CutOffError(call)


class _WatchedStream(ResponseIterator):
    """Looks after the session when the answers break off."""

    def __init__(self, call: Any, attempt: _Attempt) -> None:
        super().__init__(call)
        self._attempt = attempt

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except grpc.RpcError as error:
            self._attempt.ended(error)
            raise


class CutOffError(grpc.RpcError):
    """A call was cut off, though its session lives: it outlived its token, for instance.

    It is UNAVAILABLE, which Spark Connect clients take as the sign to re-attach: with a new token.
    To the interceptors of a call with one answer it is the call as well.
    """

    def __init__(self, cause: Any) -> None:
        super().__init__("The call was cut off.")
        self._cause = cause

    def code(self) -> grpc.StatusCode:
        """UNAVAILABLE."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """What the endpoint said."""
        return str(self._cause.details())

    def done(self) -> bool:
        """That it is."""
        return True

    def result(self, timeout: float | None = None) -> NoReturn:  # noqa: ARG002
        """Raise it."""
        raise self

    def exception(self, timeout: float | None = None) -> CutOffError:  # noqa: ARG002
        """Give it."""
        return self

    def trailing_metadata(self) -> tuple[()]:
        """None: those of the endpoint belong to its own code, and PySpark compares the two."""
        return ()
