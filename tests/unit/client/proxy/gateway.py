"""A session's endpoint without Spark, with methods that show what a proxy forwards.

``/test/Echo`` answers each message with itself. ``/test/Hold`` answers once, and again when the
gate is opened. ``/test/Fail`` ends as Spark's errors do. ``/test/Count`` counts what it is sent.
``/test/Unread`` answers without reading, ``/test/Endless`` for as long as somebody reads. Three
methods of Spark Connect, of one message each way, do the same as Echo, Hold and Fail.
"""

import queue
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
import trustme

from emr_serverless_local.sessions.backing import BackedSession

DOMAIN = "emr-serverless.localhost"
TOKEN_HEADER = "x-aws-proxy-auth"
ASKED, ASKED_LONG, ASKED_WRONG = (
    f"/spark.connect.SparkConnectService/{name}" for name in ("Config", "Interrupt", "AnalyzePlan")
)
UNREAD = [bytes([number]) * 20_000 for number in range(5)]
DETAILS = b"\x00\xffdetails"
UNLIMITED = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
# What RFC 9113 has a server take at least.
CALLS_A_CONNECTION = 100


@dataclass(frozen=True)
class Call:
    """A call as it came."""

    method: str
    metadata: tuple[tuple[str, str | bytes], ...]
    seconds_left: float

    @property
    def token(self) -> str:
        (token,) = [value for key, value in self.metadata if key == TOKEN_HEADER]
        return str(token)


class Gateway:
    """A gateway for each session, as the session service starts them."""

    def __init__(self) -> None:
        self.authority = trustme.CA()
        self.calls: list[Call] = []
        # Calls of /test/Hold stay until this is set.
        self.gate = threading.Event()
        # How they are cut off, if they are.
        self.cut_off: tuple[grpc.StatusCode, str] | None = None
        # The method of each call that ended because its client had gone.
        self.left: queue.Queue[str] = queue.Queue()
        # The size of each answer of /test/Endless.
        self.given: queue.Queue[int] = queue.Queue()
        # Whether a call of one message each way has come that is held.
        self.held = threading.Event()
        self._servers: dict[str, _Server] = {}
        leaf = self.authority.issue_cert(f"*.{DOMAIN}")
        chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
        self._credentials = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])

    @property
    def roots(self) -> bytes:
        """What clients have to trust."""
        return self.authority.cert_pem.bytes()

    def start(self, session: BackedSession) -> None:
        self._servers[session.session_id] = _Server(self, session, self._credentials)

    def up(self, session_id: str) -> bool:
        return session_id in self._servers

    def failure(self, session_id: str) -> str | None:  # noqa: ARG002
        return None

    def endpoint(self, session_id: str) -> str:
        return f"https://{session_id}.{DOMAIN}:{self._servers[session_id].port}"

    def dashboard(self, session_id: str) -> str | None:  # noqa: ARG002
        return None

    def end(self, session_id: str) -> None:
        """Nothing: the gateway says by itself that the session is over."""

    def close(self) -> None:
        """Have nothing listen any more."""
        self.gate.set()
        for server in self._servers.values():
            server.server.stop(grace=None).wait()


class _Server(grpc.GenericRpcHandler):
    def __init__(self, gateway: Gateway, session: BackedSession, credentials: Any) -> None:
        self._gateway = gateway
        self._session = session
        self.server = grpc.server(
            ThreadPoolExecutor(300),
            handlers=[self],
            options=[*UNLIMITED, ("grpc.max_concurrent_streams", CALLS_A_CONNECTION)],
        )
        self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        self.server.start()

    def service(self, handler_call_details: Any) -> Any:
        method = str(handler_call_details.method)
        answers = {
            "/test/Echo": self._echo,
            "/test/Hold": self._hold,
            "/test/Fail": self._fail,
            "/test/Count": self._count,
            "/test/Unread": self._unread,
            "/test/Endless": self._endless,
            ASKED: self._echo,
            ASKED_LONG: self._hold_one,
            ASKED_WRONG: self._fail_at_once,
        }.get(method)
        if not answers:
            return None

        def handle(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
            call = Call(method, tuple(context.invocation_metadata()), context.time_remaining())
            self._gateway.calls.append(call)
            if self._session.unavailable_because():
                context.abort(grpc.StatusCode.NOT_FOUND, self._session.unavailable_because())
            if self._session.token_problem(call.token):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "The token is no good")
            yield from answers(requests, context)

        return grpc.stream_stream_rpc_method_handler(handle)

    def _echo(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        context.send_initial_metadata([("header", "first")])
        yield from requests
        context.set_trailing_metadata([("trailer-bin", b"\x00last")])

    def _hold(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        # Of this test: a call may end when the next one has begun.
        let_go, left = threading.Event(), self._gateway.left

        def ended() -> None:
            if not let_go.is_set():
                left.put("/test/Hold")

        # gRPC may never come back to this generator after its first answer.
        context.add_callback(ended)
        yield next(requests)
        while context.is_active() and not self._gateway.gate.wait(0.02):
            pass
        if context.is_active():
            let_go.set()
        if self._gateway.cut_off:
            context.set_trailing_metadata([("grpc-status-details-bin", DETAILS)])
            context.abort(*self._gateway.cut_off)
        yield b"gone on"

    def _hold_one(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        answers = self._hold(requests, context)
        next(answers)
        self._gateway.held.set()
        yield from answers

    def _fail_at_once(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        answers = self._fail(requests, context)
        next(answers)
        yield from answers

    def _fail(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        yield next(requests)
        context.set_trailing_metadata([("grpc-status-details-bin", DETAILS)])
        context.abort(grpc.StatusCode.INTERNAL, "[TABLE_OR_VIEW_NOT_FOUND] näher")

    def _count(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:  # noqa: ARG002
        yield str(sum(map(len, requests))).encode()

    def _unread(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:  # noqa: ARG002
        yield from UNREAD
        context.set_trailing_metadata([("trailer-bin", b"\x00last")])

    def _endless(self, requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
        yield next(requests)
        while context.is_active():
            self._gateway.given.put(1 << 20)
            yield bytes(1 << 20)
