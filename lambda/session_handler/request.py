"""What is asked: CloudFormation's event, or a schedule's call. This module calls nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from session_handler.identity import Owner, client_token
from session_handler.properties import MalformedRequest, Spec, described, read_spec, read_tags


@dataclass(frozen=True)
class Request:
    """One request about one resource: CloudFormation's, or a schedule's.

    Reading it never fails, so that every request can be answered; ``check`` and the methods that
    read properties raise MalformedRequest.
    """

    kind: str
    """Create, Update, Delete or KeepAlive."""
    request_id: str
    owner: Owner
    physical_id: str | None
    properties: Mapping[str, Any]
    old_properties: Mapping[str, Any]
    response_url: str

    @classmethod
    def read(cls, event: object, kind: str | None = None) -> Self:
        """Read an event, whatever it is."""
        fields = _mapping_or_empty(event)
        return cls(
            kind=kind or _string(fields.get("RequestType")),
            request_id=_string(fields.get("RequestId")),
            owner=Owner(_string(fields.get("StackId")), _string(fields.get("LogicalResourceId"))),
            physical_id=_string(fields.get("PhysicalResourceId")) or None,
            properties=_mapping_or_empty(fields.get("ResourceProperties")),
            old_properties=_mapping_or_empty(fields.get("OldResourceProperties")),
            response_url=_string(fields.get("ResponseURL")),
        )

    def check(self) -> None:
        """Raise MalformedRequest unless the event says what is asked, and of whom."""
        if self.kind not in ("Create", "Update", "Delete", "KeepAlive"):
            kind = described(self.kind)
            raise MalformedRequest(f"RequestType is {kind}; it has to be Create, Update or Delete.")
        named = {
            "RequestId": self.request_id or self.kind == "KeepAlive",
            "StackId": self.owner.stack_id,
            "LogicalResourceId": self.owner.logical_id,
        }
        for name, value in named.items():
            if not value:
                raise MalformedRequest(f"The {self.kind} event has no {name}.")

    def spec(self) -> Spec:
        """What the properties ask for."""
        return read_spec(self.properties)

    def changes_spec(self) -> bool:
        """Whether an Update asks for another session; also where the old one can't be read."""
        try:
            return read_spec(self.old_properties) != self.spec()
        except MalformedRequest:
            return True

    def tags(self) -> dict[str, str]:
        """The user's tags."""
        return read_tags(self.properties)

    def old_tags(self) -> dict[str, str]:
        """The user's tags before an Update; none where they can't be read."""
        try:
            return read_tags(self.old_properties)
        except MalformedRequest:
            return {}

    def client_token(self) -> str:
        """The token of this request; also where its properties can't be read."""
        try:
            spec = self.spec().digest
        except MalformedRequest:
            spec = ""
        return client_token(self.owner, self.request_id, spec)

    def start_parameters(self, more_tags: Mapping[str, str]) -> dict[str, Any]:
        """StartSession's parameters, with tags and token."""
        spec, token = self.spec(), self.client_token()
        return {
            **spec.parameters(),
            "clientToken": token,
            "tags": {**self.tags(), **self.owner.tags(spec.digest, token), **more_tags},
        }

    def application_ids(self) -> list[str]:
        """The applications that the properties name, new before old, as far as they can be read."""
        named = [p.get("ApplicationId") for p in (self.properties, self.old_properties)]
        usable = [a for a in named if isinstance(a, str) and re.fullmatch(r"[0-9a-z]{1,64}", a)]
        return list(dict.fromkeys(usable))

    @property
    def service_timeout(self) -> float:
        """How long CloudFormation waits for the answer, in seconds; an hour unless it says so."""
        try:
            return float(str(self.properties.get("ServiceTimeout", "3600")))
        except ValueError:
            return 3600.0

    @property
    def stops_application(self) -> bool:
        """Whether the application is stopped when its last session is over."""
        return _flag(self.properties, "StopApplication")

    @property
    def waits_until_ready(self) -> bool:
        """Whether a Create or Update waits until the session is usable; the default."""
        return _flag(self.properties, "WaitUntilReady", default="true")

    @property
    def retains(self) -> bool:
        """Whether CloudFormation leaves sessions of this resource alone (RETAIN)."""
        return _flag(self.properties, "Retain")

    @property
    def has_retained(self) -> bool:
        """The same before an Update."""
        return _flag(self.old_properties, "Retain")

    @property
    def is_kept_alive(self) -> bool:
        """Whether a schedule starts, or has started, successors of the session."""
        return self.will_be_kept_alive or _flag(self.old_properties, "KeepAlive")

    @property
    def will_be_kept_alive(self) -> bool:
        """Whether a schedule starts successors from this request on; its own call is from one."""
        return self.kind == "KeepAlive" or _flag(self.properties, "KeepAlive")


class ScheduleCall(NamedTuple):
    """What a schedule sends: the resource, and for when."""

    request: Request
    scheduled: str
    scheduled_at: float
    """The same in seconds since the epoch."""
    parameter_name: str | None
    """The SSM parameter that names the current session; None where there is none."""

    @staticmethod
    def is_one(event: object) -> bool:
        """Whether an event is a schedule's, not CloudFormation's."""
        names = event if isinstance(event, dict) else {}
        return "ScheduledTime" in names and "RequestType" not in names

    @classmethod
    def read(cls, event: Mapping[str, Any]) -> Self:
        """Read what a schedule sent. Raises MalformedRequest."""
        request = Request.read(event, "KeepAlive")
        request.check()
        scheduled = event.get("ScheduledTime")
        try:
            scheduled_at = datetime.fromisoformat(str(scheduled)).timestamp()
        except ValueError:
            raise MalformedRequest(
                f"ScheduledTime is {described(scheduled)}, which is no time."
            ) from None
        name = _string(event.get("ParameterName")) or None
        return cls(request, str(scheduled), scheduled_at, name)


def _flag(properties: Mapping[str, Any], name: str, default: str = "false") -> bool:
    value = properties.get(name)
    return str(default if value is None else value).strip().lower() == "true"


def _mapping_or_empty(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
