"""What sessions have in common, whether this app starts them or they are there already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from aws_cdk import IResource

if TYPE_CHECKING:
    from .grants import SessionGrants


class ISession(IResource, Protocol):
    """An EMR Serverless session: one of this app's, or an imported one."""

    @property
    def session_arn(self) -> str:
        """The session's ARN."""

    @property
    def session_id(self) -> str:
        """The session's id, unique within its application."""

    @property
    def application_id(self) -> str:
        """The id of the application that the session runs on."""

    @property
    def grants(self) -> SessionGrants:
        """Permissions on the session, to give to others."""


@dataclass(frozen=True)
class SessionAttributes:
    """Where to find a session that exists.

    Attributes:
        application_id: The id of the session's application.
        session_id: The session's id.
    """

    application_id: str
    session_id: str
