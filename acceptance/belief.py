"""A belief about AWS, and what an account answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Confirmed(StrEnum):
    """Whether an account does what is believed."""

    YES = "yes"
    NO = "no"
    # It answered, and the answer decides nothing.
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Belief:
    """What the project believes, as docs/beliefs.md lists it."""

    id: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What an account answered to a belief."""

    belief: Belief
    observed: str
    confirmed: Confirmed


def answer(belief: Belief, observed: str, holds: bool | None) -> Answer:
    """An answer; ``holds`` is None where it is unclear."""
    if holds is None:
        return Answer(belief, observed, Confirmed.UNCLEAR)
    return Answer(belief, observed, Confirmed.YES if holds else Confirmed.NO)
