"""Assumptions about one session: its start, the list, its end, its idle time-out."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.exceptions import ClientError

from ..assumption import Answer, Assumption, answer
from ..stage import USABLE, Stage
from ..waits import wait_for

START_TIME = Assumption(
    "start-time", "A session on an application that is stopped is usable within 10 minutes."
)
LISTED = Assumption("listed", "ListSessions shows a session within 30 seconds of its StartSession.")
ENDED_TWICE = Assumption("ended-twice", "TerminateSession of a session that is over succeeds.")
IDLE_ZERO = Assumption(
    "idle-zero", "A session with an idle time-out of 0 doesn't end when it is idle."
)


@dataclass(frozen=True)
class ObservedSession:
    """What was observed of a session, from its start to a second TerminateSession.

    Attributes:
        listed: Seconds from StartSession to the first list that shows it.
        usable: Seconds from StartSession until it took connections; None if it never did.
        state: What it became instead.
        second_end: The error of a TerminateSession when it was over, or None.
    """

    listed: float
    usable: float | None
    state: str
    second_end: str | None


def observe_session(stage: Stage) -> ObservedSession:
    """Start a session, see it listed and usable, and end it twice."""
    begun = stage.clock.now()
    session_id = stage.start()
    client = stage.account.client("emr-serverless")

    def look() -> float | None:
        listed = client.list_sessions(applicationId=stage.application_id)["sessions"]
        found = any(one["sessionId"] == session_id for one in listed)
        return stage.clock.now() - begun if found else None

    waits = stage.waits
    listed = wait_for("list", look, stage.clock, poll=waits.list_poll, at_most=waits.state)
    state = stage.wait_until(session_id, USABLE)["state"]
    usable = stage.clock.now() - begun if state in USABLE else None
    stage.end(session_id)
    return ObservedSession(listed, usable, state, _end_again(stage, session_id))


def start_time(session: ObservedSession) -> Answer:
    """How long a start took."""
    if session.usable is None:
        return answer(START_TIME, f"the session became {session.state}", None)
    return answer(START_TIME, f"usable after {session.usable:.0f} s", session.usable <= 600)


def listed(session: ObservedSession) -> Answer:
    """How late the list was."""
    return answer(LISTED, f"listed after {session.listed:.1f} s", session.listed <= 30)


def ended_twice(session: ObservedSession) -> Answer:
    """What a second end was answered with."""
    observed = session.second_end or "the call succeeded"
    return answer(ENDED_TWICE, observed, session.second_end is None)


def idle_zero(stage: Stage) -> Answer:
    """Watch a session with an idle time-out of 0."""
    try:
        session_id = stage.start(idleTimeoutMinutes=0)
    except ClientError as error:
        return answer(IDLE_ZERO, f"StartSession: {error}", False)
    state = stage.wait_until(session_id, USABLE)["state"]
    if state not in USABLE:
        return answer(IDLE_ZERO, f"the session became {state} while it started", None)
    stage.clock.sleep(stage.waits.idle)
    after = stage.session(session_id)
    stage.end(session_id)
    observed = f"{after['state']} after {stage.waits.idle:g} s without work"
    return answer(IDLE_ZERO, observed, after["state"] in USABLE)


def _end_again(stage: Stage, session_id: str) -> str | None:
    try:
        stage.account.client("emr-serverless").terminate_session(
            applicationId=stage.application_id, sessionId=session_id
        )
    except ClientError as error:
        return str(error)
    return None
