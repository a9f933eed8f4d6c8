"""``connect`` with real Spark behind it: queries, tokens that expire, sessions that end."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import grpc
import pytest
import trustme

from emr_serverless_local.clock import ManualClock
from emr_session import (
    EndpointError,
    SessionEndedError,
    SessionMovedError,
    connect,
)
from emr_session._connect.builder import SessionChannelBuilder
from tests.spark.conftest import ClientClock, LiveSession, SparkSessions
from tests.spark.shared_server import sail

PARAMETER = "/notebooks/session"
# Of the two ways in which a test may fail, the slow one is PySpark's ten minutes of retries.
SECONDS = 20


@pytest.fixture
def connected(spark: SparkSessions, client_clock: ClientClock) -> Iterator[Callable[..., Any]]:
    """``connect`` to a live session as of the sessions' clock; all are stopped in the end."""
    made: list[Any] = []

    def connected_to(live: LiveSession, **options: Any) -> Any:
        # Any PySpark will do here: whether one fits is the subject of tests/unit/client.
        options = {"root_certificates": spark.authority, "check_version": False, **options}
        made.append(connect(live.arn, clock=client_clock, **options))
        return made[-1]

    yield connected_to
    for session in made:
        client: Any = session.client
        client.close()


def issued(spark: SparkSessions) -> int:
    """How many tokens were asked for."""
    return sum(request.operation == "GetSessionEndpoint" for request in spark.service.requests)


def test_a_query_is_answered(spark: SparkSessions, connected: Callable[..., Any]) -> None:
    session = connected(spark.start())

    assert session.range(1000).selectExpr("sum(id) AS total").collect()[0].total == 499500


def test_queries_go_on_after_the_token_has_expired(
    spark: SparkSessions, connected: Callable[..., Any], clock: ManualClock
) -> None:
    session = connected(spark.start(idleTimeoutMinutes=600))
    session.range(10).createTempView("ten")
    for hour in range(1, 4):
        clock.advance(3600)
        assert session.sql("SELECT count(*) AS n FROM ten").collect()[0].n == 10
        assert issued(spark) == 1 + hour


def test_a_token_is_renewed_before_it_expires(
    spark: SparkSessions, connected: Callable[..., Any], clock: ManualClock
) -> None:
    session = connected(spark.start(idleTimeoutMinutes=600))
    clock.advance(3600 - 299)
    session.range(1).count()

    assert issued(spark) == 2


def test_threads_that_share_a_spark_session_share_its_new_token(
    spark: SparkSessions, connected: Callable[..., Any], clock: ManualClock
) -> None:
    session = connected(spark.start(idleTimeoutMinutes=600))
    clock.advance(3600)
    with ThreadPoolExecutor(8) as threads:
        counted = threads.map(lambda rows: session.range(rows).count(), range(1, 17))

        assert list(counted) == list(range(1, 17))
    assert issued(spark) == 2


class BrokenOnce(grpc.UnaryStreamClientInterceptor):
    """A network that breaks each query's first stream after an answer, an hour after it began."""

    def __init__(self, clock: ManualClock) -> None:
        self.methods: list[str] = []
        self._clock = clock

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        self.methods.append(details.method.rpartition("/")[2])
        answers = continuation(details, request)
        return self._broken(answers) if self.methods[-1] == "ExecutePlan" else answers

    def _broken(self, answers: Any) -> Iterator[Any]:
        yield next(answers)
        self._clock.advance(3600)
        raise Broken


