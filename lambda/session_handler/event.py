"""The wire format: CloudFormation's event in, StartSession's request out.

CloudFormation sends every number and boolean as a string; this module turns
them back into types, and is the only one that knows how properties are spelled.
It calls nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from session_handler.identity import OWNER_TAG_PREFIX, Owner, client_token, digest

_LONGEST = 350


class MalformedRequest(ValueError):
    """The event or a property of the resource can't be read; nothing was started."""

    def __init__(self, message: str) -> None:
        # It quotes what it can't read, which may be anything.
        super().__init__(message if len(message) <= _LONGEST else f"{message[:_LONGEST]}...")


class SessionSpec(NamedTuple):
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


@dataclass(frozen=True)
class Event:
    """A CloudFormation event, with what ``on_event`` added for ``is_complete``."""

    request_type: str
    request_id: str
    owner: Owner
    physical_id: str | None
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any]
    started_at: float | None = None
    """When on_event saw the request, seconds since the epoch (ours, merged by the framework)."""
    previous_id: str | None = None
    """The physical id that an Update began with (ours, merged by the framework)."""

    @classmethod
    def parse(cls, event: object) -> Event:
        """Read an event. Properties are read when asked for: a Delete needs none of them."""
        if not isinstance(event, Mapping):
            raise MalformedRequest(f"The event is not an object but {type(event).__name__}.")
        request_type = event.get("RequestType")
        if request_type not in ("Create", "Update", "Delete"):
            raise MalformedRequest(
                f"RequestType is {request_type!r}; it has to be Create, Update or Delete."
            )
        return cls._read(event, request_type)

    @classmethod
    def _read(cls, event: Mapping[str, Any], request_type: str) -> Event:
        for name in ("RequestId", "StackId", "LogicalResourceId"):
            if not isinstance(event.get(name), str) or not event[name]:
                raise MalformedRequest(f"The {request_type} event has no {name}.")
        physical_id = event.get("PhysicalResourceId")
        started_at = event.get("StartedAt")
        previous_id = event.get("PreviousPhysicalResourceId")
        return cls(
            request_type=request_type,
            request_id=event["RequestId"],
            owner=Owner(event["StackId"], event["LogicalResourceId"]),
            physical_id=physical_id if isinstance(physical_id, str) else None,
            properties=_mapping_or_empty(event.get("ResourceProperties")),
            old_properties=_mapping_or_empty(event.get("OldResourceProperties")),
            started_at=started_at if isinstance(started_at, (int, float)) else None,
            previous_id=previous_id if isinstance(previous_id, str) else None,
        )

    def spec(self) -> SessionSpec:
        """What the resource's properties ask for. Raises MalformedRequest."""
        return _spec(self.properties)

    def old_spec(self) -> SessionSpec | None:
        """What the properties before an Update asked for; None where they can't be read."""
        try:
            return _spec(self.old_properties)
        except MalformedRequest:
            return None

    def tags(self) -> dict[str, str]:
        """The user's tags. Raises MalformedRequest."""
        return _tags(self.properties)

    def old_tags(self) -> dict[str, str]:
        """The user's tags before an Update; none where they can't be read."""
        try:
            return _tags(self.old_properties)
        except MalformedRequest:
            return {}

    def client_token(self) -> str:
        """The token of this request. Raises MalformedRequest."""
        return client_token(self.owner, self.request_id, self.spec().digest)

    def start_request(self, more_tags: Mapping[str, str] | None = None) -> dict[str, Any]:
        """StartSession's parameters, with tags and token. Raises MalformedRequest."""
        spec, token = self.spec(), self.client_token()
        return {
            **spec.parameters(),
            "clientToken": token,
            "tags": {**self.tags(), **self.owner.tags(spec.digest, token), **(more_tags or {})},
        }

    def application_ids(self) -> list[str]:
        """The applications that the properties name, new before old, as far as they can be read."""
        named = [p.get("ApplicationId") for p in (self.properties, self.old_properties)]
        usable = [a for a in named if isinstance(a, str) and re.fullmatch(r"[0-9a-z]{1,64}", a)]
        return list(dict.fromkeys(usable))

    @property
    def stops_application(self) -> bool:
        """Whether the application is stopped when its last session is over."""
        return _flag(self.properties, "StopApplication", default=False)

    @property
    def waits_until_ready(self) -> bool:
        """Whether a Create or Update waits until the session is usable."""
        return _flag(self.properties, "WaitUntilReady", default=True)

    @property
    def retains(self) -> bool:
        """Whether replaced sessions of this resource are left alone."""
        return _flag(self.properties, "Retain", default=False)

    @property
    def is_kept_alive(self) -> bool:
        """Whether a schedule starts successors of this resource's session."""
        return _flag(self.properties, "KeepAlive", default=False)


