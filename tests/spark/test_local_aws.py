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
from testbed.sessions import started

QUERY = """
import sys
from emr_session import connect
from pyspark.sql.functions import udf
spark = connect(sys.argv[1])
print(spark.conf.get("spark.app.name"), spark.conf.get("spark.sql.shuffle.partitions"))
doubled = spark.range(1, 3).select(udf(lambda n: n * 2, "long")("id").alias("n"))
print([row.n for row in doubled.collect()])
"""
SECONDS = 30


@contextlib.contextmanager
def running(folder: Path, spark: str) -> Iterator[LocalAws]:
    aws = LocalAws(folder, session_start_seconds=0.5, spark=spark)
    aws.start()
    try:
        yield aws
    finally:
        aws.stop()


def descendants(process_id: int) -> dict[int, str]:
    """What a process has started, and what that has: process ids, with commands."""
    listed = subprocess.run(
        ["ps", "-A", "-ww", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split(None, 2) for line in listed.splitlines()]
    found: dict[int, str] = {}
    parents = {process_id}
    while parents:
        children = {int(row[0]): row[2] for row in rows if int(row[1]) in parents}
        found.update(children)
        parents = set(children)
    return found


def gone(process_id: int) -> bool:
    """Whether a process has ended, at once or soon."""
    until = time.monotonic() + SECONDS
    with contextlib.suppress(ProcessLookupError):
        while time.monotonic() < until:
            os.kill(process_id, 0)
        return False
    return True


def configured(**properties: str) -> list[dict[str, Any]]:
    return [{"classification": "spark-defaults", "properties": properties}]


def test_a_session_is_spark_as_it_is_configured_and_nothing_of_it_outlives_the_local_aws(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "apache") as aws:
        session = started(
            aws,
            {
                "runtimeConfiguration": configured(
                    **{"spark.sql.shuffle.partitions": "7", "spark.app.name": "application"}
                )
            },
            configurationOverrides={
                "runtimeConfiguration": configured(**{"spark.app.name": "session"})
            },
        )
        # The environment that it prints is all that a client needs.
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", QUERY, session["arn"]],
            env=aws.environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        # Merged, as from emr-spark-8.1.0 on.
        assert done.stdout.split() == ["session", "7", "[2,", "4]"]
        processes = descendants(aws.pid)
        assert sum("SparkSubmit" in command for command in processes.values()) == 1
        assert any("pyspark.daemon" in command for command in processes.values())

        os.kill(aws.pid, signal.SIGKILL)
        assert all(gone(process) for process in processes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_no_server_of_sail_outlives_it(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path, "sail") as aws:
        started(aws)
        servers = [p for p, command in descendants(aws.pid).items() if "sail_process" in command]
        assert len(servers) == 1
        os.kill(aws.pid, number)
        assert gone(servers[0])


@pytest.mark.parametrize(
    ("spark", "module", "extra"), [("apache", "py4j", "spark"), ("sail", "pysail", "sail")]
)
def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, spark: str, module: str, extra: str
) -> None:
    script = (
        "import sys; import importlib.util as u; find = u.find_spec\n"
        f"u.find_spec = lambda name: None if name == {module!r} else find(name)\n"
        "from emr_serverless_local.__main__ import main\n"
        f"sys.exit(main(['--spark', {spark!r}]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert module in done.stderr
    assert f"emr-serverless-local[{extra}]" in done.stderr
