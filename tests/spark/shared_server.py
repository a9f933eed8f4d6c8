"""One server of Apache Spark for many tests, in a process of its own.

It is run by the Python of ``SPARK_SERVER_PYTHON`` where that is set, because the tests may be run
by one that has PySpark's client only, or another PySpark. ``SPARK_SERVER`` leads to one that runs
already, for tests that are run by a test.

Whoever needs it first starts it. Its users share a lock, and it ends once it gets that lock for
itself: when the last of them has let go or died.
"""

import dataclasses
import fcntl
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
# In the folder of all users: where the server is, and the lock that they share.
KNOWN, USERS = "spark-server", "spark-users"
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
def shared(folder: Path) -> Iterator[SharedServer]:
    """The server, from now on until its user is done.

    Args:
        folder: An existing folder, the same for all of the users.
    """
    known = os.environ.get(ADDRESS)
    if known:
        yield SharedServer(**json.loads(known))
        return
    with (folder / USERS).open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        with (folder / "spark-start").open("w") as start:
            fcntl.flock(start, fcntl.LOCK_EX)
            if not (folder / KNOWN).exists():
                _start(folder)
        yield SharedServer(**json.loads((folder / KNOWN).read_text()))


def _start(folder: Path) -> None:
    """Start the server, and wait until it has said where it is."""
    folders = [str(ROOT), str(ROOT / "local_pkg")]
    process = subprocess.Popen(
        [os.environ.get(PYTHON, sys.executable), "-m", "tests.spark.shared_server", folder],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        # A ctrl-c is for its users.
        start_new_session=True,
    )
    assert process.stdout
    assert process.stdout.readline(), "the Spark server has ended"


def sail(spark_defaults: Mapping[str, str]) -> SparkServer:
    """A server of a session's own, there in half a second, for tests that end it."""
    return SailServer(spark_defaults, python=os.environ.get(PYTHON, sys.executable))


def main(folder: Path) -> None:
    """Run a server, leave in a folder where it is, and end it when it has no users any more."""
    server = ApacheServer(SPARK_DEFAULTS)
    try:
        server.wait(SECONDS)
        assert server.port, server.failure()
        assert server.dashboard
        address = SharedServer(server.port, server.secret, server.dashboard)
        known = folder / KNOWN
        known.touch(mode=0o600)
        known.write_text(json.dumps(dataclasses.asdict(address)))
        print("up", flush=True)
        with (folder / USERS).open() as users:
            fcntl.flock(users, fcntl.LOCK_EX)
            known.unlink()
    finally:
        server.kill()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
