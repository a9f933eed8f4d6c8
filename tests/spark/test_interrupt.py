"""Ctrl-C ends a query on the server too, and prints one line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.spark.conftest import LiveSession, SparkSessions
from tests.spark.shared_server import SharedServer

SECONDS = 60
# Two seconds, on a machine that other tests keep busy.
PATIENCE = 5
SCRIPT = """
import sys
from emr_session import connect

class Clock:
    now = staticmethod(lambda: {now})

spark = connect(sys.argv[1], clock=Clock(), check_version=False)
{query}
"""
# Hours of work, in tasks that can be interrupted.
LONG = "spark.range(10**13).selectExpr('max(id % 7)').collect()"
STREAMING = """
query = spark.readStream.format("rate").load().writeStream.format("noop").start()
print("started", flush=True)
try:
    query.awaitTermination()
except KeyboardInterrupt as interrupt:
    print(interrupt, query.isActive)
    query.stop()
"""


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.1)
    return False


def running(
    spark: SparkSessions, server: SharedServer, live: LiveSession, query: str, folder: Path
) -> subprocess.Popen[str]:
    """A program in the middle of a query."""
    program = started(spark, live, query, folder)
    assert wait_for(lambda: program.poll() is not None or works(server), SECONDS)
    assert live.state() == "BUSY"
    return program


def started(
    spark: SparkSessions, live: LiveSession, query: str, folder: Path
) -> subprocess.Popen[str]:
    """A program that connects and queries."""
    script = folder / "query.py"
    script.write_text(SCRIPT.format(now=spark.clock.now(), query=query))
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", script, live.arn],
        env={**os.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def works(server: SharedServer) -> bool:
    """Whether Spark has a job in progress, as its web interface says."""
    api = f"{server.dashboard}/api/v1/applications"
    with urlopen(api) as answer:
        (application,) = json.load(answer)
    with urlopen(f"{api}/{application['id']}/jobs?status=running") as answer:
        return bool(json.load(answer))


def test_ctrl_c_leaves_the_session_idle_and_one_line(
    spark: SparkSessions, shared_server: SharedServer, tmp_path: Path
) -> None:
    live = spark.start()
    program = running(spark, shared_server, live, LONG, tmp_path)
    program.send_signal(signal.SIGINT)
    pressed = time.monotonic()
    _, said = program.communicate(timeout=SECONDS)

    assert wait_for(
        lambda: live.state() == "IDLE" and not works(shared_server),
        max(0.1, pressed + PATIENCE - time.monotonic()),
    )
    assert said.splitlines() == ["Query interrupted: it was stopped on the server, too."]
    assert program.returncode == -signal.SIGINT


@pytest.mark.parametrize("gap", [0.02, 0.05, 0.2])
def test_ctrl_c_twice_is_one_line_too(
    gap: float, spark: SparkSessions, shared_server: SharedServer, tmp_path: Path
) -> None:
    live = spark.start()
    program = running(spark, shared_server, live, LONG, tmp_path)
    program.send_signal(signal.SIGINT)
    time.sleep(gap)
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=SECONDS)

    (line,) = said.splitlines()
    assert line.startswith("Query interrupted: ")
    assert program.returncode == -signal.SIGINT
    assert wait_for(lambda: live.state() == "IDLE" and not works(shared_server), PATIENCE)


def test_ipython_shows_one_line_too(
    spark: SparkSessions, shared_server: SharedServer, tmp_path: Path
) -> None:
    live = spark.start()
    cell = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance(user_ns={'spark': spark})\n"
        f'shell.run_cell("{LONG}")\n'
    )
    program = running(spark, shared_server, live, cell, tmp_path)
    program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=SECONDS)

    assert said.splitlines()[-1] == "Query interrupted: it was stopped on the server, too."
    assert "Traceback" not in said


def test_ctrl_c_ends_the_wait_for_a_streaming_query_and_not_the_query(
    spark: SparkSessions, tmp_path: Path
) -> None:
    live = spark.start()
    program = started(spark, live, STREAMING, tmp_path)
    assert program.stdout
    assert program.stdout.readline() == "started\n"
    assert wait_for(lambda: live.state() == "BUSY", SECONDS)
    program.send_signal(signal.SIGINT)
    said, _ = program.communicate(timeout=SECONDS)

    assert said == "Stopped waiting. The streaming query goes on: query.stop() ends it. True\n"
    assert wait_for(lambda: live.state() == "IDLE", PATIENCE)
