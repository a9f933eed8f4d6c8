"""A session that PySpark closes while another one is made the default."""

import os
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from emr_session._connect import default_session

SECONDS = 20


class Collecting:
    """PySpark's active session; the garbage collector comes by whenever it is set."""

    def __setattr__(self, name: str, value: Any) -> None:
        # PySpark closes each session that the collector finds, in whichever thread that is.
        default_session.forget(SimpleNamespace())


class Spark:
    """A ``SparkSession``, as far as it is the default."""

    _default_session: Any = None
    _active_session = Collecting()


def test_a_session_that_the_garbage_collector_closes_meanwhile_holds_nothing_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(default_session, "_connected", [])
    spark = Spark()
    # A thread: the lock would be waited for by whoever holds it.
    made = threading.Thread(
        target=default_session.make_default, args=(spark, "sc://here"), daemon=True
    )
    made.start()
    made.join(SECONDS)

    assert not made.is_alive()
    assert default_session.default_session() is spark
    default_session.forget(spark)
    assert os.environ.get("SPARK_REMOTE") != "sc://here"
