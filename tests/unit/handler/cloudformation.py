"""CloudFormation as far as the handler sees it: what it shows of a resource, and its answers.

A test says what it shows; an answer changes it as AWS would. Over HTTP, in the query protocol.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from tests.unit.handler.clock import Clock

Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Answer:
    """An answer as it came, and when."""

    body: dict[str, Any]
    size: int
    at: float

    @property
    def is_success(self) -> bool:
        return bool(self.body["Status"] == "SUCCESS")

    @property
    def physical_id(self) -> str:
        return str(self.body["PhysicalResourceId"])

    @property
    def reason(self) -> str:
        return str(self.body.get("Reason", ""))


class CloudFormation:
    """One stack with one resource."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.stack = "CREATE_COMPLETE"
        self.status = "CREATE_COMPLETE"
        self.physical_id: str | None = None
        self.changed_at = clock.now()
        self.answers: list[Answer] = []
        self.listens = True
        """Whether it takes answers."""
        self.refuses = 0
        """How many questions are refused from now on."""
        self.denied: set[str] = set()
        """What is always refused: Stacks, StackResource."""
        self.refusal = (403, "AccessDenied", "not authorized to perform cloudformation:Describe")
        self.is_gone = False
        """Whether the resource doesn't exist."""
        self.deleted_at: float | None = None
        """When the stack's deletion began."""
        self.says_nothing = False
        """Whether its answers are there, with nothing in them."""
        self.asked: list[str] = []

    def begins(self, kind: str, stack: str | None = None) -> None:
        """An operation on the resource: Create, Update or Delete."""
        self.shows(f"{kind.upper()}_IN_PROGRESS", stack or f"{kind.upper()}_IN_PROGRESS")

    def shows(
        self,
        status: str,
        stack: str,
        physical_id: str | None = "as before",
        since: float | None = None,
    ) -> None:
        """Show this from now on; ``since`` is when it came about, where earlier reads were old.

        A stack that moves on alone leaves the resource's timestamp as it was.
        """
        if physical_id == "as before":
            physical_id = self.physical_id
        if since is not None or (status, physical_id) != (self.status, self.physical_id):
            self.changed_at = self._clock.now() if since is None else since
        self.status, self.stack, self.physical_id = status, stack, physical_id

    def take(self, body: bytes) -> None:
        """Take an answer, or refuse it as S3 does when a URL's time is over."""
        answer = Answer(json.loads(body), len(body), self._clock.now())
        self.answers.append(answer)
        if not self.listens:
            return
        kind = self.status.split("_", 1)[0]
        if answer.is_success:
            current = None if kind == "DELETE" else answer.physical_id
            self.shows(f"{kind}_COMPLETE", self.stack, current)
        else:
            self.shows(f"{kind}_FAILED", self.stack)

    def handle(
        self,
        method: str,  # noqa: ARG002
        path: str,  # noqa: ARG002
        headers: Mapping[str, str],  # noqa: ARG002
        body: bytes,
        query: Mapping[str, Sequence[str]],  # noqa: ARG002
    ) -> Response:
        """Answer a question."""
        action = "Stacks" if b"Action=DescribeStacks" in body else "StackResource"
        self.asked.append(action)
        if self.refuses > 0 or action in self.denied:
            self.refuses = max(0, self.refuses - 1)
            return _error(*self.refusal)
        if self.is_gone:
            return _error(400, "ValidationError", "Resource Notebook does not exist for stack x")
        if action == "Stacks":
            deleted = ""
            if self.deleted_at is not None:
                since = datetime.fromtimestamp(self.deleted_at, UTC).isoformat()
                deleted = f"<DeletionTime>{since}</DeletionTime>"
            inner = (
                "<Stacks><member><StackName>x</StackName>"
                f"<CreationTime>2026-01-01T00:00:00Z</CreationTime>{deleted}"
                f"<StackStatus>{self.stack}</StackStatus></member></Stacks>"
            )
        else:
            changed = datetime.fromtimestamp(self.changed_at, UTC).isoformat()
            physical = self.physical_id
            inner = (
                "<StackResourceDetail><LogicalResourceId>Notebook</LogicalResourceId>"
                + (
                    f"<PhysicalResourceId>{escape(physical)}</PhysicalResourceId>"
                    if physical
                    else ""
                )
                + f"<ResourceStatus>{self.status}</ResourceStatus>"
                f"<LastUpdatedTimestamp>{changed}</LastUpdatedTimestamp></StackResourceDetail>"
            )
        if self.says_nothing:
            inner = ""
        name = f"Describe{action}"
        answer = f"<{name}Response><{name}Result>{inner}</{name}Result></{name}Response>"
        return 200, {"Content-Type": "text/xml"}, answer.encode()


def _error(status: int, code: str, message: str) -> Response:
    text = f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"  # noqa: E501
    return status, {"Content-Type": "text/xml"}, text.encode()
