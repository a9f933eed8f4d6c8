"""What a command runs with: the AWS clients, what it prints to, and time."""

from __future__ import annotations

from dataclasses import dataclass, field

from .._emr.aws import Aws
from .._emr.clock import Clock, SystemClock
from .._emr.locate import locate, only_live
from .._emr.names import SessionArn
from .output import Output


@dataclass(frozen=True)
class Invocation:
    """One run of a command."""

    aws: Aws
    output: Output
    clock: Clock = field(default_factory=SystemClock)

    def locate(self, session: str | None, application: str | None = None) -> SessionArn:
        """The session that is named; without a name, the only live one.

        Raises:
            ConnectError: There is none, or there are several.
            botocore.exceptions.ClientError: A service refuses what has to be asked.
        """
        if session is None:
            return only_live(self.aws, application)
        return locate(session, self.aws, application=application)
