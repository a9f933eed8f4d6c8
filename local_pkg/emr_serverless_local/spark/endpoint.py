"""A session's endpoint: gRPC over TLS on loopback, for calls with the session's token.

Passes the bytes of every call on to the Spark Connect server, and those of the
answer back, whatever the method; knows nothing of Spark Connect. Says
UNAUTHENTICATED to a missing, wrong or expired token, NOT_FOUND when the session
is over. The session is BUSY while there are calls.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

from ..sessions.backing import BackedSession
from .server import SparkServer

TOKEN_HEADER = "x-aws-proxy-auth"
# Each call takes a thread for as long as it lasts, and an interrupt must find one
# however many queries run. Threads are made when they are needed.
CALLS_AT_ONCE = 1000
# Batches of rows are as large as Spark makes them.
_UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# What gRPC says of itself on each connection, and what is for the endpoint alone.
_NOT_PASSED_ON = frozenset({TOKEN_HEADER, "authorization", "user-agent"})


class Endpoint(grpc.GenericRpcHandler):
    """The endpoint of one session, from now on until it is closed.

    It outlives the session, so that late calls are told that it is over.
    """

    def __init__(
        self, session: BackedSession, server: SparkServer, credentials: grpc.ServerCredentials
    ) -> None:
        self._session = session
        self._behind = server
        self._channel: grpc.Channel | None = None
        self._calls = 0
        self._lock = threading.Lock()
        self._server = grpc.server(
            ThreadPoolExecutor(CALLS_AT_ONCE), handlers=[self], options=_UNLIMITED
        )
        self.port = self._server.add_secure_port("127.0.0.1:0", credentials)
        self._server.start()

    def close(self) -> None:
        """End all calls, and listen no more."""
        self._server.stop(grace=None).wait()
        if self._channel:
            self._channel.close()

    def service(
        self, handler_call_details: grpc.HandlerCallDetails
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """The handler of a method: the same for all, as streams of bytes."""
        method = handler_call_details.method

        def relay(requests: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
            return self._relay(method, requests, context)

        return grpc.stream_stream_rpc_method_handler(relay)

    def _relay(
        self, method: str, requests: Iterator[bytes], context: grpc.ServicerContext
    ) -> Iterator[bytes]:
        sent = tuple(context.invocation_metadata())
        problem = self._session.token_problem(_token(sent))
        if problem:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, problem)
        self._require_open(context)
        secret = self._behind.secret
        with self._working() as channel:
            passing: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(method)
            call = passing(
                requests,
                metadata=(
                    *(pair for pair in sent if pair[0] not in _NOT_PASSED_ON),
                    *([("authorization", f"Bearer {secret}")] if secret else []),
                ),
            )

            def cancel() -> None:
                call.cancel()

            # Also when the client's deadline is over.
            if not context.add_callback(cancel):
                cancel()
            try:
                context.send_initial_metadata(call.initial_metadata())
                yield from call
            except grpc.RpcError:
                # Its server is gone because the session is over, or has failed just now.
                self._require_open(context)
        context.set_trailing_metadata(call.trailing_metadata())
        if call.code() is not grpc.StatusCode.OK:
            context.abort(call.code(), call.details())

    def _require_open(self, context: grpc.ServicerContext) -> None:
        closed = self._session.unavailable_because()
        if closed:
            context.abort(grpc.StatusCode.NOT_FOUND, closed)

    @contextmanager
    def _working(self) -> Iterator[grpc.Channel]:
        """Have the session BUSY from its first call to the end of its last."""
        with self._lock:
            # Not before the first call: only now the server's port is known for sure.
            self._channel = self._channel or grpc.insecure_channel(
                f"127.0.0.1:{self._behind.port}",
                options=[*_UNLIMITED, ("grpc.enable_http_proxy", 0)],
            )
            self._calls += 1
            if self._calls == 1:
                self._session.work()
        try:
            yield self._channel
        finally:
            with self._lock:
                self._calls -= 1
                if self._calls == 0:
                    self._session.rest()


def _token(metadata: tuple[tuple[str, str | bytes], ...]) -> str | None:
    value = dict(metadata).get(TOKEN_HEADER)
    return value if isinstance(value, str) else None
