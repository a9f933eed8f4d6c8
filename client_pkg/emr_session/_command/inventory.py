"""The sessions of an account and region, and whose they are by their owner tags."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .._emr.aws import Aws
from .._emr.names import HELD_ARN_TAG, LOGICAL_ID_TAG, STACK_ID_TAG


@dataclass(frozen=True)
class Owner:
    """The resource of a stack that a session was started for."""

    stack_id: str
    logical_id: str
    held_arn: str | None

    @property
    def stack_name(self) -> str:
        """The stack's name, out of its id."""
        # arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID
        parts = self.stack_id.split("/")
        return parts[1] if len(parts) > 1 else self.stack_id


@dataclass(frozen=True)
class Listed:
    """A session of the account."""

    arn: str
    application_id: str
    session_id: str
    name: str | None
    state: str
    created_at: datetime
    owner: Owner | None


def inventory(
    aws: Aws, *, application_id: str | None = None, states: Sequence[str] = ()
) -> Iterator[Listed]:
    """The sessions of all applications or one; of all states or some.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``ListApplications``,
            ``ListSessions`` or ``GetSession``.
    """
    client = aws.emr_serverless()
    for application in [application_id] if application_id else _applications(client):
        pages = client.get_paginator("list_sessions").paginate(
            applicationId=application, **({"states": list(states)} if states else {})
        )
        for page in pages:
            for summary in page["sessions"]:
                # Its tags aren't in the list.
                session = client.get_session(
                    applicationId=application, sessionId=summary["sessionId"]
                )["session"]
                yield _listed(session)


def _applications(client: Any) -> Iterator[str]:
    for page in client.get_paginator("list_applications").paginate():
        for application in page["applications"]:
            yield application["id"]


def _listed(session: dict[str, Any]) -> Listed:
    tags = session.get("tags", {})
    owned = STACK_ID_TAG in tags and LOGICAL_ID_TAG in tags
    return Listed(
        arn=session["arn"],
        application_id=session["applicationId"],
        session_id=session["sessionId"],
        name=session.get("name"),
        state=session["state"],
        created_at=session["createdAt"],
        owner=Owner(tags[STACK_ID_TAG], tags[LOGICAL_ID_TAG], tags.get(HELD_ARN_TAG))
        if owned
        else None,
    )
