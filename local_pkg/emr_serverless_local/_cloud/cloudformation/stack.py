"""One stack as MiniStack keeps it and DescribeStacks shows it: status, resources, events.

Everything that an operation makes visible goes through here.
"""

import secrets
import string
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from ministack.core.responses import now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import stacks

from .template import Template

STACK_TYPE = "AWS::CloudFormation::Stack"
# Of a stack: when its deletion began, or the rollback of its creation, which deletes too.
DELETION_TIME = "DeletionTime"
_DELETES = ("DELETE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS")
RETAINING_POLICIES = ("Retain", "RetainExceptOnCreate")

Record = dict[str, Any]


def add_to_each(described: bytes, more: Callable[[Record], bytes]) -> bytes:
    """An answer of DescribeStacks with more in each stack that it shows."""
    for record in cloudformation._stacks.values():
        stack_id = f"<StackId>{record['StackId']}</StackId>".encode()
        described = described.replace(stack_id, stack_id + more(record))
    return described


_add_event: Callable[..., None] = stacks._add_event


class Stack:
    """A stack's record in MiniStack."""

    def __init__(self, name: str) -> None:
        self.record: Record = cloudformation._stacks[name]
        self.name = name
        self.id = str(self.record["StackId"])

    @property
    def resources(self) -> dict[str, Record]:
        """The records of its resources by logical id, as DescribeStackResource shows them."""
        found: dict[str, Record] = self.record.setdefault("_resources", {})
        return found

    @property
    def status(self) -> str:
        """The stack's status."""
        return str(self.record["StackStatus"])

    def template(self) -> Template:
        """The template that it runs."""
        return Template(
            self.name,
            self.id,
            self.record.get("_template") or {},
            self.record.get("_resolved_params") or {},
            self.record.get("Tags") or [],
        )

    def enter(self, status: str, reason: str = "") -> None:
        """Change the stack's status, and say so in an event."""
        self.record["StackStatus"] = status
        self.record["StackStatusReason"] = reason
        if status in _DELETES:
            self.record[DELETION_TIME] = now_iso()
        self.tell(self.name, STACK_TYPE, status, self.id, reason)

    def show(
        self,
        logical_id: str,
        resource_type: str,
        status: str,
        *,
        reason: str = "",
        physical_id: str | None = None,
    ) -> Record:
        """Change what is shown of a resource, and say so in an event; gives its record."""
        record = self.resources.setdefault(
            logical_id,
            {
                "LogicalResourceId": logical_id,
                "ResourceType": resource_type,
                "PhysicalResourceId": "",
                "Properties": {},
                "Attributes": {},
            },
        )
        if physical_id is not None:
            record["PhysicalResourceId"] = physical_id
        record.update(ResourceStatus=status, ResourceStatusReason=reason, Timestamp=now_iso())
        self.tell(logical_id, resource_type, status, record["PhysicalResourceId"], reason)
        return record

    def tell(
        self, logical_id: str, resource_type: str, status: str, physical_id: str, reason: str = ""
    ) -> None:
        """Add an event about a resource, of which something else is shown."""
        stacks._add_event(
            self.id, self.name, logical_id, resource_type, status, reason, physical_id
        )

    def made_up_id(self, logical_id: str) -> str:
        """A physical id for a resource that has none.

        aws-cloudformation/cloudformation-coverage-roadmap issue 1814 shows the form.
        """
        alphabet = string.ascii_uppercase + string.digits
        return f"{self.name}-{logical_id}-{''.join(secrets.choice(alphabet) for _ in range(12))}"


def add_event(stack_id: str, *arguments: Any, **named: Any) -> None:
    """Add an event that is later than the one before, in milliseconds.

    The CDK CLI sorts by their times.
    """
    before = cloudformation._stack_events.get(stack_id, [])[-1:]
    _add_event(stack_id, *arguments, **named)
    event = cloudformation._stack_events[stack_id][-1]
    if before:
        event["Timestamp"] = max(event["Timestamp"], _just_after(before[0]["Timestamp"]))


def _just_after(moment: str) -> str:
    later = datetime.fromisoformat(moment) + timedelta(milliseconds=1)
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")
