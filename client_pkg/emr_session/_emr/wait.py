"""Waits until a session accepts connections."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from ..errors import SessionNotReadyError
from .aws import Aws
from .aws_errors import is_temporary
from .clock import Clock
from .names import SessionArn
from .session import SessionStatus, describe

TIMEOUT_SECONDS = 600.0
POLL_SECONDS = 2.0

_log = logging.getLogger(__name__)
_Answer = TypeVar("_Answer")


def wait_until_usable(
    aws: Aws,
    find: Callable[[], SessionArn],
    *,
    timeout: float,
    clock: Clock,
    follow: bool,
    on_look: Callable[[SessionStatus, float], None] = lambda _status, _seconds: None,
) -> SessionStatus:
    """Wait for a session that takes connections.

    Args:
        aws: The clients.
        find: Gives the session to wait for. Called again before each look if ``follow`` is set.
        timeout: How long to wait at most, in seconds.
        clock: Time.
        follow: Whether to wait on when the session has ended, until ``find`` gives another one.
        on_look: Called with each look at a session that isn't usable, and the seconds of waiting.

    Raises:
        SessionEndedError: The session has ended.
        SessionNotFoundError: The service knows no such session.
        SessionNotReadyError: The time is over.
    """
    begun = clock.now()
    deadline = begun + timeout
    arn = patiently(find, deadline, clock)
    logged = None
    while True:
        status = patiently(partial(describe, aws, arn), deadline, clock)
        if status.usable:
            return status
        if not status.live and not follow:
            raise status.error()
        if clock.now() >= deadline:
            raise _not_ready(status, timeout) if status.live else status.error()
        if logged != (arn, status.state):
            logged = arn, status.state
            _log.info(
                "Session %s is %s: waiting for up to %g s.",
                arn.session_id,
                status.state,
                deadline - clock.now(),
            )
        on_look(status, clock.now() - begun)
        clock.sleep(POLL_SECONDS)
        arn = patiently(find, deadline, clock) if follow else arn


def _says_later(error: BotoCoreError | ClientError) -> bool:
    """Whether the service itself throttles or is unavailable. No way to it is said at once."""
    return isinstance(error, ClientError) and is_temporary(error)


def patiently(
    ask: Callable[[], _Answer],
    deadline: float,
    clock: Clock,
    may_pass: Callable[[BotoCoreError | ClientError], bool] = _says_later,
) -> _Answer:
    """Ask until a time, for as long as the errors may pass.

    Args:
        ask: The question.
        deadline: When the last error is raised, as of the clock.
        clock: Time.
        may_pass: Which errors may. By default the service's own, that it throttles or is
            unavailable.

    Raises:
        botocore.exceptions.BotoCoreError: It doesn't pass, or the time is over.
        botocore.exceptions.ClientError: The same.
    """
    while True:
        try:
            return ask()
        except (BotoCoreError, ClientError) as error:
            if not may_pass(error) or clock.now() >= deadline:
                raise
            _log.info("%s", error)
        clock.sleep(POLL_SECONDS)


def _not_ready(status: SessionStatus, timeout: float) -> SessionNotReadyError:
    return SessionNotReadyError(
        f"Session {status.arn.session_id} of application {status.arn.application_id} is still "
        f"{status.state} after {timeout:g} s ({status.details}). A start takes about 90 seconds "
        "with pre-initialized capacity and minutes without: try again, or wait longer (timeout)."
    )
