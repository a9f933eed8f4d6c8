"""The Spark server ends with its session, and clients get an error that says so.

Most of it is said of Sail, whose process is there in half a second; ``test_apache`` says it of
Apache Spark.
"""

import os
import signal
from functools import partial
from pathlib import Path

import pytest
from pyspark.errors import PySparkException

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.sessions import SessionService
from emr_serverless_local.sessions.session import Session
from emr_serverless_local.spark import SailServer, SparkBacking
from testbed.sessions import APPLICATION
from tests.spark.conftest import ROLE, SparkSessions, connected
from tests.spark.shared_server import sail


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_session_terminated_under_the_client_says_so(spark: SparkSessions) -> None:
    live = spark.start()
    with connected(live.remote_url()) as session:
        assert len(session.range(3).collect()) == 3
        live.terminate()
        with pytest.raises(PySparkException, match="is TERMINATING: Session terminated by user"):
            session.range(3).collect()


def test_the_process_goes_with_the_session(spark: SparkSessions) -> None:
    live = spark.start(sail)
    assert alive(live.process_id())
    live.terminate()
    assert not alive(live.process_id())


def test_the_process_goes_with_the_idle_time_out(spark: SparkSessions) -> None:
    live = spark.start(sail, idleTimeoutMinutes=15)
    spark.clock.advance(15 * 60)
    assert live.state() == "TERMINATING"
    assert not alive(live.process_id())


def test_a_server_that_dies_fails_its_session(spark: SparkSessions) -> None:
    live = spark.start(sail)
    with connected(live.remote_url()) as session:
        os.kill(live.process_id(), signal.SIGKILL)
        # Retried by the client until the session is seen to be over.
        with pytest.raises(PySparkException, match="is FAILED"):
            session.range(3).collect()
    assert live.state() == "FAILED"
    assert "The Spark Connect server ended with -9" in live.details()


def test_a_server_that_does_not_come_up_fails_its_session(tmp_path: Path) -> None:
    backing, service, session = started_with("raise SystemExit(3)", tmp_path)
    backing.wait(session.session_id)
    service.sessions()
    assert session.state == "FAILED"
    assert session.state_details == "Session failed. The Spark Connect server ended with 3."
    backing.close()


def test_a_session_is_not_started_before_its_server_is_up(tmp_path: Path) -> None:
    backing, service, session = started_with("import sys; sys.stdin.read()", tmp_path)
    service.sessions()
    assert session.state == "STARTING"
    backing.close()


def started_with(script: str, folder: Path) -> tuple[SparkBacking, SessionService, Session]:
    """A session that is due, with something else than Spark behind it."""
    (folder / "server.py").write_text(script)
    clock, backing = ManualClock(), SparkBacking(partial(SailServer, script=folder / "server.py"))
    service = SessionService(clock=clock, start_seconds=90, backing=backing)
    application = service.perform("CreateApplication", APPLICATION)["applicationId"]
    request = {"clientToken": "a", "applicationId": application, "executionRoleArn": ROLE}
    session_id = service.perform("StartSession", request)["sessionId"]
    clock.advance(600)
    return backing, service, service.session(application, session_id)
