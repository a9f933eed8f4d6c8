"""The arithmetic of Spark's memory settings, in MiB."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Spark's documentation, "Spark Properties": sizes are counted in powers of 1,024, in any case, and
# spark.driver.memory, spark.executor.memory and their overheads in MiB where no unit is given.
_MIB_OF_UNIT = {
    "b": 1024.0**-2,
    "k": 1024.0**-1,
    "m": 1.0,
    "g": 1024.0,
    "t": 1024.0**2,
    "p": 1024.0**3,
}
_SIZE = re.compile(r"\s*(\d+)(?:(b)|([kmgtp])b?)?\s*", re.IGNORECASE)

# Spark's defaults for spark.{driver,executor}.memoryOverheadFactor and the least overhead.
OVERHEAD_FACTOR = 0.1
LEAST_OVERHEAD_MIB = 384.0
# What EMR Serverless gives drivers and executors that aren't configured (its guide, "Spark job
# properties").
DEFAULT_MEMORY = "14g"


def memory_mib(text: object) -> float | None:
    """A Spark size in MiB: ``14g``, ``512m``, ``2048``. None where it can't be read."""
    found = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        return None
    unit = (found[2] or found[3] or "m").lower()
    return int(found[1]) * _MIB_OF_UNIT[unit]


def process_mib(spark: Mapping[str, object], process: str) -> float | None:
    """The memory that a driver or an executor takes of its worker, overhead included.

    Args:
        spark: Spark properties.
        process: ``driver`` or ``executor``.

    Returns:
        MiB, or None where a property can't be read or is only known at deployment.
    """
    asked = memory_mib(spark.get(f"spark.{process}.memory", DEFAULT_MEMORY))
    if asked is None:
        return None
    if (given := spark.get(f"spark.{process}.memoryOverhead")) is not None:
        overhead = memory_mib(given)
        return None if overhead is None else asked + overhead
    factor = _factor(spark.get(f"spark.{process}.memoryOverheadFactor"))
    return None if factor is None else asked + max(asked * factor, LEAST_OVERHEAD_MIB)


def _factor(value: object) -> float | None:
    if value is None:
        return OVERHEAD_FACTOR
    try:
        return float(str(value))
    except ValueError:
        return None
