"""``connect`` sets PySpark's default session, and ``stop`` unsets it."""

import os
from collections.abc import Callable, Iterator
from typing import Any

import pandas
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, from_json, udf
from pyspark.sql.pandas import functions as pandas_functions

from emr_session import connect
from tests.spark.conftest import ClientClock, LiveSession, SparkSessions

# Its stubs know a few of its forms only.
pandas_udf: Any = pandas_functions.pandas_udf


@pytest.fixture
def connected(
    spark: SparkSessions,  # noqa: ARG001
    client_clock: ClientClock,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[LiveSession], Any]]:
    """``connect``; what is left of the sessions and their environment is gone afterwards."""
    monkeypatch.delenv("SPARK_REMOTE", raising=False)
    monkeypatch.delenv("SPARK_CONNECT_MODE_ENABLED", raising=False)
    made: list[Any] = []

    def connect_to(live: LiveSession) -> Any:
        made.append(connect(live.arn, check_version=False, clock=client_clock))
        return made[-1]

    yield connect_to
    for session in reversed(made):
        session.stop()


def test_get_or_create_gives_the_session(
    spark: SparkSessions, connected: Callable[[LiveSession], Any]
) -> None:
    session = connected(spark.start())

    assert SparkSession.builder.getOrCreate() is session
    assert SparkSession.active() is session


def test_the_address_in_the_environment_has_no_token(
    spark: SparkSessions, connected: Callable[[LiveSession], Any]
) -> None:
    connected(spark.start())

    assert os.environ["SPARK_REMOTE"].endswith("/;use_ssl=true")


def test_after_a_second_connect_everything_is_on_the_new_session(
    spark: SparkSessions, connected: Callable[[LiveSession], Any]
) -> None:
    first = spark.start()
    connected(first)
    first.terminate()
    session = connected(spark.start())
    import pyspark.pandas as ps

    assert SparkSession.builder.getOrCreate() is session
    numbers = session.range(3)
    doubled = udf(lambda n: n * 2, "long")
    tripled = pandas_udf(lambda n: n * 3, "long")
    assert [row[0] for row in numbers.select(doubled("id")).collect()] == [0, 2, 4]
    assert [row[0] for row in numbers.select(tripled("id")).collect()] == [0, 3, 6]
    texts = session.createDataFrame([('{"n": 7}',)], "text string")
    assert texts.select(from_json(col("text"), "n long").n).collect()[0][0] == 7
    table: Any = ps.from_pandas(pandas.DataFrame({"n": [1, 2]}))
    assert table.n.sum() == 3


def test_stop_takes_it_back(
    spark: SparkSessions, connected: Callable[[LiveSession], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://elsewhere")
    first, second = connected(spark.start()), connected(spark.start())

    second.stop()
    assert SparkSession.builder.getOrCreate() is first
    first.stop()
    assert os.environ["SPARK_REMOTE"] == "sc://elsewhere"
    assert "SPARK_CONNECT_MODE_ENABLED" not in os.environ
    assert SparkSession.getActiveSession() is None


def test_stopping_an_earlier_session_leaves_the_later_one(
    spark: SparkSessions, connected: Callable[[LiveSession], Any]
) -> None:
    first, second = connected(spark.start()), connected(spark.start())
    first.stop()

    assert SparkSession.builder.getOrCreate() is second
    assert second.range(3).count() == 3


def test_stopping_a_clone_leaves_the_default(
    spark: SparkSessions, connected: Callable[[LiveSession], Any]
) -> None:
    session = connected(spark.start())
    if not hasattr(session, "cloneSession"):
        pytest.skip("this PySpark has no clones")
    session.cloneSession().client.close()

    assert SparkSession.builder.getOrCreate() is session
    assert "SPARK_REMOTE" in os.environ
