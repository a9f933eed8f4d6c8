"""Spark's errors are the same with ``connect`` as without it."""

import traceback
from collections.abc import Callable
from typing import Any

import pytest
from pyspark.errors import AnalysisException, PySparkException

from emr_session import connect
from tests.spark.conftest import ClientClock, SparkSessions, connected

FAILING: dict[str, Callable[[Any], object]] = {
    "analysis": lambda spark: spark.sql("SELECT nothing FROM range(3)").collect(),
    "table": lambda spark: spark.table("no_such_table").collect(),
    "parse": lambda spark: spark.sql("SELEC 1").collect(),
    "execution": lambda spark: spark.sql("SELECT raise_error('no') FROM range(3)").collect(),
}


def shown(spark: Any, failing: Callable[[Any], object]) -> tuple[type, str, int]:
    """The error's class, text, and how many errors its traceback shows."""
    with pytest.raises(PySparkException) as raised:
        failing(spark)
    lines = "".join(traceback.format_exception(raised.value))
    text = str(raised.value)
    return raised.type, text.partition("\n\nJVM stacktrace:")[0], lines.count("Traceback (most")


@pytest.mark.parametrize("kind", FAILING)
def test_an_error_is_shown_as_spark_shows_it(
    spark: SparkSessions, client_clock: ClientClock, kind: str
) -> None:
    live = spark.start()
    with connected(live.remote_url()) as session:
        direct = shown(session, FAILING[kind])
    session = connect(live.arn, check_version=False, clock=client_clock)
    try:
        assert shown(session, FAILING[kind]) == direct
    finally:
        session.stop()


def test_an_analysis_error_is_one(spark: SparkSessions, client_clock: ClientClock) -> None:
    session = connect(spark.start().arn, check_version=False, clock=client_clock)
    try:
        with pytest.raises(AnalysisException, match="UNRESOLVED_COLUMN"):
            session.sql("SELECT nothing FROM range(3)").collect()
    finally:
        session.stop()
