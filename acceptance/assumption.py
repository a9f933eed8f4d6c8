"""An assumption about AWS, and what an account answered."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Confirmed(StrEnum):
    """Whether an account does what is assumed."""

    YES = "yes"
    NO = "no"
    # The answer decides nothing.
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Assumption:
    """What the project assumes, as docs/assumptions.md lists it."""

    id: str
    text: str


@dataclass(frozen=True)
class Answer:
    """What an account answered to an assumption."""

    assumption: Assumption
    observed: str
    confirmed: Confirmed


def answer(assumption: Assumption, observed: str, holds: bool | None) -> Answer:
    """An answer; ``holds`` is None where it is unclear."""
    if holds is None:
        return Answer(assumption, observed, Confirmed.UNCLEAR)
    return Answer(assumption, observed, Confirmed.YES if holds else Confirmed.NO)
