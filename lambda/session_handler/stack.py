"""What CloudFormation shows of the resource and its stack: the calls to CloudFormation.

A read may be seconds old, and the two reads of ``shown`` are no snapshot. Without a route to
CloudFormation each call would wait for its time-out: after two such it isn't asked for a while.
"""

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from session_handler import clients
from session_handler.deadline import Deadline
from session_handler.errors import Unreachable, classify
from session_handler.request import Request

# CloudFormation's reads may be this old, and a little more.
READ_DELAY = 7.0
_SILENCE_AFTER = 2
_SILENCE_SECONDS = 60.0

_GONE = {"ResourceStatus": "DELETE_COMPLETE", "StackStatus": "DELETE_COMPLETE"}

ROLLING_BACK = (
    "ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
)


class Resource(NamedTuple):
    """The resource, as DescribeStackResource shows it; one that is gone is DELETE_COMPLETE."""

    status: str
    physical_id: str | None = None
    changed_at: float = 0.0
    """When its status changed to this one, in seconds since the epoch; 0 where that isn't shown."""

    @property
    def is_at_rest(self) -> bool:
        return not self.status.endswith("_IN_PROGRESS")

    @property
    def is_being_deleted(self) -> bool:
        return self.status in ("DELETE_IN_PROGRESS", "DELETE_FAILED")


class StackView(NamedTuple):
    """The resource and the status of its stack."""

    resource: Resource
    stack: str
    deleted_at: float = 0.0
    """When the stack's deletion, or its creation's rollback, began: in seconds since the epoch."""
    updated_at: float = 0.0
    """When its latest update was asked for: in seconds since the epoch."""

    @property
    def stack_is_at_rest(self) -> bool:
        return not self.stack.endswith("_IN_PROGRESS")

    @property
    def is_settled(self) -> bool:
        """Whether no rollback can change the stack any more."""
        return self.stack.startswith(("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE"))

    @property
    def lets_go(self) -> bool:
        """Whether RETAIN took the resource out of its stack, and it isn't shown with which id.

        What a rollback took out before is no part of the stack any more when that is deleted.
        """
        skipped = self.resource.status == "DELETE_SKIPPED" and not self.resource.physical_id
        is_latest = self.resource.changed_at > self.deleted_at
        return skipped and is_latest and "ROLLBACK" not in self.stack

    @property
    def is_rolling_back(self) -> bool:
        return self.stack in ROLLING_BACK


class Stack:
    """CloudFormation's view of one resource. None stands for: it didn't say."""

    def __init__(self, request: Request, deadline: Deadline) -> None:
        self._owner, self._kind = request.owner, request.kind
        self._service_timeout = request.service_timeout
        self._deadline = deadline
        self._unreachable = 0
        self._silent_until = 0.0
        self.problem: str | None = None
        """Why it last said nothing."""

    def resource(self) -> Resource | None:
        """DescribeStackResource."""
        answer = self._ask(
            "describe_stack_resource",
            StackName=self._owner.stack_id,
            LogicalResourceId=self._owner.logical_id,
        )
        if answer is None:
            return None
        detail = _GONE if answer is _GONE else answer.get("StackResourceDetail")
        if not isinstance(detail, dict) or not detail.get("ResourceStatus"):
            return None  # an answer that was cut short says nothing
        resource = Resource(
            status=str(detail["ResourceStatus"]),
            physical_id=detail.get("PhysicalResourceId") or None,
            changed_at=_seconds(detail.get("LastUpdatedTimestamp")),
        )
        is_own = resource.status == f"{self._kind.upper()}_IN_PROGRESS"
        # A read of an Update's first seconds may be from before it.
        may_be_older = self._kind == "Update" and not self.tells_of_the_request
        if resource.changed_at and is_own and not may_be_older:
            self._deadline.cloudformation_waits(resource.changed_at, self._service_timeout)
        return resource

    def resource_with_retries(self) -> Resource | None:
        """The same, asked three times where the question is refused."""
        for _ in range(2):
            resource = self.resource()
            if resource is not None or self.is_silent:
                return resource
            time.sleep(READ_DELAY)
        return self.resource()

    def shown(self) -> StackView | None:
        """DescribeStackResource and DescribeStacks."""
        resource = self.resource()
        if resource is None:
            return None
        answer = self._ask("describe_stacks", StackName=self._owner.stack_id)
        if answer is None:
            return None
        stacks = [_GONE] if answer is _GONE else answer.get("Stacks")
        if not stacks or not stacks[0].get("StackStatus"):
            return None
        stack = stacks[0]
        return StackView(
            resource,
            str(stack["StackStatus"]),
            deleted_at=_seconds(stack.get("DeletionTime")),
            updated_at=_seconds(stack.get("LastUpdatedTime")),
        )

    def end_silence(self) -> None:
        """Let the next question be asked, whatever the ones before have met."""
        self._silent_until = 0.0

    @property
    def tells_of_the_request(self) -> bool:
        """Whether a read of now can't be from before the request came."""
        return time.time() >= self._deadline.began + READ_DELAY

    @property
    def is_silent(self) -> bool:
        """Whether CloudFormation isn't asked for a while."""
        return time.time() < self._silent_until

    def _ask(self, method: str, **parameters: Any) -> Mapping[str, Any] | None:
        """The answer; ``_GONE`` for what doesn't exist, None where there is none."""
        if self.is_silent:
            return None
        try:
            answer: Mapping[str, Any] = getattr(clients.client("cloudformation"), method)(
                **parameters
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, CloudFormation didn't say
            if isinstance(error, ClientError) and _says_that_it_is_gone(error):
                return _GONE
            self.problem = f"{method}: {error}"
            if isinstance(classify(method, error), Unreachable):
                self._unreachable += 1
                if self._unreachable >= _SILENCE_AFTER:
                    self._silent_until = time.time() + _SILENCE_SECONDS
            return None
        self._unreachable = 0
        return answer


def _seconds(time_shown: object) -> float:
    return time_shown.timestamp() if isinstance(time_shown, datetime) else 0.0


def _says_that_it_is_gone(error: ClientError) -> bool:
    details = error.response.get("Error", {})
    says = str(details.get("Message", ""))
    return details.get("Code") == "ValidationError" and "does not exist" in says
