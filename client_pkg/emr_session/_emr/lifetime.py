"""When a session ends, by its times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .names import LIVE_STATES, OVER_STATES

# The service's limit, busy or not:
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/interactive-sessions.html
MAXIMUM = timedelta(hours=24)


def end_of(session: Mapping[str, Any]) -> tuple[datetime, str] | None:
    """When a session ended or will end, and what by; None where nothing tells.

    Work moves the end that the idle time-out sets, never the one of the service's limit.

    Args:
        session: The session as GetSession describes it.
    """
    if session["state"] in OVER_STATES:
        ended = session.get("endedAt")
        return (ended, session.get("stateDetails", "")) if ended else None
    started = session.get("startedAt")
    if session["state"] not in LIVE_STATES or not started:
        return None
    ends = [(started + MAXIMUM, "the service's limit of 24 hours")]
    idle_since, minutes = session.get("idleSince"), session.get("idleTimeoutMinutes")
    if idle_since and minutes:
        ends.append(
            (idle_since + timedelta(minutes=minutes), f"idle time-out of {minutes} minutes")
        )
    return min(ends)
