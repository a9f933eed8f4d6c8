"""What kind of name a text can be. Calls nothing."""

from __future__ import annotations

import re
from enum import Enum

from .names import SessionArn


class Kind(Enum):
    """A kind of name of a session."""

    ARN = "session of that ARN"
    IDS = "session of those ids"
    ID = "session of that id"
    PARAMETER = "SSM parameter"
    CONSTRUCT = "stack's resource or construct"
    STACK = "stack"
    NAME = "session of that name"


# The service documents more than it gives: all ids that it gives are like this.
_ID = re.compile("00[0-9a-z]{14}")
_STACK = re.compile("[a-zA-Z][-a-zA-Z0-9]{0,127}")
_PARAMETER = re.compile(r"[a-zA-Z0-9_.-]+")


def kinds_of(text: str) -> tuple[Kind, ...]:
    """What a text may name a session by, whether there is such a session or not.

    Names can look alike, so that there may be several. There is none for an ARN of something else.
    """
    if text.startswith("arn:"):
        return _kinds_of_arn(text)
    if text.startswith("/"):
        return (Kind.PARAMETER,)
    if "/" in text:
        are_ids = text.count("/") == 1 and all(_ID.fullmatch(part) for part in text.split("/"))
        return (Kind.IDS,) if are_ids else (Kind.CONSTRUCT, Kind.NAME)
    if _ID.fullmatch(text):
        return (Kind.ID,)
    patterns = {Kind.PARAMETER: _PARAMETER, Kind.STACK: _STACK}
    fitting = [kind for kind, pattern in patterns.items() if pattern.fullmatch(text)]
    return (*fitting, Kind.NAME)


def _kinds_of_arn(text: str) -> tuple[Kind, ...]:
    if SessionArn.parse(text):
        return (Kind.ARN,)
    if ":ssm:" in text:
        return (Kind.PARAMETER,)
    return (Kind.STACK,) if ":cloudformation:" in text else ()
