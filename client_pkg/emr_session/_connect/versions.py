"""Compares the installed PySpark with the session's Spark, and knows the workers' Python.

Compares versions and asks nothing.
"""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from importlib import metadata

from .._emr.releases import Release, requirement
from ..errors import SparkVersionError, SparkVersionWarning

# What names the Python of the workers in a session's configuration.
PYTHON_SETTINGS = (
    "spark.emr-serverless.executorEnv.PYSPARK_PYTHON",
    "spark.executorEnv.PYSPARK_PYTHON",
    "spark.pyspark.python",
)


def compare_versions(installed: str, spark: str, where: str) -> None:
    """Warn, or raise, where PySpark isn't the session's Spark.

    Args:
        installed: PySpark's version.
        spark: Spark's, possibly with a vendor's suffix: ``3.5.6-amzn-0``.
        where: What has that Spark, for the message.

    Raises:
        SparkVersionError: The major versions differ.
    """
    wanted, have = numbers(spark), numbers(installed)
    if not wanted or wanted == have:
        return
    plain = ".".join(map(str, wanted))
    message = (
        f"PySpark {installed} is installed, and {where} has Spark {plain}. Install the matching "
        f"client: {install_command(plain)}"
    )
    if wanted[0] != have[0]:
        raise SparkVersionError(f"{message} (check_version=False connects all the same)")
    warnings.warn(message, SparkVersionWarning, stacklevel=3)


def workers_python(setting: Callable[[str], str | None], release: Release | None) -> str | None:
    """The Python of a session's workers: its configuration's, or else its release's.

    Args:
        setting: Gives a Spark setting of the session.
        release: The session's release, where it is known.
    """
    for name in PYTHON_SETTINGS:
        configured = setting(name)
        if configured:
            version = re.search(r"python(\d+\.\d+)", configured)
            return version[1] if version else None
    return release.python if release else None


def install_command(spark: str) -> str:
    """What to type, so that this environment has the client of a Spark and no other."""
    install = f"pip install {requirement(spark)}"
    # PySpark 3.5's pandas API needs NumPy 1, which has no wheels for later Pythons.
    if spark.startswith("3.") and sys.version_info < (3, 13):
        install += ' "numpy<2"'
    other = "pyspark-client" if spark.startswith("3.") else "pyspark"
    # The two have the same files: whichever is removed later takes them from the other.
    return f"pip uninstall -y {other} && {install}" if _is_installed(other) else install


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def numbers(version: str) -> tuple[int, ...]:
    """The first three numbers of a version; empty for what is none."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")[:3]) if match else ()
