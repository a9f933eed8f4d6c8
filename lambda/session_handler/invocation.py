"""One invocation: the request, its time, and what the modules that work on it share."""

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from session_handler import log, reasons, served_stacks, sessions
from session_handler.deadline import Deadline
from session_handler.errors import Failure, NotFound, ServiceError, Unwanted
from session_handler.identity import SessionArn
from session_handler.properties import MalformedRequest
from session_handler.request import Request
from session_handler.retry import (
    DENIED_SECONDS,
    NOT_FOUND_PAUSE,
    UNLISTED_DENIED_SECONDS,
    WAITED_DENIED_SECONDS,
    RetryBudget,
    insist,
    until_clear,
    until_found,
)
from session_handler.sessions import Session
from session_handler.stack import Stack
from session_handler.wanted import Wanted

# What says itself what was asked, what the service said and what to do.
_SAYS_ALL = (Failure, MalformedRequest, Unwanted)


class Outcome(NamedTuple):
    """What a request has come to: the answer's content, and what is left to do after it."""

    physical_id: str
    failure: str | None = None
    """The reason of an answer of FAILED; None for SUCCESS."""
    arn: SessionArn | None = None
    """The session that the answer's attributes describe."""
    afterwards: Callable[[], None] | None = None


@dataclass
class Invocation:
    """The handling of one request. ``log_fields`` is what its log line says."""

    request: Request
    deadline: Deadline
    log_fields: dict[str, Any] = field(default_factory=dict)
    answered_at: float = 0.0
    """When the answer was first sent, in seconds since the epoch."""
    has_waited_for_iam: bool = False

    def __post_init__(self) -> None:
        self.stack = Stack(self.request, self.deadline)
        self.wanted = Wanted(self.request, self.stack, self.deadline)

    @property
    def denied_seconds(self) -> float:
        """How long IAM may be late with what the stack is allowed."""
        if self.has_waited_for_iam:
            return WAITED_DENIED_SECONDS
        listed = served_stacks.is_listed(self.request.owner.stack_id)
        return DENIED_SECONDS if listed else UNLISTED_DENIED_SECONDS

    def retry_budget(self) -> RetryBudget:
        """For what is done while there is time to work."""
        return RetryBudget(self.deadline.work_ends, denied_seconds=self.denied_seconds)

    def termination_budget(self) -> RetryBudget:
        """For what is done when that is over, or has failed: ending what was started."""
        return RetryBudget(
            self.deadline.ending_ends,
            unreachable_seconds=20.0,
            denied_seconds=self.denied_seconds,
        )

    def until_clear_while_wanted(self, do: Callable[[], None]) -> None:
        """Do something until the service gives a clear answer. Raises Unwanted meanwhile."""

        def attempt() -> None:
            self.wanted.check_if_due()
            do()

        until_clear(attempt, self.retry_budget())

    def find(self, arn: SessionArn | None, budget: RetryBudget | None = None) -> Session | None:
        """A session; None where there is none (any more)."""
        if arn is None:
            return None
        try:
            return until_clear(lambda: sessions.get(arn), budget or self.retry_budget())
        except NotFound:
            return None

    def find_again(self, arn: SessionArn | None) -> Session | None:
        """The same, looked for three times: one that was just started may not be shown yet."""
        return insist(lambda: self.find(arn), NOT_FOUND_PAUSE) if arn else None

    def reason(self, error: Exception) -> str:
        """The reason of an answer of FAILED; what it doesn't say is in the log line."""
        if not isinstance(error, _SAYS_ALL):
            self.note(error)
        return reasons.of(self.request, error, self.log_fields.get("notEnded"))

    def note(self, error: Exception) -> None:
        """Say in the log what went wrong, and where, if it is no service that says it."""
        self.log_fields["error"] = f"{type(error).__name__}: {error}"
        if not isinstance(error, ServiceError):
            self.log_fields["trace"] = "".join(traceback.format_tb(error.__traceback__))

    def end(self, arn: SessionArn, budget: RetryBudget | None = None) -> bool:
        """TerminateSession until it is accepted; whether there was something to end.

        Raises:
            ServiceError: The service refuses, or gives no clear answer.
        """
        try:
            until_found(lambda: sessions.terminate(arn), budget or self.retry_budget())
        except NotFound:
            return False
        log.line(self.request, event="ended", sessionId=arn.session_id)
        return True

    def log(self, event: str, **more: Any) -> None:
        """Write a line of what has happened, with what is known by now."""
        milliseconds = round((time.time() - self.deadline.began) * 1000, 1)
        fields = {**more, "milliseconds": milliseconds, **self.log_fields}
        log.line(self.request, event=event, cloudFormation=self.stack.problem, **fields)
