"""Which Spark a release has, and whether a PySpark fits it. Versions alone, nothing is asked."""

from __future__ import annotations

import re
import sys
import warnings

from ..errors import SparkVersionError, SparkVersionWarning

# From the release notes: https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/
SPARK_OF_RELEASE = {"emr-7.13.0": "3.5.6"}


def spark_of(release: str) -> str | None:
    """The Spark of a release label, if it is a known one."""
    # A label may have a date after it: emr-7.13.0-20260401.
    match = re.match(r"emr-\d+\.\d+\.\d+", release)
    return SPARK_OF_RELEASE.get(match[0]) if match else None


def check(installed: str, spark: str, where: str) -> None:
    """Say so if PySpark isn't the session's Spark.

    Args:
        installed: PySpark's version.
        spark: Spark's, possibly with a vendor's suffix: ``3.5.6-amzn-0``.
        where: What has that Spark, for the message.

    Raises:
        SparkVersionError: The major versions differ.
    """
    wanted, have = _numbers(spark), _numbers(installed)
    if not wanted or wanted == have:
        return
    plain = ".".join(map(str, wanted))
    message = (
        f"PySpark {installed} is installed, and {where} has Spark {plain}. Install the one that "
        f'fits: pip install "emr-session[spark]" "pyspark=={plain}"'
    )
    # The rest is pinned by the extra. NumPy 1 has no wheels for later Pythons.
    if wanted[0] == 3 and sys.version_info < (3, 13):
        message += ' "numpy<2"'
    if wanted[:1] != have[:1]:
        raise SparkVersionError(f"{message}. check_version=False connects all the same.")
    warnings.warn(message, SparkVersionWarning, stacklevel=3)


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")[:3]) if match else ()
