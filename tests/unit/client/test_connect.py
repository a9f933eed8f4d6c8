"""``connect`` gives every call a valid token, and reports connection problems within seconds.

The gateway is a real one over TLS; Spark behind it is in tests/spark.
"""

import copy
import logging
import os
import socket
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Timer
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import boto3
import grpc
import pytest
import trustme
from botocore.exceptions import ClientError, ReadTimeoutError
from pyspark.sql.functions import udf
from pyspark.sql.types import LongType

from emr_serverless_local.sessions import SessionService
from emr_session import (
    ConnectError,
    CredentialsError,
    EndpointError,
    SessionEndedError,
    SessionMovedError,
    SparkVersionError,
    SparkVersionWarning,
    connect,
)
from emr_session._channel.channel import CutOffError, OpenChannel, _Attempt, session_channel
from emr_session._channel.credentials import channel_credentials
from emr_session._channel.current_session import CurrentSession
from emr_session._channel.tokens import Tokens
from emr_session._emr.aws import Aws
from emr_session._emr.locate import locate
from emr_session._emr.names import SessionArn
from emr_session._emr.session import SessionStatus

from .account import Account, TestClock, account
from .gateway import Gateways, connected

KINDS = ["unary_unary", "unary_stream", "stream_unary", "stream_stream"]
PARAMETER = "/notebooks/session"
pyspark = pytest.importorskip("pyspark")


@pytest.fixture
def aws(clock: TestClock, gateways: Gateways) -> Iterator[Account]:
    service = SessionService(clock=clock, start_seconds=90, stop_seconds=30, backing=gateways)
    with account(service) as made:
        yield made


@pytest.fixture
def application(aws: Account) -> str:
    # Of no release whose Spark is known: the tests run with any PySpark.
    return aws.application(release="emr-99.0.0")


@pytest.fixture
def arn(aws: Account, application: str) -> str:
    arn = aws.start(application, idleTimeoutMinutes=600)
    aws.parameters[PARAMETER] = arn
    return arn


def linked(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    target: str,
    *,
    follow: bool = False,
    open_channel: OpenChannel | None = None,
) -> grpc.Channel:
    """A channel as ``connect`` gives it to PySpark, without PySpark."""
    clock.advance(100)
    clients = Aws(session=aws.session())
    at = locate(target, clients)
    link = CurrentSession(clients, target, at, follow=follow, timeout=600, clock=clock)
    return session_channel(link, open_channel or plain_channel(gateways), lambda: None)


def plain_channel(gateways: Gateways) -> OpenChannel:
    return lambda address, tokens: grpc.secure_channel(
        address, channel_credentials(tokens, gateways.roots)
    )


def call(channel: grpc.Channel, kind: str) -> bytes:
    """Make a call of a kind; gives the last answer."""
    method = "/test/" + "".join(part.title() for part in kind.split("_"))
    asked: Any = iter([b"a", b"b"]) if kind.startswith("stream") else b"ab"
    answer = getattr(channel, kind)(method)(asked)
    return bytes(list(answer)[-1] if kind.endswith("stream") else answer)


# Tokens


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_call_has_the_token_and_no_other(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, kind: str
) -> None:
    with linked(aws, clock, gateways, arn) as channel:
        assert call(channel, kind) == b"ab"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_call_survives_the_hour(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, kind: str
) -> None:
    with linked(aws, clock, gateways, arn) as channel:
        call(channel, kind)
        clock.advance(3600)
        assert call(channel, kind) == b"ab"

    assert len({token for _, token in gateways.seen}) == 2


