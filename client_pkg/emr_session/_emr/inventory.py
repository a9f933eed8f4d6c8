"""The sessions of an account and region, and whose they are by their owner tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from .aws import Aws
from .names import HELD_ARN_TAG, LOGICAL_ID_TAG, STACK_ID_TAG

# How many questions are open at once. The service answers about ten a second.
AT_ONCE = 8

Summary = Mapping[str, Any]


@dataclass(frozen=True)
class Owner:
    """The resource of a stack that a session was started for."""

    stack_id: str
    logical_id: str
    held_arn: str | None

    @classmethod
    def by_tags(cls, tags: Mapping[str, str]) -> Owner | None:
        """The owner that a session's tags name."""
        if STACK_ID_TAG not in tags or LOGICAL_ID_TAG not in tags:
            return None
        return cls(tags[STACK_ID_TAG], tags[LOGICAL_ID_TAG], tags.get(HELD_ARN_TAG))

    @property
    def stack_name(self) -> str:
        """The stack's name, out of its id."""
        # arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID
        parts = self.stack_id.split("/")
        return parts[1] if len(parts) > 1 else self.stack_id


@dataclass(frozen=True)
class ListedSession:
    """A session of the account."""

    arn: str
    application_id: str
    session_id: str
    name: str | None
    state: str
    created_at: datetime
    owner: Owner | None
    # All that GetSession says.
    session: Mapping[str, Any]


def inventory(
    aws: Aws,
    *,
    application_id: str | None = None,
    states: Sequence[str] = (),
    region: str | None = None,
) -> list[ListedSession]:
    """The sessions of all applications or one; of all states or some; by default of boto3's region.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``ListApplications``,
            ``ListSessions`` or ``GetSession``.
    """
    found = summaries(aws, application_id=application_id, states=states, region=region)
    return described(aws, found, region=region)


def summaries(
    aws: Aws,
    *,
    application_id: str | None = None,
    states: Sequence[str] = (),
    created_after: datetime | None = None,
    region: str | None = None,
) -> list[Summary]:
    """What ListSessions says of sessions: neither their tags nor their times but the creation.

    Args:
        aws: The clients.
        application_id: Of this application alone.
        states: In one of these states; in any by default.
        created_after: Created since then.
        region: The region; boto3's by default.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``ListApplications`` or
            ``ListSessions``.
    """
    pages = aws.emr_serverless(region).get_paginator("list_sessions")
    asked: dict[str, Any] = {"states": list(states)} if states else {}
    if created_after:
        asked["createdAtAfter"] = created_after

    def of(application: str) -> list[Summary]:
        found = pages.paginate(applicationId=application, **asked)
        return [summary for page in found for summary in page["sessions"]]

    applications = [application_id] if application_id else application_ids(aws, region)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [summary for found in pool.map(of, applications) for summary in found]


def described(
    aws: Aws, found: Iterable[Summary], *, region: str | None = None
) -> list[ListedSession]:
    """The sessions of summaries, with their tags and times: a GetSession each.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``GetSession``.
    """
    client = aws.emr_serverless(region)

    def describe(summary: Summary) -> ListedSession | None:
        ids = {name: summary[name] for name in ("applicationId", "sessionId")}
        try:
            return listed(client.get_session(**ids)["session"])
        except ClientError as error:
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
            return None  # gone since it was listed

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [one for one in pool.map(describe, found) if one]


def application_ids(aws: Aws, region: str | None = None) -> list[str]:
    """The applications of the account and region.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``ListApplications``.
    """
    pages = aws.emr_serverless(region).get_paginator("list_applications").paginate()
    return [str(application["id"]) for page in pages for application in page["applications"]]


def listed(session: Mapping[str, Any]) -> ListedSession:
    """A session as GetSession describes it, with its owner."""
    return ListedSession(
        arn=session["arn"],
        application_id=session["applicationId"],
        session_id=session["sessionId"],
        name=session.get("name"),
        state=session["state"],
        created_at=session["createdAt"],
        owner=Owner.by_tags(session.get("tags", {})),
        session=session,
    )
