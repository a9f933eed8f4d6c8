"""How a session's Spark configuration is applied to a server on this machine.

Pure: properties in, properties out. What a cluster has and a laptop hasn't is
left out or made smaller; everything else is passed on as it is.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..sessions.memory import memory_mib
from ..sessions.workers import DEFAULT_CORES

# Driver and executors are one process here. A session asks for 14 GB by default.
HEAP_MB, LEAST_HEAP_MB = 2048, 512
_CONNECT_PLUGIN = "org.apache.spark.sql.connect.SparkConnectPlugin"
# Storage that a laptop doesn't reach: Spark of PyPI has no file system for it.
_REMOTE_STORAGE = re.compile(r"\bs3[an]?://")


@dataclass(frozen=True)
class Configuration:
    """What a server is started with.

    Attributes:
        properties: Spark's properties.
        heap_mb: The most memory that the JVM's heap takes, in MiB.
        java_options: What the session asks of the driver's JVM.
        left_out: Names of properties that aren't applied, because they name files at S3.
    """

    properties: Mapping[str, str]
    heap_mb: int
    java_options: str
    left_out: tuple[str, ...]


def configuration(spark_defaults: Mapping[str, str], folder: Path) -> Configuration:
    """Fit a session's configuration to this machine.

    Args:
        spark_defaults: The properties of the classification ``spark-defaults``.
        folder: Where the server keeps its files.
    """
    left_out = tuple(
        sorted(name for name, value in spark_defaults.items() if _REMOTE_STORAGE.search(value))
    )
    kept = {name: value for name, value in spark_defaults.items() if name not in left_out}
    plugins = [*filter(None, [kept.get("spark.plugins")]), _CONNECT_PLUGIN]
    ours = {
        "spark.master": f"local[{_cores(kept)}]",
        "spark.submit.deployMode": "client",
        "spark.plugins": ",".join(plugins),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": "0",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.port": "0",
        "spark.blockManager.port": "0",
        "spark.ui.enabled": "true",
        "spark.ui.port": "0",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "false",
    }
    defaults = {
        "spark.app.name": "EMR Serverless session",
        "spark.sql.warehouse.dir": str(folder / "spark-warehouse"),
    }
    return Configuration(
        properties={**defaults, **kept, **ours},
        heap_mb=_heap_mb(kept.get("spark.driver.memory", "")),
        java_options=kept.get("spark.driver.extraJavaOptions", ""),
        left_out=left_out,
    )


def as_java_properties(properties: Mapping[str, str]) -> str:
    """Properties in the format of a ``--properties-file``, one a line."""
    return "".join(f"{_escaped(k)}={_escaped(v)}\n" for k, v in properties.items())


def _escaped(text: str) -> str:
    text = re.sub(r"([\\ =:#!])", r"\\\1", text)
    return text.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _cores(properties: Mapping[str, str]) -> int:
    """What one executor was asked to have, or what the machine has if that is less."""
    asked = properties.get("spark.executor.cores", "")
    cores = int(asked) if asked.isdigit() else DEFAULT_CORES
    return max(1, min(cores, os.cpu_count() or 1))


def _heap_mb(asked: str) -> int:
    mib = memory_mib(asked)
    return max(LEAST_HEAP_MB, min(HEAP_MB if mib is None else int(mib), HEAP_MB))
