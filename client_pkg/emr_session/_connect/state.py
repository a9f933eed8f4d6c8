"""What a session is doing, as GetSession says, and the wait until it takes connections."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from .._emr.aws import Aws
from .._emr.clock import Clock
from .._emr.session_arn import SessionArn
from ..errors import SessionNotReadyError, SessionOverError

USABLE = frozenset({"STARTED", "IDLE", "BUSY"})
OVER = frozenset({"FAILED", "TERMINATING", "TERMINATED"})
LIVE = ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY")
POLL_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Seen:
    """A session as it was a moment ago; ``NOT FOUND`` stands for one that the service forgot."""

    arn: SessionArn
    state: str
    details: str
    release: str

    @property
    def usable(self) -> bool:
        """Whether it takes connections."""
        return self.state in USABLE

    @property
    def over(self) -> bool:
        """Whether it will never take connections (again)."""
        return self.state in OVER or self.state == "NOT FOUND"

    def over_error(self) -> SessionOverError:
        """The error that says so."""
        details = f" ({self.details})" if self.details else ""
        return SessionOverError(
            f"Session {self.arn.session_id} of application {self.arn.application_id} is "
            f"{self.state}{details}. Deploy its stack with a change to have a new one, and connect "
            "to that; what the session held (temporary views, caches) is gone."
        )


def look(aws: Aws, arn: SessionArn) -> Seen:
    """The session as it is now.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``GetSession``.
    """
    try:
        session = aws.emr_serverless(arn.region).get_session(**arn.ids)["session"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return Seen(arn, "NOT FOUND", error.response["Error"]["Message"], "")
    return Seen(arn, session["state"], session["stateDetails"], session["releaseLabel"])


def may_pass(error: BotoCoreError | ClientError) -> bool:
    """Whether an error is the network's or the service's, for the moment, and not the caller's."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500 or status == 429)
    return isinstance(error, HTTPClientError)


def wait_until_usable(
    aws: Aws, located: Callable[[], SessionArn], *, timeout: float, clock: Clock, follow: bool
) -> Seen:
    """Wait for a session that takes connections.

    Args:
        aws: The clients.
        located: Gives the session to wait for. Asked again each time if ``follow`` is set.
        timeout: How long to wait at most, in seconds.
        clock: Time.
        follow: Whether a session that is over is waited past, until ``located`` gives another.

    Raises:
        SessionOverError: The session is over.
        SessionNotReadyError: The time is over.
    """
    until = clock.now() + timeout
    arn = located()
    said = None
    while True:
        seen = look(aws, arn)
        if seen.usable:
            return seen
        if seen.over and not follow:
            raise seen.over_error()
        if clock.now() >= until:
            raise seen.over_error() if seen.over else _not_ready(seen, timeout)
        if said != (arn, seen.state):
            said = arn, seen.state
            _log.info(
                "Session %s is %s: waiting for %g s at most.",
                arn.session_id,
                seen.state,
                until - clock.now(),
            )
        clock.sleep(POLL_SECONDS)
        arn = located() if follow else arn


def _not_ready(seen: Seen, timeout: float) -> SessionNotReadyError:
    return SessionNotReadyError(
        f"Session {seen.arn.session_id} of application {seen.arn.application_id} is still "
        f"{seen.state} after {timeout:g} s ({seen.details}). A start takes about 90 seconds with "
        "pre-initialised capacity and minutes without: try again, or wait longer (timeout)."
    )
