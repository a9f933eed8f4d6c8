"""The session that a client is connected to: its token while it lives, and its successor.

The one place that knows whether a client follows its parameter to a successor.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws import Aws
from .._emr.aws_errors import is_temporary
from .._emr.clock import Clock
from .._emr.locate import locate
from .._emr.names import SessionArn
from .._emr.session import describe
from .._emr.wait import wait_until_usable
from ..errors import SessionMovedError
from .endpoint import Endpoint, fetch
from .tokens import Tokens


class CurrentSession:
    """The session that a client is connected to now. Thread-safe."""

    def __init__(
        self, aws: Aws, target: str, arn: SessionArn, *, follow: bool, timeout: float, clock: Clock
    ) -> None:
        """A client's session, which is usable.

        Args:
            aws: The clients.
            target: What the caller named the session by.
            arn: The session.
            follow: Whether to move to the session that ``target`` names when this one is over.
            timeout: How long to wait for a successor that is starting, in seconds.
            clock: Time.
        """
        self.on_move: Callable[[], None] = lambda: None
        self._aws = aws
        self._target = target
        self._arn = arn
        self._follow = follow
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._tokens = Tokens(self._endpoint, clock)

    @property
    def arn(self) -> SessionArn:
        """The session of now."""
        return self._arn

    def endpoint(self) -> Endpoint:
        """The endpoint of the session of now, with a token that is valid.

        Raises:
            SessionEndedError: The session is over, and isn't followed or has no successor yet.
            SessionMovedError: The session is over, and its successor is the session of now.
            botocore.exceptions.ClientError: The service refuses a token.
        """
        return self._tokens.current()

    def is_due(self, endpoint: Endpoint) -> bool:
        """Whether a call that began with this token may have outlived it."""
        return self._tokens.is_due(endpoint)

    def token_refused(self, endpoint: Endpoint) -> None:
        """Note that this token was refused, so that the next call has another."""
        self._tokens.drop(endpoint)

    def raise_if_ended(self, arn: SessionArn) -> None:
        """Look whether a session that a call failed on is over.

        Where AWS can't be asked for the moment, nothing is said: what breaks a call may break the
        look, too, and PySpark tries again what was cut off.

        Raises:
            SessionEndedError: It is, and isn't followed or has no successor yet.
            SessionMovedError: It is, and its successor is the session of now.
        """
        with self._lock:
            if arn == self._arn:
                try:
                    status = describe(self._aws, arn)
                except (BotoCoreError, ClientError) as error:
                    if is_temporary(error):
                        return
                    raise
                if status.live:
                    return
                if not self._follow or locate(self._target, self._aws) == arn:
                    raise status.error()
                self._move()
        raise SessionMovedError(
            f"Session {arn.session_id} ended during the call, and the client is on its successor "
            f"{self._arn.session_id} now. Temporary views, caches, settings and artifacts of the "
            "old one are gone: make them anew, then run what failed again."
        )

    def _move(self) -> None:
        """Wait for the successor, and connect to it."""
        self._arn = wait_until_usable(
            self._aws,
            lambda: locate(self._target, self._aws),
            timeout=self._timeout,
            clock=self._clock,
            follow=True,
        ).arn
        self._tokens = Tokens(self._endpoint, self._clock)
        self.on_move()

    def _endpoint(self) -> Endpoint:
        arn = self._arn
        try:
            return fetch(self._aws, arn)
        except ClientError:
            self.raise_if_ended(arn)
            raise
