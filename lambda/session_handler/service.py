"""The calls to EMR Serverless, each with its retries, time and errors settled here.

Whatever a call ends in comes back as one of ``errors.ServiceError``'s kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from math import inf
from typing import Any

from session_handler.decision import Session
from session_handler.errors import NotFound, Refused, Unsettled, classify
from session_handler.identity import Owner, SessionArn

# The longest that one call can take: two attempts of 2 s to connect and 8 s to
# answer each (client.py), and the pause between them.
LONGEST_CALL_SECONDS = 21.0

_TAG_KEYS_A_CALL = 50


class EmrServerless:
    """The operations that the lifecycle needs, over a botocore client."""

    def __init__(self, client: Any, seconds_left: Callable[[], float | None]) -> None:
        self._client = client
        self._seconds_left = seconds_left
        self._calls = 0

    def start_session(self, parameters: Mapping[str, Any]) -> SessionArn:
        """StartSession. An answer without an ARN is an unknown outcome, not a failure."""
        answer = self._call("StartSession", "start_session", **parameters)
        arn = SessionArn.parse(answer.get("arn"))
        if arn is None:
            raise Unsettled("StartSession", "UnreadableAnswer", "the answer has no session ARN")
        return arn

    def get_session(self, arn: SessionArn) -> Session:
        """GetSession. Raises NotFound where there is no such session (any more)."""
        answer = self._call(
            "GetSession",
            "get_session",
            applicationId=arn.application_id,
            sessionId=arn.session_id,
        )
        session = answer.get("session")
        if not isinstance(session, Mapping) or not session.get("state"):
            raise Unsettled("GetSession", "UnreadableAnswer", "the answer has no session state")
        return Session(
            arn=arn,
            state=str(session["state"]),
            details=str(session.get("stateDetails") or ""),
            tags=dict(session.get("tags") or {}),
            created_at=_seconds(session.get("createdAt"), unknown=0.0),
            ended_at=_seconds(session.get("endedAt") or session.get("updatedAt"), unknown=inf),
        )

    def list_sessions(
        self, application_id: str, states: Iterable[str], created_after: float | None = None
    ) -> list[SessionArn]:
        """ListSessions, all pages; empty where the application is gone."""
        parameters: dict[str, Any] = {"applicationId": application_id, "states": list(states)}
        if created_after is not None:
            parameters["createdAtAfter"] = datetime.fromtimestamp(created_after, UTC)
        found: list[SessionArn] = []
        while True:
            try:
                page = self._call("ListSessions", "list_sessions", **parameters)
            except NotFound:
                return []
            summaries = page.get("sessions")
            if not isinstance(summaries, list):  # an answer cut short is not an empty list
                raise Unsettled("ListSessions", "UnreadableAnswer", "the answer has no sessions")
            arns = (SessionArn.parse(summary.get("arn")) for summary in summaries)
            found += [arn for arn in arns if arn is not None]
            if not page.get("nextToken"):
                return found
            parameters["nextToken"] = page["nextToken"]

    def owned_sessions(
        self,
        owner: Owner,
        application_ids: Iterable[str],
        states: Iterable[str],
        created_after: float | None = None,
    ) -> list[Session]:
        """The sessions of an owner: listed by state, told apart by their tags."""
        owned: list[Session] = []
        states = tuple(states)
        for application_id in dict.fromkeys(application_ids):
            for arn in self.list_sessions(application_id, states, created_after):
                try:
                    session = self.get_session(arn)
                except NotFound:
                    continue
                if owner.owns(session.tags):
                    owned.append(session)
        return owned

    def terminate_session(self, arn: SessionArn) -> None:
        """TerminateSession. A session that is over or gone already is fine.

        The service answers such a call in several ways (for a tag condition on what
        is gone IAM says denied), so a refusal is checked against the session itself.
        """
        try:
            self._call(
                "TerminateSession",
                "terminate_session",
                applicationId=arn.application_id,
                sessionId=arn.session_id,
            )
        except Refused:
            try:
                if not self.get_session(arn).is_live:
                    return
            except NotFound:
                return
            raise

    def tag_session(self, arn: SessionArn, tags: Mapping[str, str]) -> None:
        """TagResource."""
        self._call("TagResource", "tag_resource", resourceArn=arn.arn, tags=dict(tags))

    def untag_session(self, arn: SessionArn, keys: list[str]) -> None:
        """UntagResource, in portions: the keys travel in the request's URL."""
        for start in range(0, len(keys), _TAG_KEYS_A_CALL):
            portion = keys[start : start + _TAG_KEYS_A_CALL]
            self._call("UntagResource", "untag_resource", resourceArn=arn.arn, tagKeys=portion)

    def get_application(self, application_id: str) -> Mapping[str, Any]:
        """GetApplication. Raises NotFound."""
        answer = self._call("GetApplication", "get_application", applicationId=application_id)
        application = answer.get("application")
        if not isinstance(application, Mapping):
            raise Unsettled("GetApplication", "UnreadableAnswer", "the answer has no application")
        return application

    def stop_application(self, application_id: str) -> None:
        """StopApplication."""
        self._call("StopApplication", "stop_application", applicationId=application_id)

    def _call(self, operation: str, method: str, **parameters: Any) -> Mapping[str, Any]:
        # A call that Lambda's time-out would cut off has an outcome nobody can read.
        left = self._seconds_left()
        if self._calls and left is not None and left < LONGEST_CALL_SECONDS:
            raise Unsettled(operation, "OutOfTime", "no time left for the call in this invocation")
        self._calls += 1
        try:
            answer = getattr(self._client, method)(**parameters)
        except Exception as error:  # noqa: BLE001 - classified: what isn't definite is unsettled
            raise classify(operation, error) from None
        if not isinstance(answer, Mapping):
            raise Unsettled(operation, "UnreadableAnswer", "the answer is not an object")
        return answer


def _seconds(moment: object, *, unknown: float) -> float:
    return moment.timestamp() if isinstance(moment, datetime) else unknown
