"""A piece of Spark configuration that a session starts with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Configuration:
    """A classification with its properties, and configurations nested in it.

    The API's ``Configuration``: the classification names the file or component that the
    properties go to.

    Attributes:
        classification: For instance ``spark-defaults``. 1 to 1,024 characters.
        properties: The settings, text to text, at most 100. Default: none.
        configurations: Configurations inside this one, at most 100. Default: none.

    Example:
        ``Configuration("spark-defaults", {"spark.executor.cores": "2"})``
    """

    classification: str
    properties: Mapping[str, str] | None = None
    configurations: Sequence[Configuration] | None = None


def render_configurations(configurations: Iterable[Configuration]) -> list[dict[str, Any]]:
    """The configurations as properties of the custom resource; what isn't set is left out."""
    return [_render(configuration) for configuration in configurations]


def spark_defaults(configurations: Iterable[Configuration]) -> dict[str, str]:
    """The Spark properties of the outermost configurations, the last word on each."""
    settings: dict[str, str] = {}
    for configuration in configurations:
        if configuration.classification == "spark-defaults":
            settings.update(configuration.properties or {})
    return settings


def _render(configuration: Configuration) -> dict[str, Any]:
    rendered: dict[str, Any] = {"Classification": configuration.classification}
    if configuration.properties is not None:
        rendered["Properties"] = dict(configuration.properties)
    if configuration.configurations is not None:
        rendered["Configurations"] = render_configurations(configuration.configurations)
    return rendered
