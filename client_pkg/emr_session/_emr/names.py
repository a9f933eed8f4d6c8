"""Names that the client shares with the constructs and the handler: states, tag keys, the ARN."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_emr_serverless.literals import SessionStateType

STARTING_STATES: tuple[SessionStateType, ...] = ("SUBMITTED", "STARTING")
USABLE_STATES: tuple[SessionStateType, ...] = ("STARTED", "IDLE", "BUSY")
LIVE_STATES = STARTING_STATES + USABLE_STATES
OVER_STATES: tuple[SessionStateType, ...] = ("FAILED", "TERMINATED")

RESOURCE_TYPE = "Custom::EMRServerlessSession"

OWNER_TAG_PREFIX = "emr-serverless-session:"
STACK_ID_TAG = f"{OWNER_TAG_PREFIX}stack-id"
LOGICAL_ID_TAG = f"{OWNER_TAG_PREFIX}logical-id"
SPEC_TAG = f"{OWNER_TAG_PREFIX}spec"
CLIENT_TOKEN_TAG = f"{OWNER_TAG_PREFIX}client-token"
# On a session that an Update started: the ARN of the session that it replaces.
REPLACES_TAG = f"{OWNER_TAG_PREFIX}replaces"
# On a successor: the ARN of the session that CloudFormation holds, in whose place it runs.
HELD_ARN_TAG = f"{OWNER_TAG_PREFIX}held-arn"
# "true" on a session that a removal policy of RETAIN keeps.
RETAINED_TAG = f"{OWNER_TAG_PREFIX}retained"

_ARN = re.compile(
    r"arn:aws[a-zA-Z0-9-]*:emr-serverless:(?P<region>[^:]+):\d{12}:"
    r"/applications/(?P<application>[0-9a-zA-Z]+)/sessions/(?P<session>[0-9a-zA-Z]+)"
)


@dataclass(frozen=True)
class SessionArn:
    """The ARN of a session, with the parts that the service's operations take."""

    arn: str
    region: str
    application_id: str
    session_id: str

    @classmethod
    def parse(cls, text: str) -> SessionArn | None:
        """The ARN in ``text``, or None where it is anything else."""
        match = _ARN.fullmatch(text)
        return cls(text, *match.group("region", "application", "session")) if match else None

    @property
    def ids(self) -> dict[str, str]:
        """The ids as parameters of a request."""
        return {"applicationId": self.application_id, "sessionId": self.session_id}

    def __str__(self) -> str:
        return self.arn
