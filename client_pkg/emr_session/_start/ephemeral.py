"""``ephemeral``: a session for a ``with`` block."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws import Aws
from .._emr.aws_errors import credentials_explained, is_temporary
from .._emr.clock import Clock, SystemClock
from .._emr.names import SessionArn
from .._emr.session import describe
from .._emr.wait import TIMEOUT_SECONDS, patiently
from ..errors import ConnectError
from .request import SessionRequest
from .signals import signals_as_exits
from .start import start

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_emr_serverless import EMRServerlessClient

# What a killed process leaves ends by itself after so long.
IDLE_TIMEOUT_MINUTES = 15
# For how long ending it is tried again while the service is unavailable or throttling.
END_SECONDS = 60.0

_log = logging.getLogger(__name__)


@contextmanager
def ephemeral(
    name: str | None = None,
    *,
    application: str,
    execution_role: str,
    idle_timeout_minutes: int = IDLE_TIMEOUT_MINUTES,
    spark_properties: Mapping[str, str] | None = None,
    tags: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
    client: EMRServerlessClient | None = None,
    session: boto3.Session | None = None,
    clock: Clock | None = None,
) -> Iterator[str]:
    """Start a session for a ``with`` block, which gets its ARN, and end it with the block.

    Errors, Ctrl-C, SIGTERM and SIGHUP end it too, even during the start; the signals in the main
    thread, unless the program handles them itself. If the process is killed, the idle time-out ends
    the session. Doesn't wait until the session is usable: ``connect`` and
    ``remote_url`` do. Needs ``emr-serverless:StartSession``, ``TagResource`` and
    ``TerminateSession``, and ``iam:PassRole`` on the role::

        with emr_session.ephemeral(application="00f1abcdef234567", execution_role=ROLE) as arn:
            emr_session.connect(arn).range(1000).count()

    Args:
        name: The session's name; it needn't be unique.
        application: The application's id or ARN.
        execution_role: The ARN of the role that the session's code has.
        idle_timeout_minutes: When an idle session ends by itself, in minutes.
        spark_properties: Spark's settings, as of ``spark-defaults``.
        tags: The session's tags.
        timeout: How long to retry the start, in seconds, while the service is unavailable or
            throttling, or the application is changing its state. Default: 600.
        client: A boto3 client of ``emr-serverless`` to use.
        session: The boto3 session to make clients with. By default, boto3's own of the environment.
        clock: Time, for tests.

    Raises:
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
    token = request.token(uuid.uuid4().hex)
    with signals_as_exits():
        with credentials_explained(aws.session):
            try:
                arn = start(aws, request, token, timeout=timeout, clock=clock)
            except (KeyboardInterrupt, SystemExit):
                # It may have been accepted: the same token gives the same session.
                _end(aws, start(aws, request, token, timeout=END_SECONDS, clock=clock), clock)
                raise
        try:
            yield arn
        finally:
            _end_despite_signals(aws, arn, clock)


def _end_despite_signals(aws: Aws, arn: str, clock: Clock) -> None:
    try:
        _end(aws, arn, clock)
    except (KeyboardInterrupt, SystemExit):
        _end(aws, arn, clock)
        raise


def _end(aws: Aws, arn: str, clock: Clock) -> None:
    """End a session. A failure is logged: what went wrong in the block matters more."""
    try:
        patiently(partial(_terminate, aws, arn), clock.now() + END_SECONDS, clock, is_temporary)
    except (BotoCoreError, ClientError) as error:
        _log.error("Session %s could not be ended, and goes on until idle: %s", arn, error)


def _terminate(aws: Aws, arn: str) -> None:
    parsed = SessionArn.parse(arn)
    if parsed is None:
        raise ConnectError(f"StartSession returned an invalid session ARN: {arn}")
    try:
        aws.emr_serverless(parsed.region).terminate_session(**parsed.ids)
    except ClientError as error:
        # It may have ended by itself.
        if is_temporary(error) or describe(aws, parsed).live:
            raise
