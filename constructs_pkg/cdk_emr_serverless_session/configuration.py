"""Spark configuration that a session starts with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk.aws_emrserverless import CfnApplication


@dataclass(frozen=True)
class Configuration:
    """A classification with its properties, and configurations nested in it.

    The API's ``Configuration``: the classification names the file or component that the
    properties go to.

    Attributes:
        classification: For instance ``spark-defaults``. 1 to 1,024 characters.
        properties: The settings, text to text, at most 100. Default: none.
        configurations: Nested configurations, at most 100. Default: none.

    Example:
        ``Configuration("spark-defaults", {"spark.executor.cores": "2"})``
    """

    classification: str
    properties: Mapping[str, str] | None = None
    configurations: Sequence[Configuration] | None = None


# How a configuration may be given: the library's own, the CDK's, or a mapping of the same names.
AnyConfiguration = Configuration | CfnApplication.ConfigurationObjectProperty | Mapping[str, Any]
_FIELDS = ("classification", "properties", "configurations")


def as_configurations(given: Any) -> Any:
    """Configurations of any kind as this library's own; what is none is left as it is."""
    if isinstance(given, (str, Mapping, Configuration)) or not isinstance(given, Iterable):
        return given
    return [_as_configuration(one) for one in given]


def _as_configuration(given: Any) -> Any:
    if isinstance(given, (Configuration, CfnApplication.ConfigurationObjectProperty)):
        fields = {name: getattr(given, name) for name in _FIELDS}
    elif isinstance(given, Mapping) and "classification" in _decapitalized(given):
        fields = _decapitalized(given)
        if set(fields) - set(_FIELDS):
            return given
    else:
        return given
    inner = fields.get("configurations")
    return Configuration(
        fields["classification"],
        fields.get("properties"),
        None if inner is None else as_configurations(inner),
    )


def _decapitalized(given: Mapping[str, Any]) -> dict[str, Any]:
    """CloudFormation's spelling counts too."""
    names = ((str(name), value) for name, value in given.items())
    return {f"{name[:1].lower()}{name[1:]}": value for name, value in names}


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
