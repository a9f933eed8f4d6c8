"""The proxy compared with a direct connection to Apache Spark, the two in turn."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.process import ROOT, Quartiles
from testbed.local_aws import LocalAws
from testbed.sessions import started

CLIENT = ROOT / "benchmarks" / "proxy_client.py"


@dataclass(frozen=True)
class Measured:
    """What was measured, direct first and by the proxy second."""

    count_ms: tuple[Quartiles, Quartiles]
    count_ratio: float
    mib_a_second: tuple[Quartiles, Quartiles]
    time_ratio: float
    clients: int
    clients_seconds: tuple[float, float]
    cpu_s_a_100_mib: float
    peak_mib: float


def measure() -> Measured:
    """Start a session with Spark behind it and a proxy to it, and use both ways."""
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalAws(Path(folder), session_start_seconds=0.5, spark="apache") as aws,
    ):
        session = started(aws)
        with _proxy(aws, session["arn"]) as (process, address):
            environment = {**aws.environment(), "SPARK_CONNECT_MODE_ENABLED": "1"}
            done = subprocess.run(
                [
                    *(sys.executable, "-W", "ignore", CLIENT),
                    *(session["arn"], address, str(process.pid)),
                ],
                env=environment,
                cwd=ROOT,
                stdout=subprocess.PIPE,
                text=True,
                check=True,
            )
            found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
            peak = _peak_kib(process.pid) / 1024
    return Measured(
        count_ms=_both(found["count_ms"]),
        count_ratio=found["count_ratio"],
        mib_a_second=_both(found["mib_a_second"]),
        time_ratio=found["time_ratio"],
        clients=found["clients"],
        clients_seconds=(found["clients_seconds"][0], found["clients_seconds"][1]),
        cpu_s_a_100_mib=found["cpu_s_a_100_mib"],
        peak_mib=peak,
    )


def _both(values: list[list[float]]) -> tuple[Quartiles, Quartiles]:
    direct, proxied = map(Quartiles.of, values)
    return direct, proxied


@contextmanager
def _proxy(aws: LocalAws, arn: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "emr_session", "proxy", arn, "--port", "0"],
        env=aws.environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        yield process, process.stdout.readline().strip()
        process.terminate()


def _peak_kib(process_id: int) -> int:
    status = Path(f"/proc/{process_id}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1])
