"""A session of the local AWS answers queries of a plain PySpark client, and is BUSY meanwhile."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pandas
import pytest
from pyspark.sql.functions import udf

from tests.spark.conftest import SparkSessions, connected


def test_a_query_is_answered(spark: SparkSessions) -> None:
    live = spark.start()
    with connected(live.remote_url()) as session:
        assert session.range(10).selectExpr("sum(id) AS total").collect()[0].total == 45
        assert session.version == "4.1.1"


def test_data_and_functions_go_over_and_come_back(spark: SparkSessions) -> None:
    live = spark.start()
    with connected(live.remote_url()) as session:
        frame = session.createDataFrame(pandas.DataFrame({"n": range(1000), "text": "x" * 5000}))
        doubled = frame.select(udf(lambda n: n * 2, "long")("n").alias("twice"), "text")
        back: Any = doubled.toPandas()
    # 5 MB each way: more than gRPC's own limit of a message.
    assert back["twice"].sum() == 999_000
    assert back["text"].str.len().sum() == 5_000_000


def test_an_error_of_spark_reaches_the_client_as_it_is(spark: SparkSessions) -> None:
    live = spark.start()
    with (
        connected(live.remote_url()) as session,
        pytest.raises(Exception, match="no_such_table"),
    ):
        session.table("no_such_table").collect()


def test_a_session_is_busy_during_a_query_and_idle_after_it(spark: SparkSessions) -> None:
    live = spark.start(idleTimeoutMinutes=15)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        connected(live.remote_url()) as session,
        ThreadPoolExecutor(1) as threads,
    ):
        listener.settimeout(60)
        address = listener.getsockname()

        def until_told(_: int) -> int:
            with socket.create_connection(address) as connection:
                return len(connection.recv(100))

        query = session.range(1).select(udf(until_told, "long")("id").alias("length"))
        rows = threads.submit(query.collect)
        connection, _ = listener.accept()
        with connection:
            assert live.state() == "BUSY"
            spark.clock.advance(30 * 60)
            assert live.state() == "BUSY", "no idle time-out while there is work"
            connection.send(b"four")
        assert rows.result(60)[0].length == 4
    # The client has its rows before the endpoint has seen the end of the call.
    until = time.monotonic() + 60
    while live.state() != "IDLE":
        assert time.monotonic() < until
        time.sleep(0.05)
