"""``make soak``: many schedules, in as many processes as there are processors.

SCHEDULES and SEED set how many and which. Prints what was run and what it met.
"""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from hypothesis import HealthCheck, Phase, given, seed, settings

from .schedule import Step, run
from .strategies import schedules

CHUNK = 500


def soak(chunk_seed: int, count: int) -> Counter[str]:
    """Run so many schedules; the first that breaks an invariant is raised, made smaller."""
    seen: Counter[str] = Counter()

    @seed(chunk_seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(schedules)
    def every_schedule(steps: list[Step]) -> None:
        met = run(*steps)
        seen.update(met)
        seen["schedules"] += 1

    every_schedule()
    return seen


def main() -> int:
    count = int(os.environ.get("SCHEDULES", "20000"))
    first_seed = int(os.environ.get("SEED", secrets.randbelow(1_000_000)))
    began = time.monotonic()
    print(f"{count} schedules, seed {first_seed}", flush=True)
    chunks = [min(CHUNK, count - done) for done in range(0, count, CHUNK)]
    total: Counter[str] = Counter()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seen in pool.map(soak, range(first_seed, first_seed + len(chunks)), chunks):
            total += seen
            print(f"{total['schedules']:8} {time.monotonic() - began:8.0f} s", flush=True)
    for what, times in sorted(total.items()):
        print(f"{what:32}{times:10}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
