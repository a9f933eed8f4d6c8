"""Sessions with Apache Spark behind them, under a clock that tests move.

They share one server, because a JVM takes seconds to start. A test that ends a server, or needs
its own configuration, starts its own: ``spark.start(ApacheServer)``, or ``spark.start(sail)``,
which starts at once, if any server will do.

A test takes ``spark`` (a ``SparkSessions``): ``spark.start()`` is a ``LiveSession`` with
``endpoint()`` (host and port, and a fresh token), ``arn``, ``state()`` and ``terminate()``.
``spark.client("emr-serverless")`` is boto3's client of the service, at ``spark.url``;
``spark.authority`` the file that a client has to trust; ``clock.advance(3600)`` makes tokens expire
and sessions idle; ``connected(live.remote_url())`` is a plain PySpark session, without the
library's client. The environment says to boto3 and gRPC where all of it is, as it does for users.
"""

import gc
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import boto3
import pytest
from pyspark.sql import SparkSession
from pyspark.sql.connect import session as connect_session

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService
from emr_serverless_local.spark import SparkBacking
from emr_serverless_local.spark.server import Launch, SparkServer
from testbed.sessions import APPLICATION
from tests.spark.pyspark_3_5 import InstallError, environment
from tests.spark.shared_server import SharedServer, shared

START_SECONDS = 90
# A JVM is up after six seconds, or a minute where ten processes share two cores.
SERVER_SECONDS = 180
ROLE = "arn:aws:iam::000000000000:role/execution"


# What shares a server of Spark: a JVM takes twenty seconds of a processor until it is warm.
GROUPS: dict[str, str] = dict.fromkeys(
    ("test_older_client", "test_conformance", "test_apache", "test_tools"),
    "other clients of Spark",
)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Give the tests of a group to one worker, which starts one server for them."""
    if not config.pluginmanager.has_plugin("xdist"):
        return
    for item in items:
        if item.path.parent == Path(__file__).parent:
            group = GROUPS.get(item.path.stem, "clients of Spark")
            item.add_marker(pytest.mark.xdist_group(group))


@dataclass(frozen=True)
class Endpoint:
    """What GetSessionEndpoint gives, taken apart."""

    host: str
    port: int
    token: str


@dataclass(frozen=True)
class LiveSession:
    """A session that was started."""

    sessions: "SparkSessions"
    application_id: str
    session_id: str

    @property
    def arn(self) -> str:
        return str(self._describe()["arn"])

    def state(self) -> str:
        return str(self._describe()["state"])

    def details(self) -> str:
        return str(self._describe()["stateDetails"])

    def process_id(self) -> int:
        return self.sessions.backing.process_id(self.session_id)

    def endpoint(self) -> Endpoint:
        answer = self._aws().get_session_endpoint(**self._ids())
        url = urlsplit(answer["endpoint"])
        assert url.hostname
        assert url.port
        return Endpoint(url.hostname, url.port, answer["authToken"])

    def remote_url(self, token: str | None = None) -> str:
        """What ``SparkSession.builder.remote`` takes, with a fresh token or another."""
        endpoint = self.endpoint()
        token = quote(endpoint.token if token is None else token, safe="")
        return f"sc://{endpoint.host}:{endpoint.port}/;use_ssl=true;x-aws-proxy-auth={token}"

    def terminate(self) -> None:
        self._aws().terminate_session(**self._ids())

    def _aws(self) -> Any:
        return self.sessions.client("emr-serverless")

    def _ids(self) -> dict[str, str]:
        return {"applicationId": self.application_id, "sessionId": self.session_id}

    def _describe(self) -> dict[str, Any]:
        described: dict[str, Any] = self._aws().get_session(**self._ids())["session"]
        return described


class ClientClock:
    """The clock of the sessions, for a client beside them that never has to wait."""

    def __init__(self, clock: ManualClock) -> None:
        self.now = clock.now

    def sleep(self, seconds: float) -> None:
        """Give a real server its time, and leave the clock to the test."""
        time.sleep(min(seconds, 0.1))


@dataclass(frozen=True)
class SparkSessions:
    """The session service over HTTP, with a Spark Connect server behind each session."""

    service: SessionService
    backing: SparkBacking
    launcher: "Launcher"
    clock: ManualClock
    url: str
    authority: Path
    application_id: str

    def client(self, service: str) -> Any:
        # The stubs of boto3 know names of services that are written out only.
        session: Any = boto3.session.Session()
        return session.client(service, endpoint_url=self.url)

    def submit(self, launch: Launch | None = None, **fields: Any) -> LiveSession:
        """Start a session, and don't wait."""
        self.launcher.chosen = launch
        started = self.client("emr-serverless").start_session(
            applicationId=self.application_id, executionRoleArn=ROLE, **fields
        )
        return LiveSession(self, self.application_id, started["sessionId"])

    def start(self, launch: Launch | None = None, **fields: Any) -> LiveSession:
        """Start a session, and move the clock to when it takes connections."""
        live = self.submit(launch, **fields)
        self.backing.wait(live.session_id, SERVER_SECONDS)
        self.clock.advance(START_SECONDS)
        assert live.state() == "STARTED"
        return live


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def client_clock(clock: ManualClock) -> ClientClock:
    return ClientClock(clock)


