"""``get_or_create``: the live session of a name, or a new one."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._emr.aws import Aws
from .._emr.aws_errors import credentials_explained
from .._emr.clock import Clock, SystemClock
from .._emr.names import LIVE_STATES, SessionArn
from .._emr.session import describe
from .._emr.wait import TIMEOUT_SECONDS
from ..errors import SessionDiffersError
from .request import SessionRequest
from .start import start

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_emr_serverless import EMRServerlessClient

# Two callers that find no session within this time start one together.
TOGETHER_SECONDS = 300


def get_or_create(
    name: str,
    *,
    application: str,
    execution_role: str,
    idle_timeout_minutes: int | None = None,
    spark_properties: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    client: EMRServerlessClient | None = None,
    session: boto3.Session | None = None,
    clock: Clock | None = None,
) -> str:
    """Return the ARN of an application's live session of a name, and start one if there is none.

    For scripts and CI that share a session: ``connect(get_or_create("nightly", …))``. The session
    keeps running afterwards, until its idle time-out or 24 hours; ``ephemeral`` ends its own. It
    doesn't wait until the session is usable: ``connect`` and ``remote_url`` do. Callers that need a
    new one within the same five minutes get the same one. Of several live sessions of that name it
    returns the oldest. Needs ``emr-serverless:ListSessions``, ``GetSession``, ``StartSession`` and
    ``TagResource`` on the application, and ``iam:PassRole`` on the role.

    Args:
        name: The session's name.
        application: The application's id or ARN.
        execution_role: The ARN of the role that the session's code has.
        idle_timeout_minutes: When an idle session ends, in minutes; the service's default is 60.
        spark_properties: Spark's settings, as of ``spark-defaults``.
        tags: Tags of a new session. Those of a live one aren't compared.
        timeout: How long to retry, in seconds, while the service is unavailable or throttling, or
            the application is changing its state. Default: 600.
        client: A boto3 client of ``emr-serverless`` to use.
        session: The boto3 session to make clients with. By default, boto3's own of the environment.
        clock: Time, for tests.

    Raises:
        SessionDiffersError: The live session of that name has another role, idle time-out or Spark
            setting. It isn't changed.
        CredentialsError: There are no valid AWS credentials.
        ConnectError: ``application`` is neither an id nor an ARN.
        botocore.exceptions.ClientError: The service refuses what is asked.
    """
    request = SessionRequest(
        application=application,
        execution_role=execution_role,
        name=name,
        idle_timeout_minutes=idle_timeout_minutes,
        spark_properties=spark_properties or {},
        tags=tags or {},
    )
    aws = Aws(client=client, session=session)
    clock = clock or SystemClock()
    with credentials_explained(aws.session):
        live = sorted(_live(aws, request), key=lambda summary: summary["createdAt"])
        if live:
            _require_same(aws, request, live[0])
            return str(live[0]["arn"])
        together = str(int(clock.now() // TOGETHER_SECONDS))
        arn = start(aws, request, request.token(together), timeout=timeout, clock=clock)
        if _is_live(aws, arn):
            return arn
        # The one that was started a moment ago has ended already.
        return start(aws, request, uuid.uuid4().hex, timeout=timeout, clock=clock)


def _live(aws: Aws, request: SessionRequest) -> Iterator[Mapping[str, Any]]:
    pages = aws.emr_serverless(request.region).get_paginator("list_sessions")
    for page in pages.paginate(applicationId=request.application_id, states=list(LIVE_STATES)):
        yield from (one for one in page["sessions"] if one.get("name") == request.name)


def _require_same(aws: Aws, request: SessionRequest, found: Mapping[str, Any]) -> None:
    described = aws.emr_serverless(request.region).get_session(
        applicationId=found["applicationId"], sessionId=found["sessionId"]
    )["session"]
    differences = request.differences(described)
    if differences:
        raise SessionDiffersError(
            f"The live session {found['sessionId']} named {request.name} differs from the "
            f"request: {', '.join(differences)}. Request the same, use another name, or end it "
            f"(emr-session terminate {found['arn']})."
        )


def _is_live(aws: Aws, arn: str) -> bool:
    parsed = SessionArn.parse(arn)
    return parsed is None or describe(aws, parsed).live
