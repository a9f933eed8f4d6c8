"""What surrounds keep-alive: the schedule that calls it, CloudFormation's answers, and SSM.

CloudFormation and SSM answer real botocore clients; faults strike them as they strike the service.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from .agenda import Agenda
from .cloudformation import STACK_ID, Stack
from .faults import Answer, MisbehavingService
from .framework import Event, Function, FunctionFailed

# A schedule calls once a minute at most; what comes sooner is the same call, delivered again.
SHORTEST_INTERVAL = 60.0
# How long Lambda waits before it calls a function again that has failed, each time.
LAMBDA_RETRIES = (60.0, 120.0)


class Schedules:
    """The schedules of a stack: one for each session that is to be kept alive."""

    def __init__(self, agenda: Agenda, stack: Stack, function: Function) -> None:
        self.outcomes: list[str] = []
        self._agenda = agenda
        self._stack = stack
        self._function = function
        self._last: dict[str, float] = {}

    def call(self) -> None:
        """What every schedule of the stack does when its time has come."""
        for name, resource in self._stack.resources.items():
            if resource.properties.get("KeepAlive") != "true":
                continue
            now = self._agenda.now()
            last = self._last.get(name)
            if last is None or now - last >= SHORTEST_INTERVAL:
                self._last[name] = now
            self.deliver(self.event(name, self._last[name]))

    def event(self, name: str, scheduled_at: float) -> Event:
        """The input of a schedule: the template's, with the session's ARN filled in."""
        resource = self._stack.resources[name]
        return {
            "StackId": STACK_ID,
            "LogicalResourceId": name,
            "PhysicalResourceId": resource.physical_id,
            "ResourceProperties": dict(resource.properties),
            "ScheduledTime": _iso(scheduled_at),
            "ParameterName": f"/sessions/{name}",
        }

    def deliver(self, event: Event) -> None:
        """One call of the function, which Lambda repeats if it fails."""
        self._attempt(event, list(LAMBDA_RETRIES))

    def _attempt(self, event: Event, retries: list[float]) -> None:
        try:
            self.outcomes.append(self._function(event)["Outcome"])
        except FunctionFailed:
            self.outcomes.append("failed")
            if retries:
                self._agenda.after(retries[0], lambda: self._attempt(event, retries[1:]))


class Surroundings:
    """CloudFormation and SSM, as far as keep-alive asks them."""

    def __init__(self, stack: Stack, network: MisbehavingService) -> None:
        self.parameters: dict[str, str] = {}
        self._stack = stack
        self._network = network

    def cloudformation(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answers DescribeStackResource, as a botocore ``before-send`` hook."""
        return self._network.go_through(
            "DescribeStackResource", request, lambda: self._described(_fields(request))
        )

    def ssm(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answers PutParameter, as a botocore ``before-send`` hook."""
        return self._network.go_through("PutParameter", request, lambda: self._put(request))

    def _described(self, fields: dict[str, str]) -> Answer:
        assert fields["StackName"] == STACK_ID
        found = self._stack.describe(fields["LogicalResourceId"])
        if found is None:
            error = (
                "<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code>"
                "<Message>Resource does not exist for stack</Message></Error></ErrorResponse>"
            )
            return 400, {"Content-Type": "text/xml"}, error.encode()
        status, physical_id = found
        detail = (
            f"<ResourceStatus>{status}</ResourceStatus>"
            f"<PhysicalResourceId>{escape(physical_id)}</PhysicalResourceId>"
        )
        return (
            200,
            {"Content-Type": "text/xml"},
            (
                "<DescribeStackResourceResponse><DescribeStackResourceResult>"
                f"<StackResourceDetail>{detail}</StackResourceDetail>"
                "</DescribeStackResourceResult></DescribeStackResourceResponse>"
            ).encode(),
        )

    def _put(self, request: AWSPreparedRequest) -> Answer:
        asked: dict[str, Any] = json.loads(request.body)
        self.parameters[asked["Name"]] = asked["Value"]
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, b'{"Version": 2}'


def _fields(request: AWSPreparedRequest) -> dict[str, str]:
    body = request.body.decode() if isinstance(request.body, bytes) else str(request.body)
    return {name: values[0] for name, values in parse_qs(body).items()}


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
