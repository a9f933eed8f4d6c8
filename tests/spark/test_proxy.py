"""Plain PySpark through the proxy, past a token's hour and after interruptions."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from pyspark.errors import PySparkException

from emr_serverless_local.clock import ManualClock
from emr_session import SessionProxy
from testbed.ports import free_port
from tests.spark.conftest import LiveSession, SparkSessions, connected

HOUR = 3600
SECONDS = 60
# Each is a Spark session.
CLIENTS = 12
# Sixteen megabytes.
ROWS = 1_000_000
# Each is a Python object.
ROWS_ONE_BY_ONE = 300_000
# Takes a while wherever it runs, and answers now and then.
LONG = "SELECT id, sum(id) OVER (PARTITION BY id % 7) FROM range(0, 40000000, 1, 64)"
CLIENT = """
import sys
from pyspark.sql import SparkSession
spark = SparkSession.builder.remote(sys.argv[1]).create()
print("connected", spark.range(3).count(), flush=True)
print(spark.sql(sys.argv[2]).count())
"""

Proxied = Callable[..., SessionProxy]


class WaitingClock:
    """The clock of the sessions, for a proxy that never has to wait."""

    def __init__(self, clock: ManualClock) -> None:
        self.now = clock.now

    def sleep(self, seconds: float) -> None:
        """Leave the clock to the test."""


@pytest.fixture
def proxied(spark: SparkSessions, clock: ManualClock) -> Iterator[Proxied]:
    """Starts a proxy to a session, which is stopped in the end."""
    with ExitStack() as stack:

        def start(live: LiveSession, **options: Any) -> SessionProxy:
            fixed = {"root_certificates": spark.authority, "clock": WaitingClock(clock)}
            proxy = SessionProxy(live.arn, **{"port": 0, **fixed, **options})
            return stack.enter_context(proxy)

        yield start


def issued(spark: SparkSessions) -> int:
    """How many tokens were asked for."""
    return sum(request.operation == "GetSessionEndpoint" for request in spark.service.requests)


def test_a_plain_client_goes_on_past_the_hour(
    spark: SparkSessions, proxied: Proxied, clock: ManualClock
) -> None:
    proxy = proxied(spark.start(idleTimeoutMinutes=600))
    with connected(proxy.url) as session:
        session.range(10).createTempView("ten")
        for hour in range(1, 4):
            clock.advance(HOUR)
            assert session.sql("SELECT count(*) AS n FROM ten").collect()[0].n == 10
            assert issued(spark) == 1 + hour


def test_an_error_of_spark_is_shown_as_without_a_proxy(
    spark: SparkSessions, proxied: Proxied
) -> None:
    live = spark.start()
    shown = []
    for remote in (live.remote_url(), proxied(live).url):
        with connected(remote) as session, pytest.raises(Exception, match="no_such") as raised:
            session.sql("SELECT * FROM no_such_table").collect()
        shown.append((type(raised.value), str(raised.value)))

    assert shown[0] == shown[1]


def test_large_results_come_through_whole(spark: SparkSessions, proxied: Proxied) -> None:
    with connected(proxied(spark.start()).url) as session:
        table: Any = session.range(ROWS).selectExpr("id", "id * 2 AS double").toPandas()

    assert len(table) == ROWS
    assert int(table["double"].sum()) == ROWS * (ROWS - 1)


def test_many_clients_at_once_are_answered(spark: SparkSessions, proxied: Proxied) -> None:
    proxy = proxied(spark.start())
    with ExitStack() as stack:
        sessions = [stack.enter_context(connected(proxy.url)) for _ in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            counted = pool.map(
                lambda numbered: numbered[1].range(numbered[0]).count(), enumerate(sessions)
            )

            assert list(counted) == list(range(CLIENTS))


def test_a_query_is_interrupted_while_others_run(spark: SparkSessions, proxied: Proxied) -> None:
    with connected(proxied(spark.start()).url) as session:
        started = threading.Barrier(9)

        def run(_: int) -> str:
            started.wait()
            with pytest.raises(PySparkException) as raised:
                session.sql(LONG).collect()
            return str(raised.value)

        with ThreadPoolExecutor(8) as pool:
            ended = [pool.submit(run, number) for number in range(8)]
            started.wait()
            interrupted: set[str] = set()
            # Each is there when the server has seen it.
            while len(interrupted) < 8:
                interrupted |= set(session.interruptAll())
            said = [each.result(SECONDS) for each in ended]

    assert all("OPERATION_CANCELED" in text for text in said)


def test_other_clients_go_on_when_one_is_killed(spark: SparkSessions, proxied: Proxied) -> None:
    proxy = proxied(spark.start())
    with connected(proxy.url) as session:
        session.range(10).createTempView("ten")
        with subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", CLIENT, proxy.url, LONG],
            env={**os.environ, "SPARK_CONNECT_MODE_ENABLED": "1"},
            stdout=subprocess.PIPE,
            text=True,
        ) as client:
            assert client.stdout
            assert client.stdout.readline() == "connected 3\n"
            client.send_signal(signal.SIGKILL)

        assert session.table("ten").count() == 10


def test_a_query_goes_on_when_the_proxy_is_restarted(
    spark: SparkSessions, proxied: Proxied
) -> None:
    live = spark.start()
    first = proxied(live, port=free_port())
    with connected(first.url) as session:
        rows = session.range(0, ROWS_ONE_BY_ONE, 1, 64).toLocalIterator()
        seen = [next(rows).id]
        first.stop()
        proxied(live, port=first.port)
        seen.extend(row.id for row in rows)

    assert seen == list(range(ROWS_ONE_BY_ONE))


def test_a_query_that_outlives_its_token_goes_on(
    spark: SparkSessions, proxied: Proxied, clock: ManualClock
) -> None:
    proxy = proxied(spark.start(idleTimeoutMinutes=600))
    with connected(proxy.url) as session:
        rows = session.range(0, ROWS_ONE_BY_ONE, 1, 64).toLocalIterator()
        seen = [next(rows).id]
        clock.advance(HOUR)
        seen.extend(row.id for row in rows)

    assert seen == list(range(ROWS_ONE_BY_ONE))
    assert issued(spark) == 2