class KeepAlive(NamedTuple):
    """What a schedule sends: the resource, as CloudFormation has it, and for when."""

    event: Event
    scheduled_at: float
    """The time that the schedule named, seconds since the epoch."""
    parameter_name: str | None
    """The SSM parameter that names the current session; None where there is none."""

    @classmethod
    def parse(cls, event: object) -> KeepAlive:
        """Read what a schedule sent. Delivered twice, it is the same request. MalformedRequest."""
        if not isinstance(event, Mapping):
            raise MalformedRequest(f"The event is not an object but {type(event).__name__}.")
        scheduled = event.get("ScheduledTime")
        try:
            scheduled_at = datetime.fromisoformat(str(scheduled)).timestamp()
        except ValueError:
            raise MalformedRequest(f"ScheduledTime is {scheduled!r}, which is no time.") from None
        held = event.get("PhysicalResourceId")
        for name in ("StackId", "LogicalResourceId", "PhysicalResourceId"):
            if not isinstance(event.get(name), str) or not event[name]:
                raise MalformedRequest(f"The schedule's event has no {name}.")
        parameter_name = event.get("ParameterName")
        request_id = f"{scheduled} in place of {held}"
        return cls(
            event=Event._read({**event, "RequestId": request_id}, "KeepAlive"),
            scheduled_at=scheduled_at,
            parameter_name=parameter_name if isinstance(parameter_name, str) else None,
        )


def _spec(properties: Mapping[str, Any]) -> SessionSpec:
    return SessionSpec(
        application_id=_required(properties, "ApplicationId"),
        execution_role_arn=_required(properties, "ExecutionRoleArn"),
        name=_text(properties.get("Name"), "Name"),
        idle_timeout_minutes=_whole_number(
            properties.get("IdleTimeoutMinutes"), "IdleTimeoutMinutes"
        ),
        configuration_overrides=_overrides(properties.get("ConfigurationOverrides")),
    )


def _tags(properties: Mapping[str, Any]) -> dict[str, str]:
    tags = _string_map(properties.get("Tags"), "Tags") or {}
    for key in tags:
        if key.startswith(OWNER_TAG_PREFIX) or key.lower().startswith("aws:"):
            raise MalformedRequest(
                f"Tags: the key {key!r} is reserved. Keys that begin with "
                f"{OWNER_TAG_PREFIX!r} or 'aws:' can't be set; rename the tag."
            )
    return tags


def _overrides(value: object) -> dict[str, Any] | None:
    if value is None:
        return None
    path = "ConfigurationOverrides"
    fields = _known_fields(value, path, ("RuntimeConfiguration",))
    runtime = fields.get("RuntimeConfiguration")
    if runtime is None:
        return {}
    return {"runtimeConfiguration": _configurations(runtime, f"{path}.RuntimeConfiguration")}


def _configurations(value: object, path: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise MalformedRequest(f"{path} has to be a list, and is {_describe(value)}.")
    return [_configuration(item, f"{path}[{index}]") for index, item in enumerate(value)]


def _configuration(value: object, path: str) -> dict[str, Any]:
    fields = _known_fields(value, path, ("Classification", "Properties", "Configurations"))
    configuration: dict[str, Any] = {"classification": _required(fields, "Classification", path)}
    properties = _string_map(fields.get("Properties"), f"{path}.Properties")
    if properties is not None:
        configuration["properties"] = properties
    if fields.get("Configurations") is not None:
        configuration["configurations"] = _configurations(
            fields["Configurations"], f"{path}.Configurations"
        )
    return configuration


def _known_fields(value: object, path: str, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedRequest(f"{path} has to be an object, and is {_describe(value)}.")
    unknown = sorted(str(name) for name in value if name not in known)
    if unknown:
        raise MalformedRequest(
            f"{path} has no {', '.join(unknown)}; it has {', '.join(known)} (StartSession's names "
            "with a capital first letter)."
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
    raise MalformedRequest(f"{path} has to be a string, and is {_describe(value)}.")


def _whole_number(value: object, path: str) -> int | None:
    text = _text(value, path)
    if text is None:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"\s*[0-9]{1,18}(\.0+)?\s*", text):
        raise MalformedRequest(f"{path} has to be a whole number, and is {text!r}.")
    return int(float(text)) if "." in text else int(text)


def _string_map(value: object, path: str) -> dict[str, str] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise MalformedRequest(f"{path} has to be a map of strings, and is {_describe(value)}.")
    texts = {str(key): _text(item, f"{path}.{key}") for key, item in value.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _flag(properties: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = properties.get(name)
    return default if value is None else str(value).strip().lower() == "true"


def _mapping_or_empty(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _describe(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
