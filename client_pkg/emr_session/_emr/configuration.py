"""Spark's settings in what the service calls configurations, of applications and sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def of_session(session: Mapping[str, Any]) -> dict[str, str]:
    """The Spark settings that a session was started with, as GetSession describes it."""
    return spark_defaults(session.get("configurationOverrides", {}).get("runtimeConfiguration", ()))
