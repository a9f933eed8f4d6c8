"""``python -m emr_serverless_local --spark``, as the process that users run."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from testbed.local_aws import LocalAws
from tests.spark.conftest import APPLICATION

QUERY = """
import sys
from emr_session import connect
print(connect(sys.argv[1]).range(10).count())
"""
SECONDS = 30


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[LocalAws]:
    running = LocalAws(tmp_path, session_start_seconds=0.5, spark=True)
    running.start()
    yield running
    running.stop()


def started(aws: LocalAws) -> dict[str, Any]:
    """A session that is STARTED."""
    client = aws.client("emr-serverless")
    role = aws.client("iam").create_role(
        RoleName="execution",
        AssumeRolePolicyDocument='{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", '
        '"Principal": {"Service": "emr-serverless.amazonaws.com"}, "Action": "sts:AssumeRole"}]}',
    )["Role"]["Arn"]
    application = client.create_application(**APPLICATION)["applicationId"]
    asked = client.start_session(applicationId=application, executionRoleArn=role)
    ids = {"applicationId": application, "sessionId": asked["sessionId"]}
    until = time.monotonic() + SECONDS
    while True:
        session: dict[str, Any] = client.get_session(**ids)["session"]
        if session["state"] == "STARTED":
            return session
        assert session["state"] in ("SUBMITTED", "STARTING"), session["stateDetails"]
        assert time.monotonic() < until


def servers(aws: LocalAws) -> list[int]:
    """The processes of the Spark Connect servers that a local AWS has started."""
    found = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    return [int(row[0]) for row in rows if int(row[1]) == aws.pid and "connect_server.py" in row[2]]


def gone(process_id: int) -> bool:
    """Whether a process has ended, at once or soon."""
    until = time.monotonic() + SECONDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(process_id, 0)
        return False
    return True


def test_the_environment_that_it_prints_is_all_that_a_client_needs(aws: LocalAws) -> None:
    session = started(aws)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", QUERY, session["arn"]],
        env=aws.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout == "10\n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_server_outlives_it(aws: LocalAws, number: signal.Signals) -> None:
    started(aws)
    (server,) = servers(aws)
    os.kill(aws.pid, number)
    assert gone(server)


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'pysail' else find(name)\n"
        "from emr_serverless_local.__main__ import main\n"
        "sys.exit(main(['--spark']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert "pysail" in done.stderr
    assert "emr-serverless-local[sail]" in done.stderr
