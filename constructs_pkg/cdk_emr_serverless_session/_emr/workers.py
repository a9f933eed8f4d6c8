"""The sizes of EMR Serverless's workers.

From its user guide, "Understanding how an application behaves in EMR Serverless", Supported worker
configurations; and "Using shuffle-optimized disks" for the larger ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from .memory import memory_mib, process_mib

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
    if not isinstance(cores, str) or not cores.strip().isdigit() or memory is None or disk is None:
        return None
    return Worker(int(cores), memory / 1024, disk / 1024)


def disk_range(spark: Mapping[str, object], process: str) -> tuple[int, int]:
    """The least and the most disk of a worker, in GB."""
    kind = str(spark.get(f"spark.emr-serverless.{process}.disk.type", "")).lower()
    return SHUFFLE_OPTIMIZED_DISK_GB if kind == "shuffle_optimized" else DISK_GB
