"""Simulated EMR Serverless sessions: operations on a state that changes with the clock.

Parameters and answers are those of botocore's client. Nothing goes wrong here that doesn't go
wrong by itself: faults of the network are in ``network``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .choices import Choices
from .clock import Clock

ACCOUNT = "000000000000"
REGION = "us-east-1"
STOP_SECONDS = 8.0
LIVE = ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY")
OVER = ("FAILED", "TERMINATED")
PAGE = 50

Answer = dict[str, Any]


class ServiceError(Exception):
    """An error that the service answers with."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message


@dataclass(slots=True, eq=False)
class Session:
    """A session. ``ended_by`` is the invocation that ended it, or "itself"."""

    arn: str
    application_id: str
    session_id: str
    parameters: Mapping[str, Any]
    created_by: str
    created_at: float
    tags: dict[str, str]
    state: str = "STARTING"
    details: str = ""
    usable_at: float | None = None
    ended_at: float | None = None
    ended_by: str | None = None
    started_in: str = ""
    """The invocation that started it."""

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def token(self) -> str:
        return str(self.parameters["clientToken"])


@dataclass(slots=True)
class Application:
    """An application: ``stopping_until`` is set while it refuses starts."""

    application_id: str
    state: str = "STARTED"
    auto_start: bool = True
    sessions: list[Session] = field(default_factory=list)