class Broken(grpc.RpcError):
    """A connection that was lost."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNAVAILABLE

    def details(self) -> str:
        return "Connection reset by peer"

    def trailing_metadata(self) -> tuple[()]:
        """None were received."""
        return ()


def test_a_long_query_is_re_attached_with_a_new_token(
    spark: SparkSessions,
    connected: Callable[..., Any],
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    network = BrokenOnce(clock)
    whole = SessionChannelBuilder._open
    monkeypatch.setattr(
        SessionChannelBuilder,
        "_open",
        lambda self, *where: grpc.intercept_channel(whole(self, *where), network),
    )
    live = spark.start(idleTimeoutMinutes=600)
    session = connected(live)

    # Its first answer is the schema, at once; the row takes the server a moment.
    answer = session.range(200_000_000).selectExpr("max(id % 7) AS most").collect()

    assert answer[0].most == 6
    assert network.methods[:2] == ["ExecutePlan", "ReattachExecute"]
    assert issued(spark) == 2


def test_a_certificate_that_is_not_trusted_is_said_in_seconds(
    spark: SparkSessions, connected: Callable[..., Any]
) -> None:
    live = spark.start()
    begun = time.monotonic()

    with pytest.raises(EndpointError, match="no certificate that is trusted here"):
        connected(live, root_certificates=trustme.CA().cert_pem.bytes())
    assert time.monotonic() - begun < SECONDS


def test_a_server_that_died_is_said_in_seconds(
    spark: SparkSessions, connected: Callable[..., Any]
) -> None:
    live = spark.start(sail)
    session = connected(live)
    os.kill(live.process_id(), 9)
    begun = time.monotonic()

    with pytest.raises(SessionEndedError, match="is FAILED"):
        session.range(10).count()
    assert time.monotonic() - begun < SECONDS


def test_a_session_that_was_terminated_under_the_client_is_said_in_seconds(
    spark: SparkSessions, connected: Callable[..., Any]
) -> None:
    live = spark.start()
    session = connected(live)
    live.terminate()
    begun = time.monotonic()

    with pytest.raises(SessionEndedError, match=live.session_id):
        session.range(10).count()
    assert time.monotonic() - begun < SECONDS


def test_a_session_that_idled_out_is_said_by_the_next_query(
    spark: SparkSessions, connected: Callable[..., Any], clock: ManualClock
) -> None:
    session = connected(spark.start(idleTimeoutMinutes=60))
    clock.advance(2 * 3600)

    with pytest.raises(SessionEndedError, match="idle timeout"):
        session.range(10).count()


class Parameters(boto3.Session):
    """A boto3 session whose SSM has one parameter: there is no SSM beside these sessions."""

    value = ""

    def client(self, service_name: Any, *args: Any, **fields: Any) -> Any:
        return self if service_name == "ssm" else super().client(service_name, *args, **fields)

    def get_parameter(self, Name: str) -> dict[str, Any]:
        return {"Parameter": {"Name": Name, "Value": self.value}}


def test_the_same_spark_session_works_on_the_successor(
    spark: SparkSessions, client_clock: ClientClock
) -> None:
    parameters = Parameters()
    # A server of its own: on one that both share, what the first session held would be there.
    first = spark.start(sail)
    parameters.value = first.arn
    session: Any = connect(
        PARAMETER,
        follow=True,
        check_version=False,
        session=parameters,
        clock=client_clock,
        root_certificates=spark.authority,
    )
    session.range(10).createTempView("ten")
    numbers = session.range(5)
    first.terminate()
    successor = spark.start()
    parameters.value = successor.arn

    with pytest.raises(SessionMovedError, match=successor.session_id):
        numbers.count()
    assert numbers.count() == 5
    # What the first session held is gone.
    assert not session.catalog.tableExists("ten")
    session.client.close()


def test_nothing_of_a_process_that_connects_has_the_token(
    spark: SparkSessions, tmp_path: Path
) -> None:
    """With the logs of all of Python, PySpark and botocore switched on."""
    live = spark.start()
    script = tmp_path / "connects.py"
    script.write_text(
        "import logging, sys\n"
        "logging.basicConfig(level=logging.DEBUG)\n"
        "from emr_session import connect\n"
        f"class Clock:\n    now = staticmethod(lambda: {spark.clock.now()})\n"
        "spark = connect(sys.argv[1], clock=Clock(), check_version=False)\n"
        "print(spark.range(3).count(), spark, vars(spark.client), vars(spark.client._builder))\n"
    )
    run = subprocess.run(
        [sys.executable, script, live.arn],
        env={**os.environ, "SPARK_CONNECT_LOG_LEVEL": "debug"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    said = run.stdout + run.stderr
    assert said.count("GetSessionEndpoint") > 1
    tokens = list(spark.service._tokens._issued)
    assert tokens
    assert not [token for token in tokens if token in said]
