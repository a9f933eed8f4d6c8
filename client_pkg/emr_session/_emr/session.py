"""A session as GetSession describes it."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from ..errors import ConnectError, SessionEndedError, SessionNotFoundError
from .aws import Aws
from .names import LIVE_STATES, USABLE_STATES, SessionArn

# In place of a state, for a session that the service doesn't know (any more).
NOT_FOUND = "NOT FOUND"


@dataclass(frozen=True)
class SessionStatus:
    """A session's state at a moment, what the service says about it, and its release label."""

    arn: SessionArn
    state: str
    details: str
    release: str

    @property
    def usable(self) -> bool:
        """Whether it takes connections."""
        return self.state in USABLE_STATES

    @property
    def live(self) -> bool:
        """Whether it takes connections now or will."""
        return self.state in LIVE_STATES

    def error(self) -> ConnectError:
        """The error for a session that isn't live."""
        said = self.details.rstrip(".")
        if self.state == NOT_FOUND:
            return SessionNotFoundError(
                f"There is no session {self.arn.session_id} in application "
                f"{self.arn.application_id} in {self.arn.region}: {said}. Check the ARN and whose "
                "credentials are in use; emr-session list shows the sessions there are."
            )
        details = f" ({said})" if said else ""
        return SessionEndedError(
            f"Session {self.arn.session_id} of application {self.arn.application_id} is "
            f"{self.state}{details}. What it held (temporary views, caches) is gone. Start another "
            "one (deploy its stack with a change, emr-session start where it has keep_alive, or "
            "emr_session.get_or_create) and connect to it."
        )


def describe(aws: Aws, arn: SessionArn) -> SessionStatus:
    """Ask for a session's state.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``GetSession``.
    """
    try:
        session = aws.emr_serverless(arn.region).get_session(**arn.ids)["session"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return SessionStatus(arn, NOT_FOUND, error.response["Error"]["Message"], "")
    return SessionStatus(arn, session["state"], session["stateDetails"], session["releaseLabel"])
