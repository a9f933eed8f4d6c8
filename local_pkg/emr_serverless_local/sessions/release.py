"""What depends on the release: support for sessions, and how configurations are merged.

EMR has two lines of releases, ``emr-7.13.0`` and ``emr-spark-8.1.0``.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

FIRST_WITH_SESSIONS = {"emr": (7, 13, 0), "emr-spark": (8, 0, 0)}
# Before, a session's configuration replaces the application's.
FIRST_THAT_MERGES = (8, 1, 0)
SPARK_DEFAULTS = "spark-defaults"


def has_sessions(label: str) -> bool:
    """Whether applications of a release take sessions."""
    line, version = _parsed(label)
    return line in FIRST_WITH_SESSIONS and version >= FIRST_WITH_SESSIONS[line]


def spark_defaults(
    label: str,
    application: Iterable[Mapping[str, Any]],
    session: Iterable[Mapping[str, Any]],
) -> dict[str, str]:
    """The Spark configuration of a session.

    Args:
        label: The application's release.
        application: The application's ``runtimeConfiguration``.
        session: The session's own, which may be empty.
    """
    inherited, own = list(application), list(session)
    line, version = _parsed(label)
    merges = line == "emr-spark" and version >= FIRST_THAT_MERGES
    if merges or not own:
        return {**_spark_defaults(inherited), **_spark_defaults(own)}
    return _spark_defaults(own)


def _spark_defaults(configurations: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for configuration in configurations:
        if configuration.get("classification") == SPARK_DEFAULTS:
            found.update(configuration.get("properties", {}))
    return found


def _parsed(label: str) -> tuple[str, tuple[int, ...]]:
    match = re.fullmatch(r"(emr|emr-spark)-(\d+)\.(\d+)\.(\d+)(-.+)?", label)
    if not match:
        return "", ()
    return match[1], tuple(int(part) for part in match.group(2, 3, 4))
