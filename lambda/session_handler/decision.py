"""Decisions: what a session's state and an Update mean. Pure functions, no calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from session_handler.identity import (
    CLIENT_TOKEN_TAG,
    HELD_ARN_TAG,
    OWNER_TAG_PREFIX,
    SPEC_TAG,
    SessionArn,
)

STARTING_STATES = ("SUBMITTED", "STARTING")
USABLE_STATES = ("STARTED", "IDLE", "BUSY")
LIVE_STATES = STARTING_STATES + USABLE_STATES
OVER_STATES = ("FAILED", "TERMINATED")

# The finest that the service tells of when a session was created.
MILLISECOND = 0.001


@dataclass(frozen=True)
class Session:
    """A session as GetSession shows it."""

    arn: SessionArn
    state: str
    details: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created_at: float = 0.0
    ended_at: float = inf
    """When it ended, seconds since the epoch; infinite where the service doesn't say."""

    @property
    def is_usable(self) -> bool:
        return self.state in USABLE_STATES

    @property
    def is_live(self) -> bool:
        """Not FAILED, TERMINATING or TERMINATED; a state of tomorrow counts as live."""
        return self.state not in OVER_STATES and self.state != "TERMINATING"

    @property
    def is_over(self) -> bool:
        return self.state in OVER_STATES

    @property
    def spec(self) -> str | None:
        return self.tags.get(SPEC_TAG)

    @property
    def client_token(self) -> str | None:
        return self.tags.get(CLIENT_TOKEN_TAG)

    @property
    def held_arn(self) -> str | None:
        """Of a successor: the session that CloudFormation holds, in whose place it runs."""
        return self.tags.get(HELD_ARN_TAG)


def to_continue_with(
    held: Session | None,
    owned: Callable[[], Iterable[Session]],
    wanted_spec: str,
    *,
    only_tags_changed: bool,
) -> Session | None:
    """The live session that already is what an Update asks for, or None: start one.

    The session that CloudFormation holds comes first, then the newest other one:
    that is how a rollback comes back to the session it left. ``owned`` is asked only
    where it matters. The owner tag says what a session was started with; where
    somebody removed it, the properties do.
    """
    if held is not None and held.is_live:
        if held.spec == wanted_spec:
            return held
        if held.spec is None and only_tags_changed:
            return held
    matching = [s for s in owned() if s.is_live and s.spec == wanted_spec]
    return max(matching, key=lambda s: (s.created_at, s.arn.arn), default=None)


def strays(owned: Iterable[Session], previous: str, current: str, began_at: float) -> list[Session]:
    """Owned live sessions that CloudFormation can't know of, once an Update has succeeded.

    What is younger than the Update was started by a later one: this one was cancelled, and the
    rollback has gone on beside it.

    A successor of a session that was replaced is none: a rollback comes back to it, and the
    Delete of the replaced session ends it.
    """
    replaced = previous if previous != current else None
    return [
        s
        for s in owned
        if s.is_live
        and s.created_at < began_at + MILLISECOND
        and s.arn.arn not in (previous, current)
        and (s.held_arn is None or s.held_arn != replaced)
    ]


class TagChanges(NamedTuple):
    """What to set on a session and what to take from it."""

    to_set: dict[str, str]
    to_remove: list[str]


def tag_changes(
    actual: Mapping[str, str], wanted: Mapping[str, str], before: Mapping[str, str]
) -> TagChanges:
    """From the tags a session has to the wanted ones.

    Only what the resource set before is removed: owner tags, ``aws:`` tags and
    tags that others put on the session stay.
    """
    return TagChanges(
        to_set={k: v for k, v in wanted.items() if actual.get(k) != v},
        to_remove=sorted(
            k
            for k in before
            if k in actual
            and k not in wanted
            and not k.startswith(OWNER_TAG_PREFIX)
            and not k.lower().startswith("aws:")
        ),
    )
