"""StartSession, until the service accepts or refuses it."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws import Aws
from .._emr.aws_errors import is_temporary
from .._emr.clock import Clock
from .._emr.wait import patiently
from .request import SessionRequest


def start(aws: Aws, request: SessionRequest, token: str, *, timeout: float, clock: Clock) -> str:
    """Start a session; gives its ARN.

    The same token is sent each time, so that an answer that was lost starts nothing twice.

    Args:
        aws: The clients.
        request: The session.
        token: The client token.
        timeout: For how long to try again, in seconds, while the service throttles or is away, or
            the application is between two states (ConflictException).
        clock: Time.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``StartSession``.
    """
    client = aws.emr_serverless(request.region)

    def ask() -> str:
        return str(client.start_session(**request.parameters(), clientToken=token)["arn"])

    return patiently(ask, clock.now() + timeout, clock, _may_be_tried_again)


def _may_be_tried_again(error: BotoCoreError | ClientError) -> bool:
    conflict = (
        isinstance(error, ClientError) and error.response["Error"]["Code"] == "ConflictException"
    )
    return conflict or is_temporary(error)
