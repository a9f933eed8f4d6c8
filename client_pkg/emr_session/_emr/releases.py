"""EMR releases with sessions: their Spark, and the PySpark to install.

The one place that has to learn of a new release.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A label may have a date after it: emr-7.13.0-20260401.
_LABEL = re.compile(r"(?P<line>emr|emr-spark)-(?P<version>\d+\.\d+\.\d+)")
# EMR has two lines of releases, and sessions in both.
FIRST_WITH_SESSIONS = {"emr": (7, 13, 0), "emr-spark": (8, 0, 0)}
# From here on a session's configuration is merged into the application's; before, it replaces it.
FIRST_THAT_MERGES = (8, 1, 0)


@dataclass(frozen=True)
class Release:
    """A release label, its Spark and, where it is published, the Python of its workers."""

    label: str
    spark: str
    python: str | None = None


# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/release-versions.html
RELEASES = (
    Release("emr-7.13.0", "3.5.6", python="3.11"),
    Release("emr-7.14.0", "3.5.8"),
    Release("emr-spark-8.0.0", "4.0.2"),
    Release("emr-spark-8.1.0", "4.1.1", python="3.11"),
)


def find_release(label: str) -> Release | None:
    """The release of a label, or None where it isn't known here."""
    match = _LABEL.match(label)
    return next((one for one in RELEASES if match and one.label == match[0]), None)


def takes_sessions(label: str) -> bool | None:
    """Whether applications of a release have sessions; None for a label that can't be read."""
    line, version = _read(label)
    return version >= FIRST_WITH_SESSIONS[line] if line else None


def merges_configuration(label: str) -> bool:
    """Whether a session's configuration is merged into the application's, or replaces it."""
    line, version = _read(label)
    return line == "emr-spark" and version >= FIRST_THAT_MERGES


def _read(label: str) -> tuple[str, tuple[int, ...]]:
    match = _LABEL.match(label)
    if not match:
        return "", ()
    return match["line"], tuple(map(int, match["version"].split(".")))


def requirement(spark: str) -> str:
    """What to ask pip for, to have a client of a Spark.

    PySpark 3.5 needs the whole of PySpark; since 4.0 there is a client without Spark in it.
    """
    if spark.startswith("3."):
        return f'"emr-session[spark]" "pyspark=={spark}"'
    return f'"emr-session[client]" "pyspark-client=={spark}"'
