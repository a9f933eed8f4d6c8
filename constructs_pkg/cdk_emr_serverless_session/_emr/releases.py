"""EMR releases: which support sessions, and which Spark they run."""

from __future__ import annotations

import re
from typing import NamedTuple


class Release(NamedTuple):
    """A release of one of EMR's two lines: ``emr-7.13.0``, or ``emr-spark-8.1.0``."""

    line: str
    version: tuple[int, int, int]

    @property
    def takes_sessions(self) -> bool:
        """Whether applications of this release have interactive sessions."""
        return self.version >= _FIRST_WITH_SESSIONS[self.line]

    @property
    def spark(self) -> str | None:
        """The version of Spark, where it is known."""
        return SPARK_OF_RELEASE.get(f"{self.line}-{'.'.join(map(str, self.version))}")

    @property
    def merges_configuration(self) -> bool:
        """Whether a session's configuration is merged into the application's, or replaces it.

        Merged from emr-spark-8.1.0 on; replaced in emr-spark-8.0.0 (EMR's release pages). For
        emr-7 the service publishes nothing: it is taken to be as in 8.0.0.
        """
        return self.line == "emr-spark" and self.version >= (8, 1, 0)


# EMR's release pages. What to install beside each: the PySpark of the same version.
SPARK_OF_RELEASE = {
    "emr-7.13.0": "3.5.6",
    "emr-7.14.0": "3.5.8",
    "emr-spark-8.0.0": "4.0.2",
    "emr-spark-8.1.0": "4.1.1",
}

_FIRST_WITH_SESSIONS = {"emr": (7, 13, 0), "emr-spark": (8, 0, 0)}
_LABEL = re.compile(r"(?P<line>emr|emr-spark)-(\d+)\.(\d+)\.(\d+)(-.*)?")


def read_release(label: str) -> Release | None:
    """The release of a label, with or without a suffix such as ``-latest``; None for others."""
    found = _LABEL.fullmatch(label)
    if found is None:
        return None
    major, minor, patch = (int(found[group]) for group in (2, 3, 4))
    return Release(found["line"], (major, minor, patch))
