"""The resource's properties: CloudFormation's strings in, StartSession's parameters out.

CloudFormation sends numbers and booleans as strings. This module alone knows how the properties
are spelled that StartSession is asked with. It calls nothing.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from session_handler.identity import digest
from session_handler.names import OWNER_TAG_PREFIX

# What StartSession is asked with.
REQUEST_PROPERTIES = (
    "ApplicationId",
    "ExecutionRoleArn",
    "Name",
    "IdleTimeoutMinutes",
    "ConfigurationOverrides",
    "Tags",
)
# How the resource is handled, and what is CloudFormation's.
_FLAGS = ("StopApplication", "WaitUntilReady", "Retain", "KeepAlive")
_OTHERS = (*_FLAGS, "CheckedForSynthAt")
PROPERTIES = ("ServiceToken", "ServiceTimeout", *REQUEST_PROPERTIES, *_OTHERS)

_LONGEST_MESSAGE = 350
_LONGEST_VALUE = 60


class MalformedRequest(ValueError):
    """The event or a property of the resource can't be read."""

    def __init__(self, message: str) -> None:
        # It quotes what it can't read, which may be anything.
        super().__init__(_cut(message, _LONGEST_MESSAGE))


class Spec(NamedTuple):
    """What is asked of StartSession, tags and client token left out."""

    application_id: str
    execution_role_arn: str
    name: str | None = None
    idle_timeout_minutes: int | None = None
    configuration_overrides: dict[str, Any] | None = None

    def parameters(self) -> dict[str, Any]:
        """StartSession's parameters; what was not asked for is absent."""
        optional = {
            "name": self.name,
            "idleTimeoutMinutes": self.idle_timeout_minutes,
            "configurationOverrides": self.configuration_overrides,
        }
        return {
            "applicationId": self.application_id,
            "executionRoleArn": self.execution_role_arn,
            **{name: value for name, value in optional.items() if value is not None},
        }

    @property
    def digest(self) -> str:
        """The digest that the owner tag ``emr-serverless-session:spec`` carries."""
        return digest(self.parameters())


def read_spec(properties: Mapping[str, Any]) -> Spec:
    """What the properties ask for. Raises MalformedRequest."""
    _fields(properties, "The resource", *PROPERTIES)
    for name in _FLAGS:
        value = properties.get(name, "true")
        if str(value).strip().lower() not in ("true", "false"):
            raise MalformedRequest(f"{name} has to be true or false, and is {described(value)}.")
    minutes = properties.get("IdleTimeoutMinutes")
    return Spec(
        application_id=_required(properties, "ApplicationId"),
        execution_role_arn=_required(properties, "ExecutionRoleArn"),
        name=_text(properties.get("Name"), "Name"),
        idle_timeout_minutes=_whole_number(minutes, "IdleTimeoutMinutes"),
        configuration_overrides=_overrides(properties.get("ConfigurationOverrides")),
    )


def read_tags(properties: Mapping[str, Any]) -> dict[str, str]:
    """The user's tags. Raises MalformedRequest."""
    found = _string_map(properties.get("Tags"), "Tags") or {}
    for key in found:
        if key.startswith(OWNER_TAG_PREFIX) or key.lower().startswith("aws:"):
            raise MalformedRequest(
                f"Tags: the key {described(key)} is reserved. Keys that begin with "
                f"{OWNER_TAG_PREFIX!r} or 'aws:' can't be set; rename the tag."
            )
    return found


def _overrides(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    path = "ConfigurationOverrides"
    runtime = _fields(value, path, "RuntimeConfiguration").get("RuntimeConfiguration")
    if runtime is None:
        return {}
    return {"runtimeConfiguration": _configurations(runtime, f"{path}.RuntimeConfiguration")}


def _configurations(value: object, path: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise MalformedRequest(f"{path} has to be a list, and is {described(value)}.")
    return [_configuration(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _configuration(value: object, path: str) -> dict[str, Any]:
    fields = _fields(value, path, "Classification", "Properties", "Configurations")
    configuration: dict[str, Any] = {"classification": _required(fields, "Classification", path)}
    properties = _string_map(fields.get("Properties"), f"{path}.Properties")
    if properties is not None:
        configuration["properties"] = properties
    nested = fields.get("Configurations")
    if nested is not None:
        configuration["configurations"] = _configurations(nested, f"{path}.Configurations")
    return configuration


def _fields(value: object, path: str, *known: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedRequest(f"{path} has to be an object, and is {described(value)}.")
    unknown = sorted(str(name) for name in value if name not in known)
    if unknown:
        raise MalformedRequest(
            f"{path} has no {', '.join(map(described, unknown))}; it has {', '.join(known)}."
        )
    return value


def _required(properties: Mapping[str, Any], name: str, path: str = "") -> str:
    full_name = f"{path}.{name}" if path else name
    value = _text(properties.get(name), full_name)
    if not value:
        raise MalformedRequest(f"{full_name} is required, and is missing or empty.")
    return value


def _text(value: object, path: str) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (str, int, float)):
        return str(value)
    raise MalformedRequest(f"{path} has to be a string, and is {described(value)}.")


def _whole_number(value: object, path: str) -> int | None:
    text = _text(value, path)
    if text is None:
        return None
    if not re.fullmatch(r"\s*[0-9]{1,18}(\.0+)?\s*", text):
        raise MalformedRequest(f"{path} has to be a whole number, and is {described(text)}.")
    return int(text.split(".")[0])


def _string_map(value: object, path: str) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise MalformedRequest(f"{path} has to be a map of strings, and is {described(value)}.")
    texts = {str(key): _text(item, f"{path}.{key}") for key, item in value.items()}
    return {key: text for key, text in texts.items() if text is not None}


def described(value: object) -> str:
    """A value as a message quotes it."""
    return _cut(repr(value), _LONGEST_VALUE)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[:length]}..."
