"""``make soak``: many schedules, in as many processes as there are processors.

SCHEDULES and SEED set how many and which. Prints what was run and what it met; each chunk that
broke an invariant prints its schedule, made smaller, and the others go on.
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


def soak(chunk_seed: int, count: int) -> tuple[Counter[str], str]:
    """Run so many schedules. Gives what they met, and the first that broke an invariant."""
    seen: Counter[str] = Counter()

    @seed(chunk_seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    @given(schedules)
    def every_schedule(steps: list[Step]) -> None:
        met = run(*steps)
        seen.update(met)
        seen["schedules"] += 1

    try:
        every_schedule()
    except Exception as broken:  # noqa: BLE001 - it is printed, and the soak fails
        notes = getattr(broken, "__notes__", ())
        return seen, "\n".join([f"seed {chunk_seed}: {broken!r}", *notes])
    return seen, ""


def main() -> int:
    count = int(os.environ.get("SCHEDULES", "20000"))
    first_seed = int(os.environ.get("SEED", secrets.randbelow(1_000_000)))
    began = time.monotonic()
    print(f"{count} schedules, seed {first_seed}", flush=True)
    chunks = [min(CHUNK, count - done) for done in range(0, count, CHUNK)]
    total: Counter[str] = Counter()
    broken: list[str] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seen, found in pool.map(soak, range(first_seed, first_seed + len(chunks)), chunks):
            total += seen
            print(f"{total['schedules']:8} {time.monotonic() - began:8.0f} s {found}", flush=True)
            broken += [found] if found else []
    for what, times in sorted(total.items()):
        print(f"{what:76}{times:10}")
    print(f"{len(broken)} of {len(chunks)} chunks broke an invariant")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
