"""Use a session directly and by the proxy, in turn, and print what each took as JSON.

A process of its own, as a client is: it shares no interpreter with what it measures.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession

from emr_session import remote_url

COUNTS = 100
RESULTS = 9
ROWS = 2_000_000
COLUMNS = 4
CLIENTS = 100
MIB = 1 << 20


def main() -> None:
    """Measure counts, large results, and many clients at once."""
    arn, address, process_id = sys.argv[1:]
    addresses = (remote_url(arn), address)
    sessions = [_connected(each) for each in addresses]
    counts = _in_turn([partial(_count, session) for session in sessions], COUNTS)
    columns = [f"id + {number} AS c{number}" for number in range(COLUMNS)]
    large = [s.range(0, ROWS, 1, 8).selectExpr(*columns) for s in sessions]
    before = _cpu_seconds(process_id)
    results = _in_turn([frame.toArrow for frame in large], RESULTS)
    mib = ROWS * COLUMNS * 8 / MIB
    used = (_cpu_seconds(process_id) - before) / (mib * (RESULTS + 1)) * 100
    print(
        json.dumps(
            {
                "count_ms": [[1000 * seconds for seconds in way] for way in counts],
                "count_ratio": _median_of_ratios(counts),
                "mib_a_second": [[mib / seconds for seconds in way] for way in results],
                "time_ratio": _median_of_ratios(results),
                "clients": CLIENTS,
                "clients_seconds": [_at_once(each) for each in addresses],
                "cpu_s_a_100_mib": used,
            }
        )
    )


def _connected(address: str) -> Any:
    builder: Any = SparkSession.builder
    return builder.remote(address).create()


def _count(session: Any) -> int:
    return int(session.range(10).count())


def _in_turn(ways: list[Callable[[], object]], rounds: int) -> list[list[float]]:
    """The seconds of each round, after one that isn't counted."""
    took = [[_timed(way) for way in ways] for _ in range(rounds + 1)][1:]
    return [list(way) for way in zip(*took, strict=True)]


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _median_of_ratios(ways: list[list[float]]) -> float:
    direct, proxied = ways
    return statistics.median(p / d for d, p in zip(direct, proxied, strict=True))


def _at_once(address: str) -> float:
    """The seconds that as many clients take for a count each, when they ask together."""
    sessions = [_connected(address) for _ in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        return _timed(lambda: list(pool.map(_count, sessions)))


def _cpu_seconds(process_id: str) -> float:
    user, system = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