def test_a_stream_that_outlived_its_token_is_for_pyspark_to_re_attach(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    gateways.gate.clear()
    with linked(aws, clock, gateways, arn) as channel:
        answers: Any = cast(Any, channel).unary_stream("/test/UnaryStream")(b"ab")
        assert next(answers) == b"ab"
        clock.advance(3600)
        gateways.cut_off.set()
        gateways.gate.set()

        with pytest.raises(CutOffError) as raised:
            next(answers)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        assert call(channel, "unary_unary") == b"ab"


def test_a_stream_that_aws_removed_is_for_pyspark_to_re_attach(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is how AWS ends a call whose token expires."""
    monkeypatch.setattr(gateways, "cut_off_with", (grpc.StatusCode.UNKNOWN, "Stream removed"))
    with linked(aws, clock, gateways, arn) as channel:
        gateways.cut_off.set()

        with pytest.raises(CutOffError) as raised:
            call(channel, "unary_stream")
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


def test_a_short_call_that_aws_removed_is_made_again_by_pyspark(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "cut_off_with", (grpc.StatusCode.UNKNOWN, "Stream removed"))
    spark = connected(aws, clock, arn, gateways)
    gateways.settings["key"] = "value"
    gateways.cut_off.set()

    assert spark.conf.get("key") == "value"
    assert not gateways.cut_off.is_set()
    spark.stop()


def test_a_token_that_is_refused_before_its_time_stays_refused(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    with linked(aws, clock, gateways, arn) as channel:
        gateways.cut_off.set()

        with pytest.raises(grpc.RpcError) as raised:
            call(channel, "unary_stream")
        assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_break_while_aws_cannot_be_asked_is_left_to_pyspark_to_retry(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    """A network that is away for a moment is away for the look at the session, too."""
    with linked(aws, clock, gateways, arn) as channel:
        call(channel, "unary_stream")
        aws.unreachable = True
        gateways.away.set()

        with pytest.raises(grpc.RpcError) as raised:
            call(channel, "unary_stream")
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE


# Sessions that end


@pytest.mark.parametrize("kind", KINDS)
def test_a_session_that_ended_is_said_by_every_kind_of_call(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, kind: str
) -> None:
    with linked(aws, clock, gateways, arn) as channel:
        call(channel, kind)
        aws.terminate(arn)

        with pytest.raises(SessionEndedError, match="TERMINATING"):
            call(channel, kind)


def test_a_session_that_ended_is_said_when_a_new_token_is_asked_for(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    with linked(aws, clock, gateways, arn) as channel:
        aws.terminate(arn)
        clock.advance(3600)

        with pytest.raises(SessionEndedError, match="TERMINATED"):
            call(channel, "unary_unary")


# Successors


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_that_follows_moves_to_the_successor_and_says_so_once(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str, kind: str
) -> None:
    with linked(aws, clock, gateways, PARAMETER, follow=True) as channel:
        call(channel, kind)
        aws.terminate(arn)
        aws.parameters[PARAMETER] = successor = aws.start(application)

        with pytest.raises(SessionMovedError, match=successor.rpartition("/")[2]):
            call(channel, kind)
        assert call(channel, kind) == b"ab"


def test_a_client_that_follows_moves_when_a_new_token_is_asked_for_too(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    with linked(aws, clock, gateways, PARAMETER, follow=True) as channel:
        aws.terminate(arn)
        clock.advance(3600)
        aws.parameters[PARAMETER] = aws.start(application)

        with pytest.raises(SessionMovedError):
            call(channel, "unary_unary")
        assert call(channel, "unary_unary") == b"ab"


def test_a_move_is_said_where_the_caller_hears_it(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    """PySpark releases what it has read in a thread of its own, which raises to nobody."""
    with linked(aws, clock, gateways, PARAMETER, follow=True) as channel:
        call(channel, "unary_unary")
        aws.terminate(arn)
        aws.parameters[PARAMETER] = aws.start(application)
        release: Any = channel.unary_unary("/spark.connect.SparkConnectService/ReleaseExecute")
        with pytest.raises(grpc.RpcError) as raised:
            release(b"")
        assert raised.value.code() is grpc.StatusCode.NOT_FOUND

        with pytest.raises(SessionMovedError):
            call(channel, "unary_unary")


@pytest.mark.usefixtures("stopwatch")
def test_what_pyspark_does_in_the_background_ends_with_the_session(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    """It would try again for ten minutes, and ``stop`` would wait for it."""
    with linked(aws, clock, gateways, arn) as channel:
        call(channel, "unary_unary")
        release: Any = channel.unary_unary("/spark.connect.SparkConnectService/ReleaseExecute")
        aws.terminate(arn)
        clock.advance(3600)

        with pytest.raises(SessionEndedError):
            release(b"")


def test_threads_move_together_and_see_nothing_but_the_move(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    begun = Barrier(9)
    with linked(aws, clock, gateways, PARAMETER, follow=True) as channel:

        def calls(kind: str) -> list[str]:
            begun.wait()
            outcomes = []
            for _ in range(60):
                try:
                    outcomes.append(call(channel, kind).decode())
                except Exception as error:  # noqa: BLE001 - compared below
                    outcomes.append(type(error).__name__)
            return outcomes

        with ThreadPoolExecutor(8) as threads:
            running = [threads.submit(calls, kind) for kind in KINDS * 2]
            begun.wait()
            aws.parameters[PARAMETER] = aws.start(application)
            aws.terminate(arn)
            outcomes = [one.result() for one in running]

    assert {outcome for thread in outcomes for outcome in thread} == {"ab", "SessionMovedError"}
    assert all(thread.count("SessionMovedError") <= 1 for thread in outcomes)
    assert all(thread[-1] == "ab" for thread in outcomes)


def test_every_thread_hears_of_the_move_once(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    """Also one that had nothing in progress: what it has made is gone all the same."""
    with linked(aws, clock, gateways, PARAMETER, follow=True) as channel, executor() as other:
        for outcome in (call(channel, "unary_unary"), other(call, channel, "unary_unary")):
            assert outcome == b"ab"
        aws.terminate(arn)
        aws.parameters[PARAMETER] = aws.start(application)
        with pytest.raises(SessionMovedError):
            call(channel, "unary_unary")

        with pytest.raises(SessionMovedError):
            other(call, channel, "unary_unary")
        assert other(call, channel, "unary_unary") == b"ab"
        assert call(channel, "unary_unary") == b"ab"


@pytest.mark.parametrize("kind", KINDS)
def test_a_call_whose_channel_a_move_has_closed_hears_of_the_move(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str, kind: str
) -> None:
    before_the_call: list[Callable[[], None]] = []

    def opened(address: str, tokens: Tokens) -> grpc.Channel:
        channel = plain_channel(gateways)(address, tokens)
        method = getattr(channel, kind)

        def chosen(*arguments: Any, **options: Any) -> Any:
            found = method(*arguments, **options)
            while before_the_call:
                before_the_call.pop()()
            return found

        setattr(channel, kind, chosen)
        return channel

    with (
        linked(aws, clock, gateways, PARAMETER, follow=True, open_channel=opened) as channel,
        executor() as other,
    ):

        def move() -> None:
            aws.terminate(arn)
            aws.parameters[PARAMETER] = aws.start(application)
            with pytest.raises(SessionMovedError):
                other(call, channel, kind)
            assert other(call, channel, kind) == b"ab"

        before_the_call.append(move)
        with pytest.raises(SessionMovedError):
            call(channel, kind)
        assert call(channel, kind) == b"ab"


def test_a_call_that_begins_during_a_move_hears_of_it(
    aws: Account,
    clock: TestClock,
    application: str,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock.advance(100)
    clients = Aws(session=aws.session())
    at = locate(arn, clients)
    link = CurrentSession(clients, PARAMETER, at, follow=True, timeout=600, clock=clock)
    tokens_of, begun = CurrentSession._tokens_of, list[_Attempt]()

    def noted(current: CurrentSession, successor: SessionArn) -> Tokens:
        begun.append(_Attempt(current))
        return tokens_of(current, successor)

    monkeypatch.setattr(CurrentSession, "_tokens_of", noted)
    aws.terminate(arn)
    aws.parameters[PARAMETER] = aws.start(application)
    with pytest.raises(SessionMovedError):
        link.raise_if_ended(at)

    [attempt] = begun
    refused = SimpleNamespace(code=lambda: grpc.StatusCode.NOT_FOUND, details=str)
    with pytest.raises(SessionMovedError):
        attempt.ended(refused)


@contextmanager
def executor() -> Iterator[Callable[..., bytes]]:
    """Runs functions, all in one other thread."""
    with ThreadPoolExecutor(1) as threads:
        yield lambda function, *arguments: threads.submit(function, *arguments).result()


def test_as_long_as_there_is_no_successor_the_session_is_over(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    with linked(aws, clock, gateways, PARAMETER, follow=True) as channel:
        aws.terminate(arn)
        with pytest.raises(SessionEndedError):
            call(channel, "unary_unary")

        aws.parameters[PARAMETER] = aws.start(application)
        with pytest.raises(SessionMovedError):
            call(channel, "unary_unary")


def test_a_client_that_was_not_asked_to_follow_stays(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    with linked(aws, clock, gateways, PARAMETER) as channel:
        aws.terminate(arn)
        aws.parameters[PARAMETER] = aws.start(application)

        with pytest.raises(SessionEndedError):
            call(channel, "unary_unary")


def test_following_begins_before_the_successor_is_there(
    aws: Account, clock: TestClock, gateways: Gateways, application: str, arn: str
) -> None:
    aws.terminate(arn)
    clock.advance(60)
    looks: list[str] = []

    def keep_alive() -> None:
        looks.append(aws.parameters[PARAMETER])
        if len(looks) == 5:
            aws.parameters[PARAMETER] = aws.start(application)

    aws.on_parameter = keep_alive
    spark = connected(aws, clock, PARAMETER, gateways, follow=True)

    assert spark.version.startswith(pyspark.__version__)
    spark.stop()


def test_an_arn_cannot_be_followed(aws: Account, clock: TestClock, arn: str) -> None:
    with pytest.raises(ConnectError, match="needs the name of the session's parameter"):
        connect(arn, follow=True, session=aws.session(), clock=clock)


# PySpark


def test_connect_gives_a_spark_session(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    spark = connected(aws, clock, arn, gateways)

    assert spark.version.startswith(pyspark.__version__)
    assert os.environ["SPARK_CONNECT_MODE_ENABLED"] == "1"
    spark.stop()


def test_an_observer_hears_of_the_wait_and_of_the_connection(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[Any] = []

    class RecordingObserver:
        """Notes what it is told."""

        def waiting(self, status: SessionStatus, seconds: float) -> None:
            heard.append((status.state, seconds))

        def connected(self, spark: Any) -> None:
            heard.append(spark)

    monkeypatch.setattr("emr_session._connect.connect.observers", [RecordingObserver()])
    spark = connected(aws, clock, arn, gateways)
    spark.stop()

    *waits, last = heard
    assert last is spark
    assert waits[0] == ("SUBMITTED", 0)
    assert waits[-1][0] == "STARTING"
    assert waits[-1][1] > 60


@pytest.mark.parametrize("answers", [1, 2, 7])
def test_rows_that_are_cut_off_by_each_tokens_end_all_come_and_come_once(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
    answers: int,
) -> None:
    monkeypatch.setattr(gateways, "rows", range(8))
    monkeypatch.setattr(gateways, "answers_a_stream", answers)
    monkeypatch.setattr(gateways, "on_cut", lambda: clock.advance(3600))
    spark = connected(aws, clock, arn, gateways)

    assert [row.id for row in spark.range(8).collect()] == list(range(8))
    streams = [
        (method, token)
        for method, token in gateways.seen
        if method.endswith(("/ExecutePlan", "/ReattachExecute"))
    ]
    assert len(streams) == len({token for _, token in streams}) == -(-9 // answers)
    spark.stop()


def test_a_file_of_certificates_will_do(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, tmp_path: Any
) -> None:
    (tmp_path / "ca.pem").write_bytes(gateways.roots)

    connected(aws, clock, arn, gateways, root_certificates=tmp_path / "ca.pem").stop()


def test_a_copy_of_the_builder_is_for_another_spark_session_over_the_same_link(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    spark: Any = connected(aws, clock, arn, gateways)
    builder = spark.client._builder
    new = copy.deepcopy(builder)
    params = "_params" if hasattr(builder, "_params") else "params"
    getattr(new, params).pop("session_id")

    assert builder.session_id
    with new.toChannel() as channel:
        assert call(channel, "unary_unary") == b"ab"
    spark.stop()


def test_pyspark_of_another_major_version_is_an_error_unless_it_is_wanted(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "spark_version", "9.0.0")
    with pytest.raises(SparkVersionError, match=r"has Spark 9\.0\.0"):
        connected(aws, clock, arn, gateways)

    connected(aws, clock, arn, gateways, check_version=False).stop()


def test_a_release_whose_spark_is_known_is_judged_before_anything_is_connected(
    aws: Account, clock: TestClock, gateways: Gateways, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyspark, "__version__", "2.4.0")
    with pytest.raises(SparkVersionError, match=r"emr-7\.13\.0 has Spark 3\.5\.6"):
        connected(aws, clock, aws.start(), gateways)

    assert gateways.seen == []


# AWS that is away, or refuses


@pytest.mark.parametrize("trouble", ["throttled", "away"])
def test_a_query_outlasts_a_token_that_cannot_be_fetched_for_a_moment(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
    trouble: str,
) -> None:
    monkeypatch.setattr(gateways, "rows", range(8))
    spark = connected(aws, clock, arn, gateways)
    clock.advance(3600)
    # More than botocore itself tries.
    if trouble == "throttled":
        aws.throttled = 8
    else:
        aws.unreachable = True
        Timer(1, lambda: setattr(aws, "unreachable", False)).start()

    assert [row.id for row in spark.range(8).collect()] == list(range(8))
    spark.stop()


def test_credentials_that_expired_are_said_by_connect(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    aws.expired = True

    with pytest.raises(CredentialsError, match=r"security token is expired.*aws sso login"):
        connected(aws, clock, arn, gateways)


@pytest.mark.usefixtures("stopwatch")
def test_credentials_that_expired_under_a_client_are_said_in_seconds(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    spark = connected(aws, clock, arn, gateways)
    clock.advance(3600)
    aws.expired = True

    with pytest.raises(CredentialsError, match="aws sso login"):
        spark.range(8).collect()


@pytest.mark.usefixtures("stopwatch")
def test_a_token_that_is_denied_is_said_in_seconds(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    spark = connected(aws, clock, arn, gateways)
    clock.advance(3600)
    aws.refused.add("/endpoint")

    with pytest.raises(ClientError, match="AccessDenied"):
        spark.range(8).collect()


# Python's version


def test_the_first_function_that_the_workers_cannot_run_is_a_warning(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(gateways.settings, "spark.pyspark.python", "/usr/bin/python3.9")
    spark = connected(aws, clock, arn, gateways)
    function = udf(lambda n: n, LongType())
    with warnings.catch_warnings():
        warnings.simplefilter("error", SparkVersionWarning)
        spark.range(8).collect()

    with pytest.warns(SparkVersionWarning, match=r"workers have Python 3\.9.*Run this with"):
        spark.range(8).select(function("id")).collect()
    with warnings.catch_warnings():
        warnings.simplefilter("error", SparkVersionWarning)
        spark.range(8).select(function("id")).collect()
    spark.stop()


@pytest.mark.parametrize("python", [None, "{0}.{1}", "/opt/conda/bin/python"])
def test_a_function_that_the_workers_may_run_is_sent_in_silence(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, python: str | None
) -> None:
    if python:
        gateways.settings["spark.pyspark.python"] = (
            python if "/" in python else f"/usr/bin/python{python.format(*sys.version_info)}"
        )
    spark = connected(aws, clock, arn, gateways)
    with warnings.catch_warnings():
        warnings.simplefilter("error", SparkVersionWarning)
        spark.range(8).select(udf(lambda n: n, LongType())("id")).collect()
    spark.stop()


# What is wrong is said in seconds


@pytest.fixture
def stopwatch() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < 15


@pytest.mark.usefixtures("stopwatch")
def test_a_certificate_that_is_not_trusted_is_an_error(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    with pytest.raises(EndpointError, match=r"no certificate that is trusted here.*root_certif"):
        connected(aws, clock, arn, gateways, root_certificates=trustme.CA().cert_pem.bytes())


@pytest.mark.usefixtures("stopwatch")
def test_a_certificate_for_another_name_is_an_error(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = urlsplit(gateways.endpoint(arn.rpartition("/")[2])).port
    monkeypatch.setattr(gateways, "endpoint", lambda _: f"https://localhost:{port}")

    with pytest.raises(EndpointError, match=r"no certificate that is trusted here.*root_certif"):
        connected(aws, clock, arn, gateways)


@pytest.mark.usefixtures("stopwatch")
def test_an_endpoint_that_nobody_listens_at_is_an_error(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    gateways.close(arn.rpartition("/")[2])

    with pytest.raises(EndpointError, match=r"doesn't answer.*HTTPS"):
        connected(aws, clock, arn, gateways)


@pytest.mark.usefixtures("stopwatch")
def test_an_endpoint_that_never_answers_is_an_error(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://silent.emr-serverless.localhost:{silent.getsockname()[1]}"
        monkeypatch.setattr(gateways, "endpoint", lambda _: url)

        with pytest.raises(EndpointError, match=r"doesn't answer \(within 10 s\)"):
            connected(aws, clock, arn, gateways)


@pytest.mark.usefixtures("stopwatch")
def test_a_token_that_is_refused_is_an_error(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aws.service, "token_problem", lambda *_: "The token is no good")

    with pytest.raises(EndpointError, match=r"refuses the token.*clock"):
        connected(aws, clock, arn, gateways)


@pytest.mark.usefixtures("stopwatch")
def test_aws_that_never_answers_is_an_error(arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emr_session._emr.aws.ANSWER_SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")

        with pytest.raises(ReadTimeoutError):
            connect(arn, session=session)


# Secrets


def test_a_call_in_a_debugger_shows_no_token(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    shown: list[str] = []

    class RecordingInterceptor(grpc.UnaryUnaryClientInterceptor):
        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            shown.append(repr(details))
            return continuation(details, request)

    clock.advance(100)
    clients = Aws(session=aws.session())
    link = CurrentSession(
        clients, arn, locate(arn, clients), follow=False, timeout=600, clock=clock
    )
    open_channel = plain_channel(gateways)
    with session_channel(
        link,
        lambda address, tokens: grpc.intercept_channel(
            open_channel(address, tokens), RecordingInterceptor()
        ),
        lambda: None,
    ) as channel:
        call(channel, "unary_unary")

    assert shown
    assert link.endpoint().token not in "".join(shown)


def test_no_token_is_logged_shown_or_raised(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with caplog.at_level(logging.DEBUG):
        spark: Any = connected(aws, clock, arn, gateways)
        aws.terminate(arn)
        with pytest.raises(SessionEndedError) as raised:
            spark.version  # noqa: B018
        builder = spark.client._builder
        shown = [repr(spark), repr(builder), repr(vars(builder)), repr(raised.value)]
        shown += [repr(part) for part in vars(builder.session).values()]
        spark.stop()

    tokens = {token for _, token in gateways.seen}
    out = capfd.readouterr()
    assert tokens
    for token in tokens:
        assert token not in "".join([caplog.text, out.out, out.err, *shown])
