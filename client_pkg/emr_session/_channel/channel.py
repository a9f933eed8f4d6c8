"""The gRPC channel to a session: every call has a valid token, and says so when the session ended.

Knows gRPC, and nothing of PySpark but which calls it makes in the background.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import grpc

from .._emr.names import SessionArn
from .current_session import CurrentSession
from .endpoint import TOKEN_HEADER, Endpoint

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
# Made in a thread whose errors end as a warning: a session that ended has to be said elsewhere.
_IN_THE_BACKGROUND = "/ReleaseExecute"
_TOKEN_CODES = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})


def session_channel(
    session: CurrentSession, open_channel: Callable[[str], grpc.Channel]
) -> grpc.Channel:
    """A channel to the session of a session.

    Args:
        session: Gives address and tokens.
        open_channel: Opens a plain channel to an address (``HOST:PORT``).
    """
    return grpc.intercept_channel(
        _FollowingChannel(session, open_channel), _SessionInterceptor(session)
    )


class _FollowingChannel(grpc.Channel):
    """A channel to the current session.

    Behind an interceptor, each call asks for its method anew; so a call that begins after a move
    goes to the successor.
    """

    def __init__(
        self, session: CurrentSession, open_channel: Callable[[str], grpc.Channel]
    ) -> None:
        self._session = session
        self._open = open_channel
        self._lock = threading.Lock()
        self._address = session.endpoint().address
        self._channel = open_channel(self._address)

    def _current(self) -> grpc.Channel:
        address = self._session.endpoint().address
        with self._lock:
            if address != self._address:
                self._channel.close()
                self._address, self._channel = address, self._open(address)
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

    def __enter__(self) -> _FollowingChannel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Details(NamedTuple):
    """A call's details; gRPC's own class for them is private."""

    method: str
    timeout: float | None
    metadata: Sequence[tuple[str, str]]
    credentials: Any
    wait_for_ready: bool | None
    compression: Any


class _SessionInterceptor(
    grpc.UnaryUnaryClientInterceptor,
    grpc.UnaryStreamClientInterceptor,
    grpc.StreamUnaryClientInterceptor,
    grpc.StreamStreamClientInterceptor,
):
    """Puts the token into every call, and looks after the session when a call fails.

    A client that keeps the metadata it was made with, as PySpark's re-attaching iterator and
    artifact manager do, has a valid token all the same.
    """

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
        attempt = _Attempt(self._session)
        call = continuation(attempt.with_token(details), sent)
        if details.method.endswith(_IN_THE_BACKGROUND):
            return call
        # One that isn't done is a future that somebody waits for later.
        if call.done() and call.code() in _GATEWAY_CODES:
            attempt.failed(call)
        return call

    def _stream(self, continuation: Any, details: Any, sent: Any) -> Any:
        attempt = _Attempt(self._session)
        return _WatchedStream(continuation(attempt.with_token(details), sent), attempt)


class _Attempt:
    """One call: the session and the token that it was begun with."""

    def __init__(self, session: CurrentSession) -> None:
        self._session = session
        self._arn: SessionArn = session.arn
        self._endpoint: Endpoint = session.endpoint()

    def with_token(self, details: Any) -> _Details:
        """The call's details with a valid token among them, and no other."""
        kept = [pair for pair in details.metadata or () if pair[0] != TOKEN_HEADER]
        return _Details(
            details.method,
            details.timeout,
            [*kept, (TOKEN_HEADER, self._endpoint.token)],
            details.credentials,
            getattr(details, "wait_for_ready", None),
            getattr(details, "compression", None),
        )

    def failed(self, error: Any) -> None:
        """Raise what is behind a failure, if it is more than the error says."""
        if error.code() not in _GATEWAY_CODES:
            return
        self._session.raise_if_ended(self._arn)
        if error.code() in _TOKEN_CODES:
            outlived = self._session.is_due(self._endpoint)
            self._session.token_refused(self._endpoint)
            if outlived:
                raise TokenOutlivedError(error)


class _WatchedStream:
    """The answers of a call, as an iterator that looks after the session when it breaks."""

    def __init__(self, call: Any, attempt: _Attempt) -> None:
        self._call = call
        self._attempt = attempt

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._call)
        except grpc.RpcError as error:
            self._attempt.failed(error)
            raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._call, name)


class TokenOutlivedError(grpc.RpcError):
    """A call was cut off because it outlived its token.

    It is UNAVAILABLE, which Spark Connect clients take as the sign to re-attach: with a new token.
    """

    def __init__(self, cause: Any) -> None:
        super().__init__("The call outlived its token.")
        self._cause = cause

    def code(self) -> grpc.StatusCode:
        """UNAVAILABLE."""
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        """What the endpoint said."""
        return str(self._cause.details())

    def trailing_metadata(self) -> tuple[()]:
        """None: those of the endpoint belong to its own code, and PySpark compares the two."""
        return ()