@dataclass
class Rate:
    """How often an operation may be called: a bucket of calls that fills with time."""

    per_second: float
    burst: float
    left: float = 0.0
    at: float | None = None

    def takes(self, now: float) -> bool:
        if self.at is None:
            self.left = self.burst
        else:
            self.left = min(self.burst, self.left + (now - self.at) * self.per_second)
        self.at = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class SessionService:
    """Applications and their sessions.

    Args:
        clock: The time.
        choices: Decides how long starts and ends take, and which sessions fail or end.
        list_lag: Seconds until ListSessions shows a session.
        get_lag: Seconds until GetSession finds a session.
        token_memory: Seconds for which a client token is remembered.
        clock_ahead: Seconds by which the service's clock is ahead of everybody else's.
        shows_creator: Whether answers say who made a session.
    """

    def __init__(
        self,
        clock: Clock,
        choices: Choices,
        *,
        list_lag: float = 0.0,
        get_lag: float = 0.0,
        token_memory: float = float("inf"),
        clock_ahead: float = 0.0,
        shows_creator: bool = True,
    ) -> None:
        self.list_lag, self.get_lag = list_lag, get_lag
        self.longest_list_lag = list_lag  # a schedule's last deletion makes the other shorter
        self.token_memory, self.clock_ahead = token_memory, clock_ahead
        self.shows_creator = shows_creator
        self.start_seconds: Callable[[], float] | None = None
        self.stop_seconds: float | None = None
        self.rates: dict[str, Rate] = {}
        self.throttled = 0
        self.first_state = "STARTING"
        self.applications: dict[str, Application] = {}
        self.sessions: dict[str, Session] = {}
        self.stopped: list[str] = []
        """Applications that StopApplication was asked for."""
        self._clock, self._choices = clock, choices
        self._tokens: dict[str, tuple[float, Session]] = {}
        self._operations: dict[str, Callable[[Mapping[str, Any], str, str], Answer]] = {
            "StartSession": self._start,
            "GetSession": self._get,
            "ListSessions": self._list,
            "TerminateSession": self._terminate,
            "TagResource": self._tag,
            "UntagResource": self._untag,
            "GetApplication": self._get_application,
            "StopApplication": self._stop_application,
            "ListJobRuns": lambda *_: {"jobRuns": []},
        }

    def perform(
        self, operation: str, params: Mapping[str, Any], creator: str, invocation: str = ""
    ) -> Answer:
        """One operation, by a principal, in an invocation. Raises ServiceError."""
        rate = self.rates.get(operation)
        if rate is not None and not rate.takes(self._clock.now()):
            self.throttled += 1
            raise ServiceError(400, "ThrottlingException", "Rate exceeded")
        return self._operations[operation](params, creator, invocation)

    def add_application(self) -> str:
        application_id = f"00app{len(self.applications)}"
        self.applications[application_id] = Application(application_id)
        return application_id

    def add(self, params: Mapping[str, Any], creator: str, invocation: str = "") -> Session:
        """A session that is there from now on."""
        application = self._application(params["applicationId"])
        number = str(len(self.sessions) + 1)
        session_id = "00s" + hashlib.md5(number.encode()).hexdigest()[:13]
        session = Session(
            f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/"
            f"{application.application_id}/sessions/{session_id}",
            application.application_id,
            session_id,
            dict(params),
            creator,
            self._clock.now(),
            dict(params.get("tags") or {}),
            started_in=invocation,
        )
        self.sessions[session.arn] = session
        application.sessions.append(session)
        return session

    def over(self, session: Session, state: str, details: str, by: str) -> None:
        """A session comes to its end, whoever wanted it."""
        if session.state in OVER:
            return
        if session.is_live:
            session.ended_by = by
        session.state, session.details, session.ended_at = state, details, self._clock.now()

    # --- operations ------------------------------------------------------------

    def _start(self, params: Mapping[str, Any], creator: str, invocation: str) -> Answer:
        now = self._clock.now()
        known = self._tokens.get(params["clientToken"])
        if known is not None and now - known[0] <= self.token_memory:
            return self._started(known[1])
        application = self._application(params["applicationId"])
        if application.state not in ("STARTED", "STARTING") and not (
            application.auto_start and application.state in ("CREATED", "STOPPED")
        ):
            raise ServiceError(409, "ConflictException", f"The application is {application.state}.")
        application.state = "STARTED"
        session = self.add(params, creator, invocation)
        self._tokens[params["clientToken"]] = (now, session)
        self._begin(session)
        return self._started(session)

    def _begin(self, session: Session) -> None:
        """What becomes of a session that was started."""
        after = self._clock.after
        session.state = self.first_state
        if self.start_seconds is not None:
            after(self.start_seconds(), lambda: self._usable(session))
            return
        fate = self._choices.choose("service fate", FATES)
        if fate == "fails":
            after(15, lambda: self.over(session, "FAILED", "Session failed.", "itself"))
            return
        seconds = {"slow": 90.0, "very slow": VERY_SLOW_SECONDS, "quick": 5.0}.get(fate, 60.0)
        after(seconds, lambda: self._usable(session))
        if fate.startswith("ends"):
            after(
                float(fate[4:]),
                lambda: self.over(
                    session, "TERMINATED", "Session reached its idle time.", "itself"
                ),
            )

    def _usable(self, session: Session) -> None:
        if session.state in ("SUBMITTED", "STARTING"):
            session.state, session.usable_at = "IDLE", self._clock.now()

    def _started(self, session: Session) -> Answer:
        return {
            "applicationId": session.application_id,
            "sessionId": session.session_id,
            "arn": session.arn,
        }

    def _get(self, params: Mapping[str, Any], *_: str) -> Answer:
        session = self._session(params["applicationId"], params["sessionId"])
        return {"session": {**self._summary(session), "tags": dict(session.tags)}}

    def _list(self, params: Mapping[str, Any], *_: str) -> Answer:
        now = self._clock.now()
        application = self._application(params["applicationId"])
        states = params.get("states")
        after, before = params.get("createdAtAfter"), params.get("createdAtBefore")
        shown = [
            s
            for s in application.sessions
            if now >= s.created_at + self.list_lag
            and (not states or s.state in states)
            and (after is None or s.created_at + self.clock_ahead >= _seconds(after))
            and (before is None or s.created_at + self.clock_ahead <= _seconds(before))
        ]
        start = int(params.get("nextToken") or 0)
        size = min(int(params.get("maxResults") or PAGE), PAGE)
        answer: Answer = {"sessions": [self._summary(s) for s in shown[start : start + size]]}
        if len(shown) > start + size:
            answer["nextToken"] = str(start + size)
        return answer

    def _terminate(self, params: Mapping[str, Any], _: str, invocation: str) -> Answer:
        session = self._session(params["applicationId"], params["sessionId"])
        if session.is_live:
            session.state, session.ended_by = "TERMINATING", invocation
            seconds = self.stop_seconds
            if seconds is None:
                slow = self._choices.choose("service end", ("soon", "slow")) == "slow"
                seconds = 60.0 if slow else STOP_SECONDS
            self._clock.after(
                seconds, lambda: self.over(session, "TERMINATED", "Terminated.", invocation)
            )
        return {"applicationId": session.application_id, "sessionId": session.session_id}

    def _tag(self, params: Mapping[str, Any], *_: str) -> Answer:
        self._tagged(params["resourceArn"]).tags.update(params["tags"])
        return {}

    def _untag(self, params: Mapping[str, Any], *_: str) -> Answer:
        session = self._tagged(params["resourceArn"])
        for key in params["tagKeys"]:
            session.tags.pop(key, None)
        return {}

    def _get_application(self, params: Mapping[str, Any], *_: str) -> Answer:
        application = self._application(params["applicationId"])
        now = self._moment(self._clock.now())
        return {
            "application": {
                "applicationId": application.application_id,
                "arn": f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/"
                f"{application.application_id}",
                "releaseLabel": "emr-spark-8.1.0",
                "type": "Spark",
                "state": application.state,
                "createdAt": now,
                "updatedAt": now,
                "autoStartConfiguration": {"enabled": application.auto_start},
                "interactiveConfiguration": {"sessionEnabled": True},
            }
        }

    def _stop_application(self, params: Mapping[str, Any], *_: str) -> Answer:
        application = self._application(params["applicationId"])
        if any(s.state not in OVER for s in application.sessions):
            raise ServiceError(400, "ValidationException", "Sessions are running.")
        self.stopped.append(application.application_id)
        if application.state in ("STARTED", "STARTING"):
            self.stop(application)
        return {}

    def stop(self, application: Application, seconds: float = 20.0) -> None:
        """The application stops, which takes a while in which it refuses starts."""
        application.state = "STOPPING"

        def stopped() -> None:
            application.state = "STOPPED"

        self._clock.after(seconds, stopped)

    # --- what they are made of ---------------------------------------------------

    def _application(self, application_id: str) -> Application:
        found = self.applications.get(application_id)
        if found is None:
            raise ServiceError(
                404, "ResourceNotFoundException", f"Application {application_id} does not exist."
            )
        return found

    def _session(self, application_id: str, session_id: str) -> Session:
        arn = (
            f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/"
            f"{application_id}/sessions/{session_id}"
        )
        found = self.sessions.get(arn)
        if found is None or self._clock.now() < found.created_at + self.get_lag:
            raise ServiceError(
                404, "ResourceNotFoundException", f"Session {session_id} does not exist."
            )
        return found

    def _tagged(self, arn: str) -> Session:
        found = self.sessions.get(arn)
        if found is None:
            raise ServiceError(404, "ResourceNotFoundException", f"{arn} does not exist.")
        return found

    def _summary(self, session: Session) -> Answer:
        moment = self._moment(session.created_at)
        summary: Answer = {
            "applicationId": session.application_id,
            "sessionId": session.session_id,
            "arn": session.arn,
            "state": session.state,
            "stateDetails": session.details,
            "releaseLabel": "emr-spark-8.1.0",
            "executionRoleArn": session.parameters["executionRoleArn"],
            "createdAt": moment,
            "updatedAt": moment,
        }
        if self.shows_creator:
            summary["createdBy"] = session.created_by
        if session.ended_at is not None:
            summary["endedAt"] = self._moment(session.ended_at)
        return summary

    def _moment(self, seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds + self.clock_ahead, UTC)


VERY_SLOW_SECONDS = 830.0
"""So long a start may take that the function's time is over when the session is usable."""

FATES: Sequence[str] = (
    "lives",
    "slow",
    "very slow",
    "quick",
    "fails",
    "ends70",
    "ends130",
    "ends300",
    "ends900",
)


def _seconds(moment: datetime | float | str) -> float:
    if isinstance(moment, str):
        return datetime.fromisoformat(moment).timestamp()
    return moment.timestamp() if isinstance(moment, datetime) else float(moment)
