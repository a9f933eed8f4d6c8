"""Runs every scenario of the small world with every single deviation, then with pairs.

``PYTHONPATH=.:lambda:constructs_pkg python -m tests.protocol.exhaust [SECONDS]`` gives the pairs of
each scenario so many seconds (default 0). In as many processes as there are processors.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from testbed.simulation.explore import Exploration, explore, scenarios


def _one(name: str, seconds: float) -> tuple[str, Exploration, Exploration | None]:
    single = explore([name], 1)
    return name, single, explore([name], 2, seconds) if seconds else None


def main() -> int:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 0.0
    began = time.monotonic()
    names = list(scenarios())
    singles = pairs = complete = 0
    broken: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for name, single, double in pool.map(_one, names, [seconds] * len(names)):
            singles += single.runs
            pairs += double.runs if double else 0
            complete += bool(double and double.finished)
            for found in (single, double):
                broken += [f"{name}: {dict(p)}: {b}" for _, p, b in found.broken] if found else []
    for line in broken:
        print(line)
    took = time.monotonic() - began
    print(
        f"{len(names)} scenarios, {singles} runs with at most one deviation"
        f"{f', {pairs} with at most two ({complete} scenarios completely)' if pairs else ''}"
        f", in {took:.0f} s; {len(broken)} broke an invariant"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
