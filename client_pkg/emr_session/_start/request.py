"""A request for StartSession, and its differences from a live session."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._emr.configuration import CLASSIFICATION, runtime_configuration, spark_defaults
from ..errors import ConnectError

_APPLICATION_ARN = re.compile(
    r"arn:aws[a-zA-Z0-9-]*:emr-serverless:(?P<region>[^:]+):\d{12}:/applications/(?P<id>[0-9a-z]+)"
)
_APPLICATION_ID = re.compile(r"[0-9a-z]+")


@dataclass(frozen=True)
class SessionRequest:
    """A session as it is asked for."""

    application: str
    execution_role: str
    name: str | None = None
    idle_timeout_minutes: int | None = None
    spark_properties: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (_APPLICATION_ARN.fullmatch(self.application) or self._is_id()):
            raise ConnectError(
                f"application={self.application!r}: give the application's id (00f1abcdef234567) "
                "or its ARN. aws emr-serverless list-applications shows them."
            )

    def _is_id(self) -> bool:
        return _APPLICATION_ID.fullmatch(self.application) is not None

    @property
    def application_id(self) -> str:
        """The application's id."""
        match = _APPLICATION_ARN.fullmatch(self.application)
        return match["id"] if match else self.application

    @property
    def region(self) -> str | None:
        """The application's region, where its ARN was given."""
        match = _APPLICATION_ARN.fullmatch(self.application)
        return match["region"] if match else None

    def parameters(self) -> dict[str, Any]:
        """The parameters of StartSession, but for the client token."""
        asked: dict[str, Any] = {
            "applicationId": self.application_id,
            "executionRoleArn": self.execution_role,
        }
        if self.name is not None:
            asked["name"] = self.name
        if self.idle_timeout_minutes is not None:
            asked["idleTimeoutMinutes"] = self.idle_timeout_minutes
        if self.spark_properties:
            asked["configurationOverrides"] = {"runtimeConfiguration": [self._spark_defaults()]}
        if self.tags:
            asked["tags"] = dict(self.tags)
        return asked

    def token(self, *more: str) -> str:
        """A client token for exactly this request: 64 hexadecimal digits."""
        text = json.dumps([self.parameters(), self.region, *more], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def differences(self, session: Mapping[str, Any]) -> list[str]:
        """What of a session, as GetSession describes it, isn't as asked for here.

        What isn't asked for here is not compared: the service fills in defaults of its own.
        """
        found = []
        if session["executionRoleArn"] != self.execution_role:
            found.append(f"its execution role is {session['executionRoleArn']}")
        idle = session.get("idleTimeoutMinutes")
        if self.idle_timeout_minutes not in (None, idle):
            found.append(f"its idle time-out is {idle} minutes")
        properties = spark_defaults(runtime_configuration(session))
        for key, value in self.spark_properties.items():
            if properties.get(key) != value:
                found.append(f"its {key} is {properties.get(key, 'not set')}")
        return found

    def _spark_defaults(self) -> dict[str, Any]:
        return {"classification": CLASSIFICATION, "properties": dict(self.spark_properties)}
