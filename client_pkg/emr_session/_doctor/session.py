"""Checks a session's state and times, as GetSession shows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from .._emr.aws import Aws
from .._emr.lifetime import MAXIMUM
from .._emr.names import LIVE_STATES, STARTING_STATES, USABLE_STATES, SessionArn
from .finding import Finding, ok, warning, wrong
from .question import Unanswered, ask

SESSION = "session"
IDLE = "idle time-out"
END = "end"
START_ANOTHER = (
    "Start another one with emr-session start, or as it says. Temporary views and caches are lost."
)
# A start takes about 90 seconds with pre-initialized capacity and minutes without.
LONGEST_START = timedelta(minutes=10)
SOON = timedelta(minutes=10)


def read_session(aws: Aws, arn: SessionArn) -> dict[str, Any] | Unanswered:
    """Ask the service for a session."""
    client = aws.emr_serverless(arn.region)
    return ask("emr-serverless:GetSession", lambda: dict(client.get_session(**arn.ids)["session"]))


def unread_session(arn: SessionArn, unanswered: Unanswered) -> Finding:
    """What to say of a session that GetSession doesn't show."""
    if unanswered.code == "ResourceNotFoundException":
        return wrong(
            SESSION,
            f"there is no session {arn.session_id} on application {arn.application_id} in "
            f"{arn.region}",
            "Check the ARN and whose credentials are in use: emr-session list shows the sessions "
            "there are.",
        )
    return unanswered.finding(SESSION)


def session_findings(session: Mapping[str, Any], now: float) -> Iterator[Finding]:
    """Judge a session's state, and how long it has to live.

    Args:
        session: The session.
        now: The present, in seconds since the epoch.
    """
    moment = datetime.fromtimestamp(now, UTC)
    yield _state(session, moment)
    if session["state"] in LIVE_STATES:
        yield from _idle(session, moment)
        yield from _end(session, moment)


def _state(session: Mapping[str, Any], now: datetime) -> Finding:
    state, details = session["state"], session.get("stateDetails", "").rstrip(".")
    name = f" ({session['name']})" if session.get("name") else ""
    named = f"{session['sessionId']}{name} is {state}"
    if state in USABLE_STATES:
        return ok(SESSION, named)
    if state in STARTING_STATES:
        waited = now - session["createdAt"]
        if waited < LONGEST_START:
            return ok(SESSION, f"{named} for {_minutes(waited)}")
        return warning(
            SESSION,
            f"{named} for {_minutes(waited)} ({details})",
            "A start takes minutes: see capacity, quotas and subnets, then end it and start again.",
        )
    return wrong(SESSION, f"{named} ({details})" if details else named, START_ANOTHER)


def _idle(session: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    minutes = session.get("idleTimeoutMinutes")
    if minutes is None:
        return
    if minutes == 0:
        yield warning(
            IDLE,
            "0 minutes: the service's reference doesn't say whether that ends the session as soon "
            "as it has nothing to do, or never",
            "Start the session with a minute or more.",
        )
        return
    since = session.get("idleSince")
    if since is None or session["state"] not in USABLE_STATES:
        yield ok(IDLE, f"ends after {minutes} minutes without work")
        return
    end = since + timedelta(minutes=minutes)
    said = f"idle for {_minutes(now - since)} of {minutes}: ends at {_time(end)}"
    if end - now < SOON:
        yield warning(IDLE, said, "Run a query to keep it, or start with a longer time-out.")
    else:
        yield ok(IDLE, said)


def _end(session: Mapping[str, Any], now: datetime) -> Iterator[Finding]:
    started = session.get("startedAt")
    if started is None:
        return
    end = started + MAXIMUM
    said = f"at {_time(end)} at the latest, 24 hours after its start"
    if end - now < timedelta(hours=1):
        yield warning(END, said, "Save what it holds: the service ends it even while it is busy.")
    else:
        yield ok(END, said)


def _minutes(span: timedelta) -> str:
    minutes = int(span.total_seconds() // 60)
    return "less than a minute" if minutes < 1 else f"{minutes} min"


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
