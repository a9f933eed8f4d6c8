"""A session's endpoint without Spark: gRPC over TLS for callers with a token.

Answers Spark's version, as the preflight asks it, and any query with the same rows, from where a
client re-attaches. Has one method of each kind for the tests.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pyarrow
import trustme
from pyspark.sql.connect.proto import base_pb2

from emr_serverless_local.sessions.backing import BackedSession
from emr_session import connect

from .account import Account, TestClock

DOMAIN = "emr-serverless.localhost"
TOKEN_HEADER = "x-aws-proxy-auth"


class Gateways:
    """A gateway for each session, as the session service starts them."""

    def __init__(self, spark_version: str = "3.5.6-amzn-0") -> None:
        self.authority = trustme.CA()
        self.spark_version = spark_version
        # What calls are held at, between their first answer and their second.
        self.gate = threading.Event()
        self.gate.set()
        self.cut_off = threading.Event()
        self.cut_off_with = (grpc.StatusCode.UNAUTHENTICATED, "The token has expired")
        self.away = threading.Event()
        self.seen: list[tuple[str, str]] = []
        # A stream of rows is cut off after so many answers, and then this is done.
        self.rows = range(8)
        # Spark's configuration.
        self.settings: dict[str, str] = {}
        self.answers_a_stream: int | None = None
        self.on_cut: Callable[[], object] = lambda: None
        leaf = self.authority.issue_cert(f"*.{DOMAIN}")
        chain = b"".join(part.bytes() for part in leaf.cert_chain_pems)
        self._credentials = grpc.ssl_server_credentials([(leaf.private_key_pem.bytes(), chain)])
        self._gateways: dict[str, _Gateway] = {}

    @property
    def roots(self) -> bytes:
        """What clients have to trust."""
        return self.authority.cert_pem.bytes()

    def start(self, session: BackedSession) -> None:
        self._gateways[session.session_id] = _Gateway(self, session, self._credentials)

    def up(self, session_id: str) -> bool:
        return session_id in self._gateways

    def failure(self, session_id: str) -> str | None:  # noqa: ARG002
        return None

    def endpoint(self, session_id: str) -> str:
        return f"https://{session_id}.{DOMAIN}:{self._gateways[session_id].port}"

    def dashboard(self, session_id: str) -> str | None:  # noqa: ARG002
        return None

    def end(self, session_id: str) -> None:
        """Nothing: the gateway says by itself that the session is over."""

    def close(self, session_id: str | None = None) -> None:
        """Have nothing listen any more, of one session or all."""
        for name, gateway in self._gateways.items():
            if session_id in (None, name):
                gateway.server.stop(grace=None).wait()


class _Gateway(grpc.GenericRpcHandler):
    def __init__(self, all_: Gateways, session: BackedSession, credentials: Any) -> None:
        self._all = all_
        self._session = session
        self.server = grpc.server(ThreadPoolExecutor(8), handlers=[self])
        self.port = self.server.add_secure_port("127.0.0.1:0", credentials)
        self.server.start()

    def service(self, handler_call_details: Any) -> Any:
        method = handler_call_details.method
        spark = method.endswith("/AnalyzePlan")

        def answer(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
            sent = [value for key, value in context.invocation_metadata() if key == TOKEN_HEADER]
            self._all.seen.append((method, *sent))
            if self._all.away.is_set():
                context.abort(grpc.StatusCode.UNAVAILABLE, "The network is away")
            if self._session.unavailable_because():
                context.abort(grpc.StatusCode.NOT_FOUND, self._session.unavailable_because())
            if self._session.token_problem(sent[0] if sent else None):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "The token is no good")
            if spark:
                yield self._version(next(iter(requests)))
                return
            if method.endswith(("/ExecutePlan", "/ReattachExecute")):
                yield from self._rows(method, next(iter(requests)), context)
                return
            if method.endswith("/Config"):
                yield self._config(next(iter(requests)))
                return
            if method.endswith("/ReleaseExecute"):
                yield self._released(next(iter(requests)))
                return
            said = b"".join(requests)
            yield said
            if method.endswith("Stream"):
                self._all.gate.wait(10)
                if self._all.cut_off.is_set():
                    context.abort(*self._all.cut_off_with)
                yield said

        return grpc.stream_stream_rpc_method_handler(answer)

    def _rows(self, method: str, request: bytes, context: Any) -> Iterator[bytes]:
        """One row an answer, each answer's id its number."""
        asked: Any
        if method.endswith("/ExecutePlan"):
            asked, first = base_pb2.ExecutePlanRequest.FromString(request), 0
        else:
            asked = base_pb2.ReattachExecuteRequest.FromString(request)
            first = int(asked.last_response_id) + 1 if asked.HasField("last_response_id") else 0
        for given, number in enumerate(range(first, len(self._all.rows) + 1)):
            if given == self._all.answers_a_stream:
                self._all.on_cut()
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "The token has expired")
            answer = base_pb2.ExecutePlanResponse(
                session_id=asked.session_id,
                operation_id=asked.operation_id,
                response_id=str(number),
            )
            if number == len(self._all.rows):
                answer.result_complete.SetInParent()
            else:
                answer.arrow_batch.row_count = 1
                answer.arrow_batch.data = _batch(self._all.rows[number])
            yield bytes(answer.SerializeToString())

    def _released(self, request: bytes) -> bytes:
        asked = base_pb2.ReleaseExecuteRequest.FromString(request)
        answer = base_pb2.ReleaseExecuteResponse(session_id=asked.session_id)
        return bytes(answer.SerializeToString())

    def _config(self, request: bytes) -> bytes:
        asked = base_pb2.ConfigRequest.FromString(request)
        answer = base_pb2.ConfigResponse(session_id=asked.session_id)
        wanted = asked.operation.get_with_default.pairs
        for key in [*(pair.key for pair in wanted), *asked.operation.get.keys]:
            answer.pairs.add(key=key, value=self._all.settings.get(key))
        return bytes(answer.SerializeToString())

    def _version(self, request: bytes) -> bytes:
        asked = base_pb2.AnalyzePlanRequest.FromString(request)
        answer = base_pb2.AnalyzePlanResponse(session_id=asked.session_id)
        answer.spark_version.version = self._all.spark_version
        return bytes(answer.SerializeToString())


def _batch(number: int) -> bytes:
    batch = pyarrow.record_batch({"id": pyarrow.array([number], pyarrow.int64())})
    sink = pyarrow.BufferOutputStream()
    with pyarrow.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def connected(
    aws: Account, clock: TestClock, target: str, gateways: Gateways, **options: Any
) -> Any:
    """``connect`` to a session behind a gateway."""
    options = {"root_certificates": gateways.roots, **options}
    return connect(target, session=aws.session(), clock=clock, **options)
