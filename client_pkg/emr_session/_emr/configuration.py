"""Spark's settings in the configurations of applications and sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CLASSIFICATION = "spark-defaults"


def spark_defaults(configurations: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The properties of the classification ``spark-defaults``."""
    return {
        key: value
        for one in configurations
        if one.get("classification") == CLASSIFICATION
        for key, value in one.get("properties", {}).items()
    }


def runtime_configuration(session: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The configurations that a session was started with, as GetSession describes it."""
    found: Sequence[Mapping[str, Any]] = session.get("configurationOverrides", {}).get(
        "runtimeConfiguration", ()
    )
    return found
