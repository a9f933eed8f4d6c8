"""One server of Apache Spark for all tests of a worker, in a process of its own.

It is run by the Python of ``SPARK_SERVER_PYTHON`` where that is set, because the tests may be run
by one that has PySpark's client only, or another PySpark. ``SPARK_SERVER`` leads to one that runs
already, for tests that are run by a test.
"""

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emr_serverless_local.spark import ApacheServer, SailServer
from emr_serverless_local.spark.server import SparkServer

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "SPARK_SERVER"
PYTHON = "SPARK_SERVER_PYTHON"
SECONDS = 180
# Spark's 200 are for clusters.
SPARK_DEFAULTS = {"spark.sql.shuffle.partitions": "2"}


@dataclass(frozen=True)
class SharedServer:
    """A server behind many sessions, none of which ends it."""

    port: int
    secret: str
    dashboard: str

    @property
    def pid(self) -> int:
        raise AssertionError("it is behind other tests' sessions too: start one with launch=…")

    def failure(self) -> None:
        """It has none that a test is about."""

    def wait(self, seconds: float) -> None:
        """It is up."""

    def kill(self) -> None:
        """It stays for others."""

    def environment(self) -> dict[str, str]:
        """What has other tests use it."""
        return {ADDRESS: json.dumps(dataclasses.asdict(self))}


@contextmanager
def shared() -> Iterator[SharedServer]:
    """The server, from now on until its user is done."""
    address = os.environ.get(ADDRESS)
    if address:
        yield SharedServer(**json.loads(address))
        return
    folders = [str(ROOT), str(ROOT / "local_pkg")]
    with subprocess.Popen(
        [os.environ.get(PYTHON, sys.executable), "-m", "tests.spark.shared_server"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        yield SharedServer(**json.loads(process.stdout.readline()))
        process.communicate()


def sail(spark_defaults: Mapping[str, str]) -> SparkServer:
    """A server of a session's own, there in half a second, for tests that end it."""
    return SailServer(spark_defaults, python=os.environ.get(PYTHON, sys.executable))


def main() -> None:
    """Run a server, say where it is, and end it with standard input."""
    server = ApacheServer(SPARK_DEFAULTS)
    try:
        server.wait(SECONDS)
        assert server.port, server.failure()
        assert server.dashboard
        address = SharedServer(server.port, server.secret, server.dashboard)
        print(json.dumps(dataclasses.asdict(address)), flush=True)
        sys.stdin.read()
    finally:
        server.kill()


if __name__ == "__main__":
    main()
