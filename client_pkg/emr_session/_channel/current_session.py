"""The session that a client is connected to, its token, and its successor.

The one place that knows whether a client follows its parameter to a successor.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws import Aws
from .._emr.aws_errors import explained, is_temporary
from .._emr.clock import Clock
from .._emr.locate import locate
from .._emr.names import SessionArn
from .._emr.session import describe
from .._emr.wait import wait_until_usable
from ..errors import SessionEndedError, SessionMovedError, SessionNotFoundError
from .endpoint import Endpoint, fetch
from .tokens import Tokens


@dataclass(frozen=True)
class _Place:
    """Where a client is. Replaced as a whole: threads read it while another one moves."""

    arn: SessionArn
    tokens: Tokens
    # How often the client has moved to be here.
    moves: int = 0


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
            follow: Whether to move to the session that ``target`` names when this one has ended.
            timeout: How long to wait for a successor that is starting, in seconds.
            clock: Time.
        """
        self.on_move: Callable[[], None] = lambda: None
        self.aws = aws
        self._target = target
        self._follow = follow
        self._timeout = timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._place = _Place(arn, self._tokens_of(arn))
        # Of which move each thread has heard.
        self._heard = threading.local()

    @property
    def arn(self) -> SessionArn:
        """The current session."""
        return self._place.arn

    @property
    def tokens(self) -> Tokens:
        """The tokens of the current session."""
        return self._place.tokens

    def endpoint(self) -> Endpoint:
        """The endpoint of the current session, with a token that is valid.

        Raises:
            CredentialsError: AWS accepts the caller's credentials no more.
            SessionEndedError: The session has ended, and isn't followed or has no successor yet.
            SessionMovedError: The session has ended, and its successor is the current session.
            botocore.exceptions.ClientError: The service refuses a token.
        """
        place = self._place
        try:
            return place.tokens.current()
        except (BotoCoreError, ClientError) as error:
            self.raise_if_ended(place.arn)
            raise explained(error, self.aws.session) from error

    def token_refused(self, endpoint: Endpoint) -> None:
        """Note that this token was refused, so that the next call has another."""
        self.tokens.drop(endpoint)

    def raise_if_moved(self) -> None:
        """Tell this thread that the client has moved since the thread's last call.

        Raises:
            SessionMovedError: It has; once a thread and move.
        """
        place = self._place
        heard = getattr(self._heard, "moves", place.moves)
        self._heard.moves = place.moves
        if heard != place.moves:
            raise SessionMovedError(
                "The session has ended, and the client now uses its successor "
                f"{place.arn.session_id}. {_GONE}"
            )

    def raise_if_ended(self, arn: SessionArn) -> None:
        """Ask whether a session that a call failed on has ended.

        Where AWS can't be asked for the moment, this passes: what breaks a call may break the
        question, too, and PySpark tries again.

        Raises:
            CredentialsError: AWS accepts the caller's credentials no more.
            SessionEndedError: It has, and isn't followed or has no successor yet.
            SessionNotFoundError: The service has forgotten it, and it isn't followed.
            SessionMovedError: It has, and its successor is the current session.
        """
        with self._lock:
            if arn == self.arn:
                try:
                    self.raise_if_not_live(arn)
                except (SessionEndedError, SessionNotFoundError):
                    if not self._follow or locate(self._target, self.aws) == arn:
                        raise
                    self._move()
                else:
                    return
            self._heard.moves = self._place.moves
        raise SessionMovedError(
            f"Session {arn.session_id} ended during the call, and the client now uses its "
            f"successor {self.arn.session_id}. {_GONE}"
        )

    def raise_if_not_live(self, arn: SessionArn) -> None:
        """Ask whether a session has ended, and stay where the client is.

        Raises:
            CredentialsError: AWS accepts the caller's credentials no more.
            SessionEndedError: It has.
            SessionNotFoundError: The service has forgotten it.
        """
        try:
            status = describe(self.aws, arn)
        except (BotoCoreError, ClientError) as error:
            if is_temporary(error):
                return
            raise explained(error, self.aws.session) from error
        if not status.live:
            raise status.error()

    def raise_if_refused(self) -> None:
        """Say why there is no token, where trying again doesn't help.

        Raises:
            CredentialsError: AWS accepts the caller's credentials no more.
            botocore.exceptions.ClientError: The service refuses ``GetSessionEndpoint``.
        """
        refusal = self.tokens.refusal
        if refusal:
            raise explained(refusal, self.aws.session) from refusal

    def _move(self) -> None:
        """Wait for the successor, and connect to it."""
        arn = wait_until_usable(
            self.aws,
            lambda: locate(self._target, self.aws),
            timeout=self._timeout,
            clock=self._clock,
            follow=True,
        ).arn
        self._place = _Place(arn, self._tokens_of(arn), self._place.moves + 1)
        self.on_move()

    def _tokens_of(self, arn: SessionArn) -> Tokens:
        return Tokens(lambda: fetch(self.aws, arn), self._clock)


_GONE = (
    "The old session's temporary views, caches, settings and artifacts are gone: create them "
    "again, then repeat the failed call."
)
