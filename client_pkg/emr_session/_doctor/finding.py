"""A finding: one line of the doctor's report, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    OK = "ok"
    # It works, but not for long, not for everybody, or not as fast.
    WARNING = "warning"
    WRONG = "wrong"
    # AWS didn't answer the question: a refusal says nothing about the session.
    NOT_CHECKED = "not checked"


@dataclass(frozen=True)
class Finding:
    """What a check found, in one sentence, and what to do now where something is to be done."""

    check: str
    level: Level
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    """A finding that needs nothing done."""
    return Finding(check, Level.OK, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    """A finding that may become a problem."""
    return Finding(check, Level.WARNING, text, remedy)


def wrong(check: str, text: str, remedy: str) -> Finding:
    """A finding that keeps a session from starting, or somebody from using it."""
    return Finding(check, Level.WRONG, text, remedy)


def not_checked(check: str, text: str, remedy: str) -> Finding:
    """A check that could not be made."""
    return Finding(check, Level.NOT_CHECKED, text, remedy)
