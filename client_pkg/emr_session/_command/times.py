"""Times as the command shows them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_LONGEST = timedelta(days=3653)
_SPAN = re.compile(r"(\d+)([mhdw])")


def timestamp(value: datetime | None) -> str | None:
    """A time as the service gives it, to the second."""
    return value.isoformat(timespec="seconds") if value else None


def span(seconds: float) -> str:
    """How long something took or takes, in the two largest units at most: 45s, 12m, 3h05m, 2d."""
    seconds = max(0, round(seconds))
    if seconds < 60:
        return f"{seconds}s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes}m"
    hours = minutes // 60
    if hours < 48:
        return f"{hours}h{minutes % 60:02}m"
    return f"{hours // 24}d"


def parse_span(text: str) -> timedelta:
    """How long a text like 12h, 7d or 2w says.

    Raises:
        ValueError: It says no such thing.
    """
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(f"{text!r} is not a time span like 30m, 12h, 7d or 2w")
    try:
        given = timedelta(**{_UNITS[match[2]]: int(match[1])})
    except OverflowError:
        given = timedelta.max
    if given > _LONGEST:
        raise ValueError(f"{text!r} is longer than ten years")
    return given
