"""CloudFormation, as far as a stack with custom resources goes.

One stack whose resources are sessions, and one more resource, which may fail. The operations
block: they let time pass until the stack has come to its status. What an operation left running
(the waiter of a Create that was cancelled, a delivery that is late) goes on beside the next one.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .agenda import Agenda
from .framework import ProviderFramework, Response

STACK_ID = "arn:aws:cloudformation:us-east-1:000000000000:stack/lab/6f1c-0001"
RESPONSE_URL = "https://cloudformation-custom-resource-response.example/secret-signature"
SERVICE_TIMEOUT_GRACE = 120.0
# CloudFormation doesn't roll back in the very moment in which something fails.
PAUSE_SECONDS = 1.0

Properties = Mapping[str, Any]
Template = Mapping[str, Properties]


@dataclass
class Request:
    """One request to the custom resource's provider, and the first answer to it."""

    event: dict[str, Any]
    sent_at: float
    response: Response | None = None
    answered_at: float | None = None
    cancelled_at: float | None = None
    """When CloudFormation stopped waiting for an answer."""
    deliveries: list[float] = field(default_factory=list)
    """When it came to the function."""

    @property
    def succeeded(self) -> bool:
        return self.response is not None and self.response.is_success

    def was_overtaken_by(self, other: Request) -> bool:
        """Whether it came to the function after a later request for the same resource was sent."""
        same = self.event["LogicalResourceId"] == other.event["LogicalResourceId"]
        return same and self.sent_at <= other.sent_at and max(self.deliveries) > other.sent_at

    @property
    def name(self) -> str:
        return f"{self.event['RequestType']} of {self.event['LogicalResourceId']}"


@dataclass
class Resource:
    """A session, as the stack knows it."""

    properties: Properties
    physical_id: str
    data: Mapping[str, Any] = field(default_factory=dict)
    replaced: list[tuple[str, Properties]] = field(default_factory=list)
    """Earlier physical ids that no Delete has come for yet."""


@dataclass(frozen=True)
class Conditions:
    """What happens to an operation besides what the handler does.

    Args:
        other_fails_after: Seconds until the stack's other resource fails; None if it doesn't.
            While sessions are on their way then, they are cancelled.
        other_waits: The other resource begins after the sessions are done.
        deliveries: For each of the operation's requests in turn, after how many seconds it is
            delivered, once or more often; at once where there are no more entries.
        failed_update_moves: A failed Update's answer changes the physical id.
    """

    other_fails_after: float | None = None
    other_waits: bool = False
    deliveries: tuple[tuple[float, ...], ...] = ()
    failed_update_moves: bool = False


CALM = Conditions()


