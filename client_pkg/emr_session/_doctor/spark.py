"""Checks the last step: a token, and one call to the session's Spark, as ``connect`` makes it.

The only check that takes a token, and only where somebody asked to connect.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from botocore.exceptions import BotoCoreError, ClientError

from .._channel.certificates import GRPC_ROOTS, root_certificates
from .._channel.current_session import CurrentSession
from .._channel.endpoint import Endpoint
from .._emr.aws import Aws
from .._emr.clock import Clock
from .._emr.names import SessionArn
from ..errors import ConnectError
from .finding import Finding, Level, not_checked, ok, wrong
from .network import reach
from .question import Unanswered, ask

TOKEN, SPARK = "token", "Spark"


def connection_findings(
    aws: Aws, arn: SessionArn, clock: Clock, given_roots: bytes | str | None
) -> Iterator[Finding]:
    """Test the connection to a usable session, up to the first step that fails.

    Args:
        aws: The clients.
        arn: The session.
        clock: Time.
        given_roots: Whom to trust, as PEM or the path of a file; as ``connect`` does if None.
    """
    try:
        roots = root_certificates(given_roots, aws)
    except ConnectError as error:
        yield wrong("TLS", str(error).rstrip("."), "Correct the path, or unset it.")
        return
    current = CurrentSession(aws, arn.arn, arn, follow=False, timeout=0, clock=clock)
    try:
        endpoint = ask("emr-serverless:GetSessionEndpoint", current.endpoint)
    except ConnectError as error:
        yield _problem(TOKEN, error)
        return
    if isinstance(endpoint, Unanswered):
        if endpoint.refused:
            yield wrong(
                TOKEN,
                "GetSessionEndpoint is refused for you",
                "Have session.grants.connect for your role deployed.",
            )
        else:
            yield endpoint.finding(TOKEN)
        return
    yield token_finding(endpoint, clock.now())
    for finding in reach(endpoint.host, endpoint.port, roots or os.environ.get(GRPC_ROOTS)):
        yield finding
        if finding.level == Level.WRONG:
            return
    yield _spark(current, roots)


def token_finding(endpoint: Endpoint, now: float) -> Finding:
    """Whether a token that was just given is good by this machine's clock."""
    minutes = (endpoint.expires_at - now) / 60
    if minutes <= 0:
        return wrong(
            TOKEN,
            "the token that was just given has expired by this machine's clock",
            "Set this machine's clock.",
        )
    return ok(TOKEN, f"given to you, good for {minutes:.0f} minutes")


def _spark(current: CurrentSession, roots: bytes | None) -> Finding:
    try:
        from .._connect.builder import SessionChannelBuilder
        from .._connect.preflight import preflight
    except ImportError:
        return not_checked(SPARK, "PySpark is not installed", "Install PySpark, as said above.")
    try:
        builder = SessionChannelBuilder(current, roots, {}, lambda _: [])
        version = preflight(builder, current)
    except (ConnectError, ClientError, BotoCoreError) as error:
        return _problem(SPARK, error)
    return ok(SPARK, f"answers, version {version}")


def _problem(check: str, error: Exception) -> Finding:
    """An error of ``connect``'s: a sentence that says what is wrong, and one what to do."""
    problem, _, remedy = str(error).rstrip(".").partition(". ")
    return wrong(check, problem, f"{remedy}." if remedy else "Connect again.")
