"""The proxy forwards every call unchanged: kinds, metadata, trailers, sizes, deadlines, ends."""

import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from pyspark.sql.connect.proto import base_pb2

from emr_session import SessionProxy
from emr_session._proxy.relay import ONE_MESSAGE_EACH_WAY

from .conftest import Proxied, client_of
from .gateway import (
    ASKED,
    ASKED_LONG,
    ASKED_WRONG,
    CALLS_A_CONNECTION,
    DETAILS,
    TOKEN_HEADER,
    UNREAD,
    Gateway,
)

ECHOING = pytest.mark.parametrize("method", ["/test/Echo", ASKED])
KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
# More than a gateway takes on one connection.
CLIENTS = CALLS_A_CONNECTION + 10
# gRPC's own limit is 4 MiB.
LARGE = 12 << 20
SECONDS = 20
HOLDING = """
import sys, grpc
with grpc.insecure_channel(sys.argv[1]) as channel:
    answers = channel.unary_stream("/test/Hold")(b"held")
    print(next(answers).decode(), flush=True)
    next(answers)
"""


def _code(method: Any, sent: Any) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as raised:
        method(sent)
    code: grpc.StatusCode = raised.value.code()
    return code


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_call_is_passed_on(channel: Any, kind: str) -> None:
    asked: Any = iter([b"a", b"b"]) if kind == "stream_stream" else b"a"
    asked = iter([b"a"]) if kind == "stream_unary" else asked
    answer = getattr(channel, kind)("/test/Echo")(asked)

    answers = list(answer) if kind.endswith("stream") else [answer]
    assert answers == ([b"a", b"b"] if kind == "stream_stream" else [b"a"])


def test_spark_connects_methods_of_one_message_each_way_are_known() -> None:
    methods = base_pb2.DESCRIPTOR.services_by_name["SparkConnectService"].methods
    streams = {m.name for m in methods if m.client_streaming or m.server_streaming}
    known = {method.rpartition("/")[2] for method in ONE_MESSAGE_EACH_WAY}

    assert known == {m.name for m in methods} - streams


@ECHOING
def test_the_metadata_of_the_client_is_passed_on_and_the_token_is_put_in(
    channel: Any, gateway: Gateway, method: str
) -> None:
    sent = [("client", "one"), ("client", "two"), ("client-bin", b"\x00\xff")]
    channel.unary_unary(method)(b"", metadata=[*sent, (TOKEN_HEADER, "of the client")])

    (call,) = gateway.calls
    assert set(sent) <= set(call.metadata)
    assert call.token != "of the client"


@ECHOING
def test_headers_and_trailers_come_back(channel: Any, method: str) -> None:
    call = channel.unary_stream(method)(b"a")

    assert dict(call.initial_metadata()) == {"header": "first"}
    assert list(call) == [b"a"]
    assert dict(call.trailing_metadata()) == {"trailer-bin": b"\x00last"}


def test_an_error_comes_back_with_its_details(channel: Any) -> None:
    answers = channel.unary_stream("/test/Fail")(b"a")
    assert next(answers) == b"a"

    with pytest.raises(grpc.RpcError) as raised:
        next(answers)
    error: Any = raised.value
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == "[TABLE_OR_VIEW_NOT_FOUND] näher"
    assert dict(error.trailing_metadata())["grpc-status-details-bin"] == DETAILS


def test_so_does_one_of_a_call_with_one_message_each_way(channel: Any) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary(ASKED_WRONG)(b"a")
    error: Any = raised.value
    assert error.code() is grpc.StatusCode.INTERNAL
    assert error.details() == "[TABLE_OR_VIEW_NOT_FOUND] näher"
    assert dict(error.trailing_metadata())["grpc-status-details-bin"] == DETAILS


def test_a_call_that_the_session_refuses_unread_says_why_every_time(channel: Any) -> None:
    # grpc.aio puts INTERNAL in place of one answer in ten, while it is still sending.
    lacking = channel.unary_unary("/test/Unheard")
    codes = Counter(_code(lacking, b"") for _ in range(100))

    assert codes == {grpc.StatusCode.UNIMPLEMENTED: 100}


