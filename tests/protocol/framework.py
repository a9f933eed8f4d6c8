"""The rules of the CDK's Provider framework, which stands between CloudFormation and the handler.

``test_framework_conformance`` runs the framework's own JavaScript beside this, on the same input.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .agenda import Agenda

CREATE_FAILED = "AWSCDK::CustomResourceProviderFramework::CREATE_FAILED"
MISSING_ID = "AWSCDK::CustomResourceProviderFramework::MISSING_PHYSICAL_ID"
RESPONSE_BYTES = 4096
# What the framework adds to a reason: where the logs are, and its own stack trace.
REASON_EXTRA = "\n\nLogs: /aws/lambda/" + "function-name" * 5 + "\n" + "    at framework.js\n" * 40

Event = dict[str, Any]
Function = Callable[[Event], Any]


class FunctionFailed(Exception):
    """A function of the user's raised, or was ended by Lambda."""


@dataclass(frozen=True)
class Response:
    """What CloudFormation is told."""

    status: str
    physical_id: str
    reason: str
    data: Mapping[str, Any]

    @property
    def is_success(self) -> bool:
        return self.status == "SUCCESS"


class ProviderFramework:
    """onEvent, isComplete and the waiter between them, over two functions of the user's."""

    def __init__(
        self,
        agenda: Agenda,
        on_event: Function,
        is_complete: Function,
        *,
        query_interval: float = 10.0,
        total_timeout: float = 1800.0,
    ) -> None:
        self.total_timeout = total_timeout
        self._agenda = agenda
        self._on_event = on_event
        self._is_complete = is_complete
        self._interval = query_interval
        self._retries = int(total_timeout // query_interval)

    def handle(self, request: Event, respond: Callable[[Response], None]) -> None:
        """One delivery of a CloudFormation request; ``respond`` is called when it is answered."""
        event = dict(request)
        if event["RequestType"] == "Delete" and event.get("PhysicalResourceId") == CREATE_FAILED:
            respond(response("SUCCESS", event))
            return
        event["ResourceProperties"] = event.get("ResourceProperties") or {}
        try:
            event = merged(event, self._on_event(event))
        except FunctionFailed as error:
            if not event.get("PhysicalResourceId") and event["RequestType"] == "Create":
                event["PhysicalResourceId"] = CREATE_FAILED
            respond(response("FAILED", event, str(error) + REASON_EXTRA))
            return
        self._agenda.after(0, lambda: self._look(event, respond, 0))

    def _look(self, event: Event, respond: Callable[[Response], None], retries: int) -> None:
        try:
            result = self._is_complete(event)
            completed = completion(event, result)
        except FunctionFailed as error:
            respond(response("FAILED", event, str(error) + REASON_EXTRA))
            return
        if completed is not None:
            respond(response("SUCCESS", completed))
        elif retries >= self._retries:
            respond(response("FAILED", event, "Operation timed out"))
        else:
            self._agenda.after(self._interval, lambda: self._look(event, respond, retries + 1))


def merged(request: Event, result: Mapping[str, Any] | None) -> Event:
    """The event that isComplete gets: the request with what onEvent returned laid over it."""
    result = result or {}
    physical_id = result.get("PhysicalResourceId") or (
        request["RequestId"]
        if request["RequestType"] == "Create"
        else request.get("PhysicalResourceId")
    )
    if request["RequestType"] == "Delete" and physical_id != request.get("PhysicalResourceId"):
        raise FunctionFailed(
            "DELETE: cannot change the physical resource ID from "
            f'"{request.get("PhysicalResourceId")}" to "{result.get("PhysicalResourceId")}" '
            "during deletion"
        )
    return {**request, **result, "PhysicalResourceId": physical_id}


def completion(event: Event, result: Mapping[str, Any]) -> Event | None:
    """What CloudFormation is to be told of, or None: look again."""
    if not result.get("IsComplete"):
        if result.get("Data"):
            raise FunctionFailed('"Data" is not allowed if "IsComplete" is "False"')
        return None
    data = {**(event.get("Data") or {}), **(result.get("Data") or {})}
    return {**event, **result, "Data": data}


def response(status: str, event: Event, reason: str | None = None) -> Response:
    """The answer for CloudFormation, which takes 4,096 bytes and no more."""
    physical_id = event.get("PhysicalResourceId") or MISSING_ID
    body = {
        "Status": status,
        "Reason": reason or status,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "PhysicalResourceId": physical_id,
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": event.get("Data"),
    }
    size = len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
    assert size <= RESPONSE_BYTES, f"a response of {size} bytes, which CloudFormation won't take"
    return Response(status, physical_id, body["Reason"], body["Data"] or {})
