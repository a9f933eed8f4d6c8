"""Checks of a session's Spark configuration for mistakes that the service accepts silently."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from .._emr.memory import memory_mib
from .._emr.workers import MEMORY_OF_CORES, PROCESSES, Worker, disk_range, worker
from .._template.findings import ID_PREFIX, Finding
from ..configuration import Configuration, spark_defaults
from .limits import known_later

CLASSIFICATION = ID_PREFIX + "classification"
SPARK_CORES = ID_PREFIX + "sparkCores"
SPARK_MEMORY = ID_PREFIX + "sparkMemory"
WORKER_SIZE = ID_PREFIX + "workerSize"

# EMR Serverless's user guide, "Configuration overrides" and "Spark job properties".
_KNOWN = ("spark-defaults", "spark-driver-log4j2", "spark-executor-log4j2")
_CORES = tuple(f"spark.{process}.cores" for process in PROCESSES)
_SIZES = (
    *(f"spark.{process}.{name}" for process in PROCESSES for name in ("memory", "memoryOverhead")),
    *(f"spark.emr-serverless.{process}.disk" for process in PROCESSES),
)


def spark_findings(configurations: Sequence[Configuration]) -> Iterator[Finding]:
    """What of a session's own configuration can't be meant so. Values aren't shown."""
    names = Counter(one.classification for one in configurations)
    for name, count in names.items():
        if count > 1 and not known_later(name):
            yield _warning(
                CLASSIFICATION,
                f"runtime_configuration: {name!r} is given {count} times; write its properties in "
                "one Configuration.",
            )
        close = difflib.get_close_matches(name, _KNOWN, 1, cutoff=0.85)
        if close and name not in _KNOWN:
            yield _warning(
                CLASSIFICATION,
                f"runtime_configuration: the classification is {name!r}; write {close[0]!r}.",
            )
    spark = spark_defaults(configurations)
    for key in _CORES:
        value = spark.get(key)
        if value is not None and not known_later(value) and not str(value).isdecimal():
            yield _warning(
                SPARK_CORES,
                f"runtime_configuration: {key} is no number that Spark reads; write a whole "
                'number, such as "4".',
            )
    for key in _SIZES:
        value = spark.get(key)
        if value is not None and not known_later(value) and memory_mib(value) is None:
            yield _warning(
                SPARK_MEMORY,
                f"runtime_configuration: {key} is not a size that Spark reads; write a whole "
                'number and a unit, such as "8g" or "512m".',
            )


def worker_findings(spark: Mapping[str, object], *, is_complete: bool) -> Iterator[Finding]:
    """Whether driver and executors fit into workers that EMR Serverless has.

    Args:
        spark: The properties that Spark starts with.
        is_complete: Whether what is absent has Spark's default, or may be set elsewhere.
    """
    for process in PROCESSES:
        asked = worker(spark, process)
        cores = f"spark.{process}.cores"
        if asked is None or not (is_complete or cores in spark):
            continue
        if (problem := _worker_problem(process, asked)) is not None:
            yield _warning(WORKER_SIZE, problem)
        least, most = disk_range(spark, process)
        if not least <= asked.disk_gb <= most:
            yield _warning(
                WORKER_SIZE,
                f"spark.emr-serverless.{process}.disk is {asked.disk_gb:g} GB; write {least}g to "
                f"{most}g.",
            )


def _worker_problem(process: str, asked: Worker) -> str | None:
    if asked.cores not in MEMORY_OF_CORES:
        larger = next((cores for cores in MEMORY_OF_CORES if cores > asked.cores), 16)
        return (
            f"spark.{process}.cores is {asked.cores}, and EMR Serverless has workers of 1, 2, 4, 8 "
            f"and 16 vCPU; write {larger}."
        )
    memory = MEMORY_OF_CORES[asked.cores]
    if asked.memory_gb <= memory.most:
        return None
    size = asked.size
    more = "less memory" if size is None else f"less memory, or {size[0]} cores"
    return (
        f"spark.{process}.memory takes {asked.memory_gb:.4g} GB with its overhead, and a worker of "
        f"{asked.cores} vCPU has at most {memory.most} GB; write {more}."
    )


def _warning(id: str, message: str) -> Finding:
    return Finding(id, message, False)
