"""The sizes of EMR Serverless's workers, and what a session's first ones take.

From its user guide, "Understanding how an application behaves in EMR Serverless", Supported worker
configurations; and "Using shuffle-optimized disks" for the larger ones.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

from .memory import memory_mib, process_mib

PROCESSES = ("driver", "executor")
DEFAULT_CORES = 4
DEFAULT_DISK = "20g"


class MemoryRange(NamedTuple):
    """What memory a worker of some number of vCPU may have, in GB."""

    least: int
    most: int
    step: int


MEMORY_OF_CORES = {
    1: MemoryRange(2, 8, 1),
    2: MemoryRange(4, 16, 1),
    4: MemoryRange(8, 30, 1),
    8: MemoryRange(16, 60, 4),
    16: MemoryRange(32, 120, 8),
}
DISK_GB = (20, 200)
SHUFFLE_OPTIMIZED_DISK_GB = (20, 2000)
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(vcpu|gb|g)?s?\s*", re.IGNORECASE)


class Worker(NamedTuple):
    """What a driver or an executor takes.

    Attributes:
        cores: vCPU, as asked.
        memory_gb: GB with the overhead, as asked.
        disk_gb: GB.
    """

    cores: int
    memory_gb: float
    disk_gb: float

    @property
    def size(self) -> tuple[int, int] | None:
        """vCPU and GB of the smallest worker that has room; None where there is none."""
        for cores, memory in MEMORY_OF_CORES.items():
            if cores >= self.cores and memory.most >= self.memory_gb:
                steps = math.ceil(max(self.memory_gb - memory.least, 0) / memory.step)
                return cores, memory.least + steps * memory.step
        return None


def worker(spark: Mapping[str, object], process: str) -> Worker | None:
    """What a ``driver`` or an ``executor`` takes; None where a property can't be read now."""
    cores = spark.get(f"spark.{process}.cores", str(DEFAULT_CORES))
    memory = process_mib(spark, process)
    disk = memory_mib(spark.get(f"spark.emr-serverless.{process}.disk", DEFAULT_DISK))
    number = int(cores) if isinstance(cores, str) and cores.strip().isdigit() else 0
    if not number or memory is None or disk is None:
        return None
    return Worker(number, memory / 1024, disk / 1024)


def disk_range(spark: Mapping[str, object], process: str) -> tuple[int, int]:
    """The least and the most disk of a worker, in GB."""
    kind = str(spark.get(f"spark.emr-serverless.{process}.disk.type", "")).lower()
    return SHUFFLE_OPTIMIZED_DISK_GB if kind == "shuffle_optimized" else DISK_GB


def first_workers(spark: Mapping[str, object], executors: int = 1) -> Worker | None:
    """What a driver and its first executors take together, by the sizes of workers.

    A worker that is larger than any size counts as it was asked for.

    Args:
        spark: Spark properties.
        executors: How many executors come with the driver.

    Returns:
        vCPU, memory and disk of all of them; None where a property can't be read now.
    """
    driver, executor = (worker(spark, process) for process in PROCESSES)
    if driver is None or executor is None:
        return None
    taken = [driver, *[executor] * executors]
    sizes = [one.size or (one.cores, math.ceil(one.memory_gb)) for one in taken]
    return Worker(
        sum(cores for cores, _ in sizes),
        sum(memory for _, memory in sizes),
        sum(one.disk_gb for one in taken),
    )


def amount(text: object) -> float | None:
    """The number in a capacity such as ``16 GB`` or ``4 vCPU``; None where it can't be read."""
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    return None if found is None else float(found[1])
