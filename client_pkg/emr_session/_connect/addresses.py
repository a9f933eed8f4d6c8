"""``remote_url`` and ``dashboard_url``: a session's addresses. Needs no PySpark."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._channel.endpoint import fetch
from .._emr.aws import Aws
from .._emr.aws_errors import credentials_explained
from .._emr.clock import Clock, SystemClock
from .._emr.locate import locate
from .._emr.wait import TIMEOUT_SECONDS, patiently, wait_until_usable

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_emr_serverless import EMRServerlessClient


def remote_url(
    arn_or_parameter: str,
    *,
    timeout: float = TIMEOUT_SECONDS,
    client: EMRServerlessClient | None = None,
    session: boto3.Session | None = None,
    clock: Clock | None = None,
) -> str:
    """Return a session's address for ``SparkSession.builder.remote`` or ``SPARK_REMOTE``.

    It contains a token that is valid for an hour. Whoever has it can act as the session's
    execution role: never print, log or store it. ``connect`` needs no address, and renews the
    token.

    Args:
        arn_or_parameter: The session's ARN, the name of the SSM parameter that holds it, or
            another name that ``emr-session`` takes: an id, ``STACK``, ``STACK/LOGICAL-ID``, the
            path of the construct, or a session's name.
        timeout: How long to wait for the session to be usable, in seconds. Default: 600.
        client: A boto3 client of ``emr-serverless`` to use.
        session: The boto3 session to make clients with. By default, boto3's own of the environment.
        clock: Time, for tests.

    Raises:
        CredentialsError: There are no valid AWS credentials.
        SessionEndedError: The session has ended.
        SessionNotFoundError: There is no such session.
        SessionNotReadyError: The session isn't usable within ``timeout``.
        SessionAmbiguousError: The name fits several sessions.
        ConnectError: The name leads to no session.
        botocore.exceptions.ClientError: A service refuses what is asked.
    """
    aws = Aws(client=client, session=session)
    clock = clock or SystemClock()
    deadline = clock.now() + timeout
    with credentials_explained(aws.session):
        status = wait_until_usable(
            aws,
            lambda: locate(arn_or_parameter, aws),
            timeout=timeout,
            clock=clock,
            follow=False,
        )
        return patiently(lambda: fetch(aws, status.arn), deadline, clock).url_with_token


def dashboard_url(
    arn_or_parameter: str,
    *,
    client: EMRServerlessClient | None = None,
    session: boto3.Session | None = None,
) -> str:
    """Return the address of a session's Spark UI, which signs in whoever has it for a while.

    Args:
        arn_or_parameter: The session's ARN, the name of the SSM parameter that holds it, or
            another name that ``emr-session`` takes: an id, ``STACK``, ``STACK/LOGICAL-ID``, the
            path of the construct, or a session's name.
        client: A boto3 client of ``emr-serverless`` to use.
        session: The boto3 session to make clients with. By default, boto3's own of the environment.

    Raises:
        CredentialsError: There are no valid AWS credentials.
        SessionAmbiguousError: The name fits several sessions.
        ConnectError: The name leads to no session.
        botocore.exceptions.ClientError: A service refuses what is asked, for instance
            ``emr-serverless:GetResourceDashboard`` (``session.grants.read``).
    """
    aws = Aws(client=client, session=session)
    with credentials_explained(aws.session):
        arn = locate(arn_or_parameter, aws)
        answer = aws.emr_serverless(arn.region).get_resource_dashboard(
            applicationId=arn.application_id, resourceId=arn.session_id, resourceType="SESSION"
        )
    return str(answer["url"])
