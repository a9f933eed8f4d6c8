"""Who is who: client tokens, physical resource ids, owner tags, session ARNs.

Pure functions over strings. The digests are part of what deployed stacks hold: a change to them
replaces users' sessions.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from session_handler.names import CLIENT_TOKEN_TAG, LOGICAL_ID_TAG, SPEC_TAG, STACK_ID_TAG

_SESSION_ARN = re.compile(
    r"arn:aws[a-zA-Z0-9-]*:emr-serverless:[^:]+:\d{12}:"
    r"/applications/(?P<application>[0-9a-zA-Z]+)/sessions/(?P<session>[0-9a-zA-Z]+)"
)
_TOKEN_ID = re.compile(r"(?:pending:(?P<application>[0-9a-zA-Z]+)|none):(?P<token>[0-9a-f]{64})")


class SessionArn(NamedTuple):
    """The ARN of a session, with the ids that the service's operations take."""

    arn: str
    application_id: str
    session_id: str

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """The ARN in ``text``, or None where it is anything else."""
        match = _SESSION_ARN.fullmatch(text) if isinstance(text, str) else None
        return cls(match[0], match["application"], match["session"]) if match else None


class TokenId(NamedTuple):
    """The physical resource id of a request that knows no ARN: ``pending:…`` or ``none:…``."""

    client_token: str
    application_id: str | None = None
    """The application that may have the session; None where certainly nothing was started."""

    @classmethod
    def parse(cls, text: object) -> Self | None:
        """The id in ``text``, or None where it is anything else."""
        match = _TOKEN_ID.fullmatch(text) if isinstance(text, str) else None
        return cls(match["token"], match["application"]) if match else None

    def __str__(self) -> str:
        kind = f"pending:{self.application_id}" if self.application_id else "none"
        return f"{kind}:{self.client_token}"


class Owner(NamedTuple):
    """The resource of a stack that a session belongs to."""

    stack_id: str
    logical_id: str

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Whether a session with these tags was started for this resource."""
        return (
            tags.get(STACK_ID_TAG) == self.stack_id and tags.get(LOGICAL_ID_TAG) == self.logical_id
        )

    def tags(self, spec: str, token: str) -> dict[str, str]:
        """The owner tags that every session of this resource starts with."""
        return {
            STACK_ID_TAG: self.stack_id,
            LOGICAL_ID_TAG: self.logical_id,
            SPEC_TAG: spec,
            CLIENT_TOKEN_TAG: token,
        }


def digest(value: Any) -> str:
    """64 characters of ``[0-9a-f]`` that stand for a JSON value."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def client_token(owner: Owner, request_id: str, spec: str) -> str:
    """The token of one request: the same however often it is delivered."""
    return digest([owner.stack_id, owner.logical_id, request_id, spec])


def names_in(principal: str) -> list[str]:
    """What names a principal: the role, and for a Lambda function its name; or the user."""
    return principal.split("/")[1:] or [principal]


def assumed_role(role_arn: str, name: str) -> str:
    """Who acts with a role, as STS names it: without the role's path."""
    _, partition, _, _, account, role = role_arn.split(":", 5)
    return f"arn:{partition}:sts::{account}:assumed-role/{role.rsplit('/', 1)[-1]}/{name}"