class Stack:
    """A stack, and the operations on it."""

    def __init__(self, agenda: Agenda, framework: ProviderFramework) -> None:
        self.status = "(none)"
        self.resources: dict[str, Resource] = {}
        self.requests: list[Request] = []
        self.abandoned: list[tuple[str, str]] = []
        """Logical and physical ids whose clean-up failed, which CloudFormation ignores."""
        self.deleted_in_failed_rollback = False
        self._agenda = agenda
        self._framework = framework
        self._ids = itertools.count(1)
        self._deliveries: list[tuple[float, ...]] = []

    # --- operations ----------------------------------------------------------

    def create(self, template: Template, conditions: Conditions = CALM) -> str:
        self._deliveries = list(conditions.deliveries)
        creates = {name: self._send("Create", name, p) for name, p in template.items()}
        if self._run(creates, conditions):
            for name, request in creates.items():
                self._take(name, request)
            self.status = "CREATE_COMPLETE"
            return self.status
        self._undo_creates(creates)
        self._agenda.wait(PAUSE_SECONDS)
        self.status = self._delete_all("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
        return self.status

    def update(self, template: Template, conditions: Conditions = CALM) -> str:
        self._deliveries = list(conditions.deliveries)
        before = {name: (r.properties, r.physical_id) for name, r in self.resources.items()}
        updates = {
            name: self._send_update(name, properties)
            for name, properties in template.items()
            if name in before and properties != before[name][0]
        }
        creates = {n: self._send("Create", n, p) for n, p in template.items() if n not in before}
        succeeded = self._run({**updates, **creates}, conditions)
        for name, request in updates.items():
            self._learn(name, request, conditions)
        if succeeded:
            for name, request in creates.items():
                self._take(name, request)
            dropped = [name for name in before if name not in template]
            self._clean_up(dropped)
            self.status = "UPDATE_COMPLETE"
            return self.status
        return self._roll_back(updates, creates, before)

    def continue_rollback(self) -> str:
        """What a user does about UPDATE_ROLLBACK_FAILED."""
        self._deliveries = []
        return self._roll_back(*self._rollback)

    def delete(self, conditions: Conditions = CALM) -> str:
        self._deliveries = list(conditions.deliveries)
        self.deleted_in_failed_rollback |= self.status == "UPDATE_ROLLBACK_FAILED"
        self.status = self._delete_all("DELETE_COMPLETE", "DELETE_FAILED")
        return self.status

    # --- what others may ask ---------------------------------------------------

    def describe(self, name: str) -> tuple[str, str] | None:
        """The status and physical id of a resource; None where it isn't part of the stack."""
        resource = self.resources.get(name)
        for request in reversed(self.requests):
            event = request.event
            if event["LogicalResourceId"] != name:
                continue
            kind, physical_id = event["RequestType"], event.get("PhysicalResourceId", "")
            if kind == "Delete" and resource and physical_id != resource.physical_id:
                continue  # the clean-up of an earlier one
            if request.response is None:
                going_on = request.cancelled_at is None
                return f"{kind.upper()}_{'IN_PROGRESS' if going_on else 'FAILED'}", physical_id
            if request.succeeded:
                return f"{kind.upper()}_COMPLETE", request.response.physical_id
            return f"{kind.upper()}_FAILED", physical_id
        return None

    # --- what they are made of -----------------------------------------------

    def _roll_back(
        self,
        updates: Mapping[str, Request],
        creates: Mapping[str, Request],
        before: Mapping[str, tuple[Properties, str]],
    ) -> str:
        self._rollback = (updates, creates, before)
        self._undo_creates({n: r for n, r in creates.items() if n not in self.resources})
        self._agenda.wait(PAUSE_SECONDS)
        back = {
            name: self._send_update(name, before[name][0], old=request.event["ResourceProperties"])
            for name, request in updates.items()
        }
        succeeded = self._run(back, CALM)
        for name, request in back.items():
            self._learn(name, request, CALM)
        if not succeeded:
            self.status = "UPDATE_ROLLBACK_FAILED"
            return self.status
        self._clean_up(list(creates))
        self.status = "UPDATE_ROLLBACK_COMPLETE"
        return self.status

    def _run(self, requests: Mapping[str, Request], conditions: Conditions) -> bool:
        """Let requests come to their answers; False as soon as anything fails."""

        def settled() -> bool:
            return all(r.response for r in requests.values()) or any(
                r.response and not r.succeeded for r in requests.values()
            )

        deadline = self._agenda.now() + self._framework.total_timeout + SERVICE_TIMEOUT_GRACE
        fails_after = conditions.other_fails_after
        if fails_after is not None and not conditions.other_waits:
            deadline = min(deadline, self._agenda.now() + fails_after)
        self._agenda.run_until(settled, deadline)
        succeeded = all(r.succeeded for r in requests.values())
        for request in requests.values():
            request.cancelled_at = self._agenda.now()
        if fails_after is not None and conditions.other_waits and succeeded:
            self._agenda.run_until(lambda: False, self._agenda.now() + fails_after)
        return succeeded and fails_after is None

    def _undo_creates(self, creates: Mapping[str, Request]) -> None:
        """Give what a failed operation created, or may have, the id that its Delete will have."""
        for name, request in creates.items():
            made_up = f"lab-{name}-{next(self._ids):012X}"
            physical_id = request.response.physical_id if request.response else made_up
            self.resources[name] = Resource(request.event["ResourceProperties"], physical_id)

    def _take(self, name: str, request: Request) -> None:
        assert request.response is not None
        answer = request.response
        self.resources[name] = Resource(
            request.event["ResourceProperties"], answer.physical_id, answer.data
        )

    def _learn(self, name: str, request: Request, conditions: Conditions) -> None:
        """What an Update's answer changes about a resource; without one, nothing."""
        resource, answer = self.resources[name], request.response
        if answer is None or not (answer.is_success or conditions.failed_update_moves):
            return
        if answer.physical_id != resource.physical_id:
            resource.replaced.append((resource.physical_id, resource.properties))
            resource.replaced = [r for r in resource.replaced if r[0] != answer.physical_id]
            resource.physical_id = answer.physical_id
        if answer.is_success:
            resource.properties = request.event["ResourceProperties"]
            resource.data = answer.data

    def _clean_up(self, dropped: list[str]) -> None:
        """Delete what is no longer part of the stack; CloudFormation ignores failures here."""
        gone = [(n, i, p) for n, r in self.resources.items() for i, p in r.replaced]
        for resource in self.resources.values():
            resource.replaced = []
        for name in dropped:
            resource = self.resources.pop(name)
            gone.append((name, resource.physical_id, resource.properties))
        deletes = [self._send("Delete", n, p, PhysicalResourceId=i) for n, i, p in gone]
        self._await_all(deletes)
        self.abandoned += [
            (n, i) for (n, i, _), d in zip(gone, deletes, strict=True) if not d.succeeded
        ]

    def _delete_all(self, complete: str, failed: str) -> str:
        deletes: list[tuple[str, Request]] = []
        for name, resource in self.resources.items():
            ids = [*resource.replaced, (resource.physical_id, resource.properties)]
            deletes += [(name, self._send("Delete", name, p, PhysicalResourceId=i)) for i, p in ids]
        self._await_all([request for _, request in deletes])
        unsuccessful = {name for name, request in deletes if not request.succeeded}
        self.resources = {n: r for n, r in self.resources.items() if n in unsuccessful}
        return failed if unsuccessful else complete

    def _await_all(self, requests: list[Request]) -> None:
        deadline = self._agenda.now() + self._framework.total_timeout + SERVICE_TIMEOUT_GRACE
        self._agenda.run_until(lambda: all(r.response for r in requests), deadline)

    def _send_update(
        self, name: str, properties: Properties, old: Properties | None = None
    ) -> Request:
        resource = self.resources[name]
        return self._send(
            "Update",
            name,
            properties,
            PhysicalResourceId=resource.physical_id,
            OldResourceProperties=resource.properties if old is None else old,
        )

    def _send(self, kind: str, name: str, properties: Any, **more: Any) -> Request:
        event = {
            "RequestType": kind,
            "RequestId": f"request-{next(self._ids)}",
            "StackId": STACK_ID,
            "LogicalResourceId": name,
            "ResourceType": "Custom::EMRServerlessSession",
            "ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:framework",
            "ResponseURL": RESPONSE_URL,
            "ResourceProperties": properties,
            **more,
        }
        request = Request(event, self._agenda.now())
        self.requests.append(request)
        for seconds in self._deliveries.pop(0) if self._deliveries else (0.0,):
            self._agenda.after(seconds, self._delivery(request))
        return request

    def _delivery(self, request: Request) -> Callable[[], None]:
        def respond(response: Response) -> None:
            if request.response is None:  # a second answer is nobody's
                request.response, request.answered_at = response, self._agenda.now()

        copy = json.dumps(request.event)

        def deliver() -> None:
            request.deliveries.append(self._agenda.now())
            self._framework.handle(json.loads(copy), respond)

        return deliver