class Launcher:
    """Puts the shared server behind a session, unless its test has chosen one of its own."""

    def __init__(self, server: SharedServer) -> None:
        self.chosen: Launch | None = None
        self._server = server

    def __call__(self, spark_defaults: Mapping[str, str]) -> SparkServer:
        return self.chosen(spark_defaults) if self.chosen else self._server


@pytest.fixture(scope="session")
def shared_server() -> Iterator[SharedServer]:
    """A server of Apache Spark for all tests of a worker.

    One for all workers would save three starts. But one query that never ends holds every task of
    its server, and then all workers wait for it.
    """
    with shared() as server:
        yield server


@pytest.fixture(scope="session")
def pyspark_3_5(request: pytest.FixtureRequest) -> Path:
    """The Python of an environment with PySpark 3.5, kept in pytest's cache."""
    try:
        return environment(request.config.cache.mkdir("pyspark-3.5") / "venv")
    except InstallError as error:
        pytest.skip(f"uv can't install PySpark 3.5: {error}")


@pytest.fixture(scope="session")
def certified(
    shared_server: SharedServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SparkBacking, Launcher, Path]]:
    """One authority for all tests: gRPC reads the file once a process."""
    launcher = Launcher(shared_server)
    backing = SparkBacking(launcher)
    authority = tmp_path_factory.mktemp("authority") / "ca.pem"
    backing.certificates.write_authority(authority)
    os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(authority)
    yield backing, launcher, authority
    backing.close()


@pytest.fixture
def collecting_garbage_here() -> Iterator[None]:
    """No garbage collection in other threads.

    It closes the PySpark sessions that it finds, and waits for the endpoint's answer: forever,
    if that was found by a thread of the endpoint, which is in the client's process here only.
    What earlier tests have left isn't looked through.
    """
    gc.freeze()
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture
def spark(
    clock: ManualClock,
    certified: tuple[SparkBacking, Launcher, Path],
    monkeypatch: pytest.MonkeyPatch,
    collecting_garbage_here: None,  # noqa: ARG001
) -> Iterator[SparkSessions]:
    backing, launcher, authority = certified
    service = SessionService(
        clock=clock, start_seconds=START_SECONDS, stop_seconds=30, backing=backing
    )
    with serve(service) as url:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
        made = service.perform("CreateApplication", APPLICATION)
        application_id = made["applicationId"]
        yield SparkSessions(service, backing, launcher, clock, url, authority, application_id)
        for session in service.sessions():
            backing.end(session.session_id)


@contextmanager
def connected(remote: str) -> Iterator[SparkSession]:
    """A PySpark session of its own, whatever others there are in this process."""
    # PySpark makes a function with whichever session was the first: one may have been left open.
    connect_session.SparkSession._default_session = None
    connect_session.SparkSession._active_session.session = None
    session = SparkSession.builder.remote(remote).create()
    try:
        yield session
    finally:
        session.stop()
