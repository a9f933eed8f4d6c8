"""The session service under a clock that tests move, called by the real botocore client."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.config
import botocore.session
import pytest

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService

# Two seconds; half a minute where fifteen processes share two cores.
START_SECONDS = 180
ROLE = "arn:aws:iam::000000000000:role/execution"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(clock: ManualClock) -> SessionService:
    return SessionService(clock=clock, start_seconds=90, stop_seconds=30)


@pytest.fixture(scope="session")
def botocore_session() -> botocore.session.Session:
    """One for all tests: what takes its time is to read the service's model and endpoints."""
    return botocore.session.get_session()


@pytest.fixture
def client(service: SessionService, botocore_session: botocore.session.Session) -> Iterator[Any]:
    with serve(service) as url:
        client = botocore_session.create_client(
            "emr-serverless",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            # What is out of bounds is for the service to refuse.
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, parameter_validation=False
            ),
        )
        yield client
        client.close()


@pytest.fixture
def application_id(client: Any) -> str:
    return create_application(client)


def create_application(client: Any, **settings: Any) -> str:
    """An application that takes sessions, but for what is set otherwise."""
    request = {
        "type": "SPARK",
        "releaseLabel": "emr-7.13.0",
        "interactiveConfiguration": {"sessionEnabled": True},
        **settings,
    }
    return str(client.create_application(**request)["applicationId"])


def start_session(client: Any, application_id: str, **fields: Any) -> str:
    """A session's id."""
    request = {"applicationId": application_id, "executionRoleArn": ROLE, **fields}
    return str(client.start_session(**request)["sessionId"])


@dataclass
class Server:
    """A local AWS in a process of its own."""

    process: subprocess.Popen[str]
    environment: dict[str, str]
    log: Path
    temporary: Path

    @property
    def port(self) -> int:
        return int(self.environment["AWS_ENDPOINT_URL"].rpartition(":")[2])

    def client(self, service: str) -> Any:
        """A client of one of its services."""
        return botocore.session.get_session().create_client(
            service,
            region_name=self.environment["AWS_REGION"],
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )


@contextmanager
def running(folder: Path, *options: str) -> Iterator[Server]:
    """Start a local AWS and wait until it is ready."""
    temporary = folder / "tmp"
    temporary.mkdir(parents=True)
    env_file, log = folder / "env", folder / "log"
    files = ["--env-file", str(env_file), "--log-file", str(log)]
    process = subprocess.Popen(
        [sys.executable, "-m", "emr_serverless_local", *options, *files],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + START_SECONDS
        while not env_file.exists():
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                pytest.fail(f"The local AWS didn't start: {process.communicate()[0]}")
            time.sleep(0.05)
        pairs = (line.removeprefix("export ").split("=", 1) for line in _lines(env_file))
        yield Server(process, {name: value.strip("'") for name, value in pairs}, log, temporary)
    finally:
        process.terminate()
        process.communicate(timeout=START_SECONDS)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A local AWS for the tests that need all of it."""
    with running(tmp_path_factory.mktemp("server"), "--session-start-seconds", "0.3") as started:
        yield started


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()