def test_an_upload_that_the_session_refuses_unread_says_why_every_time(channel: Any) -> None:
    lacking = channel.stream_unary("/test/Unheard")
    codes = Counter(_code(lacking, iter([bytes(200_000)] * 20)) for _ in range(50))

    assert codes == {grpc.StatusCode.UNIMPLEMENTED: 50}


def test_all_answers_to_an_upload_come_though_the_session_reads_none_of_it(channel: Any) -> None:
    for _ in range(30):
        call = channel.stream_stream("/test/Unread")(iter([bytes(200_000)] * 20))

        assert list(call) == UNREAD
        assert dict(call.trailing_metadata()) == {"trailer-bin": b"\x00last"}


@ECHOING
def test_messages_of_any_size_pass_both_ways(channel: Any, method: str) -> None:
    sent = os.urandom(LARGE)

    assert channel.unary_unary(method)(sent) == sent


def test_a_long_upload_passes(channel: Any) -> None:
    chunks = (bytes(1 << 20) for _ in range(16))

    assert channel.stream_unary("/test/Count")(chunks) == str(16 << 20).encode()


@ECHOING
def test_a_deadline_is_passed_on_where_there_is_one(
    channel: Any, gateway: Gateway, method: str
) -> None:
    echo = channel.unary_unary(method)
    echo(b"")
    echo(b"", timeout=SECONDS)

    without, with_one = gateway.calls
    # gRPC's word for none.
    assert without.seconds_left > 1e9
    # It is sent in whole tenths, rounded up.
    assert 0 < with_one.seconds_left < SECONDS + 1


def test_a_call_that_the_client_cancels_ends_at_the_session(channel: Any, gateway: Gateway) -> None:
    answers = channel.unary_stream("/test/Hold")(b"held")
    assert next(answers) == b"held"
    answers.cancel()

    assert gateway.left.get(timeout=SECONDS) == "/test/Hold"


def test_so_does_one_with_one_message_each_way(channel: Any, gateway: Gateway) -> None:
    call = channel.unary_unary(ASKED_LONG).future(b"held")
    assert gateway.held.wait(SECONDS)
    call.cancel()

    assert gateway.left.get(timeout=SECONDS) == "/test/Hold"


def test_what_a_killed_client_had_open_ends_and_others_go_on(
    proxy: SessionProxy, channel: Any, gateway: Gateway
) -> None:
    held = channel.unary_stream("/test/Hold")(b"mine")
    assert next(held) == b"mine"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, f"127.0.0.1:{proxy.port}"],
        stdout=subprocess.PIPE,
        text=True,
    ) as client:
        assert client.stdout
        assert client.stdout.readline() == "held\n"
        client.kill()

    assert gateway.left.get(timeout=SECONDS) == "/test/Hold"
    gateway.gate.set()
    assert list(held) == [b"gone on"]


def test_no_number_of_open_calls_keeps_the_next_one_waiting(
    proxy: SessionProxy, channel: Any, gateway: Gateway
) -> None:
    clients = [client_of(proxy) for _ in range(CLIENTS)]
    held = [client.unary_stream("/test/Hold")(b"held") for client in clients]
    assert [next(answers) for answers in held] == [b"held"] * CLIENTS

    assert channel.unary_unary("/test/Echo")(b"interrupt", timeout=SECONDS) == b"interrupt"

    gateway.gate.set()
    assert [list(answers) for answers in held] == [[b"gone on"]] * CLIENTS
    for client in clients:
        client.close()


def test_many_clients_at_once_get_their_own_answers(proxied: Proxied, arn: str) -> None:
    running = proxied(arn)

    def ask(number: int) -> bool:
        sent = [f"{number}.{part}".encode() for part in range(20)]
        with client_of(running) as client:
            return list(client.stream_stream("/test/Echo")(iter(sent))) == sent

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(ask, range(40)))
