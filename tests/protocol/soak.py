"""``make soak``: runs random schedules, one process per processor.

SCHEDULES, SEED and LEVEL (``operations`` or ``botocore``) set how many, which, and whether the
handler's calls go through botocore. Prints what was run and what it met; a schedule that broke an
invariant is printed, made smaller, with the deviations that it takes.
"""

from __future__ import annotations

import gc
import os
import secrets
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import cast

from testbed.simulation.invariants import InvariantViolation
from testbed.simulation.schedule import dice_of, run, shrink
from testbed.simulation.world import Level

CHUNK = 100
COLLECTED_AFTER = 100
"""So many schedules make little garbage that Python has to look for: it isn't looked for sooner."""
SHOWN = 3
"""So many broken schedules of a chunk are made smaller and printed."""


def soak(first_seed: int, count: int, level: Level) -> tuple[Counter[str], list[str]]:
    """Run the schedules of so many seeds. Gives what they met, and those that broke something."""
    seen: Counter[str] = Counter()
    broken: list[str] = []
    gc.disable()
    for seed in range(first_seed, first_seed + count):
        if seed % COLLECTED_AFTER == 0:
            gc.collect()
        schedule, dice = dice_of(seed)
        seen["schedules"] += 1
        try:
            seen.update(run(schedule, dice, level))
        except InvariantViolation as error:
            if len(broken) < SHOWN:
                smaller, plan, found = shrink(schedule, dice.deviations, level)
                shown = f"\n  schedule = {smaller}\n  plan = {dict(plan)}" if found else ""
                broken.append(f"seed {seed}: {'; '.join(found or error.found)}{shown}")
            else:
                broken.append(f"seed {seed}: {error}")
    return seen, broken


def main() -> int:
    count = int(os.environ.get("SCHEDULES", "20000"))
    first = int(os.environ.get("SEED", secrets.randbelow(1_000_000_000)))
    level = cast(Level, os.environ.get("LEVEL", "operations"))
    began = time.monotonic()
    print(f"{count} schedules, SEED={first}, LEVEL={level}", flush=True)
    seeds = range(first, first + count, CHUNK)
    sizes = [min(CHUNK, first + count - seed) for seed in seeds]
    total: Counter[str] = Counter()
    broken = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for number, (seen, found) in enumerate(pool.map(soak, seeds, sizes, [level] * len(sizes))):
            total += seen
            broken += len(found)
            for what in found:
                print(what, flush=True)
            if number % 50 == 49:
                seconds = time.monotonic() - began
                rate = total["schedules"] / seconds
                print(f"{total['schedules']:8} in {seconds:.0f} s, {rate:.0f} a second", flush=True)
    for what, times in sorted(total.items()):
        print(f"{what:76}{times:10}")
    seconds = time.monotonic() - began
    print(f"{total['schedules']} schedules in {seconds:.0f} s; {broken} broke an invariant")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
