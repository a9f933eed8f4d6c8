"""A session's ARN, and the ids in it. Text alone: nothing here talks to a service."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PATTERN = re.compile(
    r"arn:aws[a-zA-Z0-9-]*:emr-serverless:(?P<region>[^:]+):\d{12}:"
    r"/applications/(?P<application>[0-9a-zA-Z]+)/sessions/(?P<session>[0-9a-zA-Z]+)"
)


@dataclass(frozen=True)
class SessionArn:
    """The ARN of a session, with what the service's operations take of it."""

    arn: str
    region: str
    application_id: str
    session_id: str

    @classmethod
    def parse(cls, text: str) -> SessionArn | None:
        """The ARN in ``text``, or None where it is anything else."""
        match = _PATTERN.fullmatch(text)
        return cls(text, *match.group("region", "application", "session")) if match else None

    @property
    def ids(self) -> dict[str, str]:
        """The ids as parameters of a request."""
        return {"applicationId": self.application_id, "sessionId": self.session_id}

    def __str__(self) -> str:
        return self.arn
