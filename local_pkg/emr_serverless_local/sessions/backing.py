"""What runs behind a session: nothing by default, or Spark.

The service starts it with the session, asks now and then how it is, and ends
it with the session; all of it must return at once. What runs there knows the
session by a ``BackedSession`` only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..names import USABLE_STATES
from .session import Session


class Service(Protocol):
    """What is asked of the session service for a session that something runs behind."""

    def session(self, application_id: str, session_id: str) -> Session:
        """The session as it is now."""
        ...

    def token_problem(self, session_id: str, token: str | None) -> str | None:
        """Why a token doesn't open the session, if it doesn't."""
        ...

    def work(self, application_id: str, session_id: str) -> None:
        """Make the session BUSY."""
        ...

    def rest(self, application_id: str, session_id: str) -> None:
        """Make the session IDLE."""
        ...


@dataclass(frozen=True)
class BackedSession:
    """A session as its endpoint sees it: who may come in, and when there is work."""

    service: Service
    application_id: str
    session_id: str
    # The properties of the classification spark-defaults, the application's and its own.
    spark_defaults: Mapping[str, str] = field(default_factory=dict)

    def token_problem(self, token: str | None) -> str | None:
        """Why a token doesn't open the session, if it doesn't."""
        return self.service.token_problem(self.session_id, token)

    def unavailable_because(self) -> str | None:
        """Why the session takes no calls, if it doesn't."""
        session = self.service.session(self.application_id, self.session_id)
        if session.state in USABLE_STATES:
            return None
        return f"Session {self.session_id} is {session.state}: {session.state_details}"

    def work(self) -> None:
        """Make the session BUSY."""
        self.service.work(self.application_id, self.session_id)

    def rest(self) -> None:
        """Make the session IDLE."""
        self.service.rest(self.application_id, self.session_id)


class Backing(Protocol):
    """What the session service asks of whatever runs behind its sessions."""

    def start(self, session: BackedSession) -> None:
        """Start what is behind a session that was just submitted."""
        ...

    def up(self, session_id: str) -> bool:
        """Whether it takes calls; until then the session stays STARTING."""
        ...

    def failure(self, session_id: str) -> str | None:
        """Why it has ended by itself, if it has: then the session is FAILED."""
        ...

    def endpoint(self, session_id: str) -> str:
        """The URL that clients connect to."""
        ...

    def dashboard(self, session_id: str) -> str | None:
        """The URL of its web interface, if it has one."""
        ...

    def end(self, session_id: str) -> None:
        """End it, if it is there: the session is over."""
        ...


class NoBacking:
    """Sessions that are all state: their endpoint is a name that leads nowhere."""

    def start(self, session: BackedSession) -> None:
        """Start nothing."""

    def up(self, session_id: str) -> bool:  # noqa: ARG002
        """There is nothing to wait for."""
        return True

    def failure(self, session_id: str) -> str | None:  # noqa: ARG002
        """There is nothing that could fail."""
        return None

    def endpoint(self, session_id: str) -> str:
        """A name of a domain that can't exist."""
        return f"https://{session_id}.emr-serverless-session.invalid"

    def dashboard(self, session_id: str) -> str | None:
        """The same for the web interface."""
        return f"https://{session_id}.emr-serverless-dashboard.invalid/"

    def end(self, session_id: str) -> None:
        """End nothing."""
