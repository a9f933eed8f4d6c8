"""Checks the types of a session's text, minutes, lists and mappings, whatever the values are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aws_cdk as cdk

from ..configuration import Configuration
from .limits import known_later, text_problems
from .request import minutes_of


def type_problems(
    *, session_name: object, idle_timeout: object, runtime_configuration: object, tags: object
) -> list[str]:
    """What of a session's text, minutes, lists and mappings is of another type."""
    problems = []
    if session_name is not None:
        problems += _text_problems("session_name", session_name)
    if isinstance(idle_timeout, cdk.Duration):
        problems += _minutes_problems(idle_timeout)
    if runtime_configuration is not None:
        problems += _configurations_problems("runtime_configuration", runtime_configuration)
    if tags is not None:
        problems += _tag_problems(tags)
    return problems


def _configurations_problems(name: str, configurations: object) -> list[str]:
    if isinstance(configurations, str) or not isinstance(configurations, Sequence):
        kind = type(configurations).__name__
        return [f"{name}: is of type {kind}; write a list of Configuration."]
    return [
        problem
        for index, configuration in enumerate(configurations)
        for problem in _configuration_problems(f"{name}[{index}]", configuration)
    ]


def _configuration_problems(name: str, configuration: object) -> list[str]:
    if not isinstance(configuration, Configuration):
        return [_no_configuration(name, configuration)]
    problems = _text_problems(f"{name}.classification", configuration.classification)
    properties = configuration.properties
    if properties is not None and not isinstance(properties, Mapping):
        problems.append(_no_mapping(f"{name}.properties", properties))
    elif properties is not None:
        for key, value in properties.items():
            entry = f"{name}.properties[{key!r}]"
            problems += _text_problems(f"{entry} key", key)
            problems += _text_problems(entry, value)
    inner = configuration.configurations
    if inner is not None:
        problems += _configurations_problems(f"{name}.configurations", inner)
    return problems


def _minutes_problems(idle_timeout: cdk.Duration) -> list[str]:
    try:
        minutes_of(idle_timeout)
    except RuntimeError:
        return [
            f"idle_timeout: is in {idle_timeout.unit_label()} that are known at deployment, and "
            "the CDK can't convert them; write cdk.Duration.minutes(…)."
        ]
    return []


def _text_problems(name: str, value: object) -> list[str]:
    return [] if known_later(value) else list(text_problems(name, value))


def _tag_problems(tags: object) -> list[str]:
    if not isinstance(tags, Mapping):
        return [_no_mapping("tags", tags)]
    problems: list[str] = []
    for key, value in tags.items():
        problems += text_problems(f"tags[{key!r}] key", key)
        problems += text_problems(f"tags[{key!r}]", value)
    return problems


def _no_configuration(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        fields = ", ".join(map(repr, value))
        return (
            f"{name}: is a mapping of {fields}; write a Configuration, or a mapping of "
            "'classification', 'properties' and 'configurations'."
        )
    return f"{name}: is of type {type(value).__name__}; write a Configuration."


def _no_mapping(name: str, value: object) -> str:
    return f"{name}: is of type {type(value).__name__}; write a mapping of text to text."
