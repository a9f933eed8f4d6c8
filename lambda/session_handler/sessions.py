"""The calls to EMR Serverless. Whatever one ends in comes back as a kind of ``ServiceError``."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from session_handler import clients, names
from session_handler.errors import Denied, NotFound, Refused, Unclear, classify, unreadable
from session_handler.identity import SessionArn

_TAG_KEYS_A_CALL = 50


@dataclass(frozen=True)
class Session:
    """A session as GetSession shows it."""

    arn: SessionArn
    state: str
    details: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    created_by: str | None = None
    created_at: float = 0.0
    """In seconds since the epoch, by the service's clock; 0 where it isn't shown."""
    execution_role_arn: str | None = None

    @property
    def is_usable(self) -> bool:
        return self.state in names.USABLE_STATES

    @property
    def is_over(self) -> bool:
        return self.state in names.OVER_STATES

    @property
    def is_live(self) -> bool:
        """Not FAILED, TERMINATING or TERMINATED; a state of tomorrow counts as live."""
        return not self.is_over and self.state != "TERMINATING"

    @property
    def is_retained(self) -> bool:
        return self.tags.get(names.RETAINED_TAG) == "true"

    @property
    def spec(self) -> str | None:
        return self.tags.get(names.SPEC_TAG)

    @property
    def client_token(self) -> str | None:
        return self.tags.get(names.CLIENT_TOKEN_TAG)

    @property
    def replaces(self) -> SessionArn | None:
        """The session that the Update replaced which started this one."""
        return SessionArn.parse(self.tags.get(names.REPLACES_TAG))

    @property
    def held_arn(self) -> str | None:
        """Of a successor: the session that CloudFormation holds, in whose place it runs."""
        return self.tags.get(names.HELD_ARN_TAG)


class Summary(NamedTuple):
    """A session as ListSessions shows it: without its tags."""

    arn: SessionArn
    created_by: str | None
    execution_role_arn: str | None


def start(parameters: Mapping[str, Any]) -> SessionArn:
    """StartSession. An answer without an ARN is an unknown outcome, not a failure."""
    arn = SessionArn.parse(_call("start_session", **parameters).get("arn"))
    if arn is None:
        raise unreadable("StartSession", "session ARN")
    return arn


def get(arn: SessionArn) -> Session:
    """GetSession. Raises NotFound where there is no such session (yet, or any more)."""
    answer = _call("get_session", applicationId=arn.application_id, sessionId=arn.session_id)
    shown = answer.get("session")
    if not isinstance(shown, dict) or not shown.get("state"):
        raise unreadable("GetSession", "session state")
    created_at = shown.get("createdAt")
    return Session(
        arn=arn,
        state=str(shown["state"]),
        details=str(shown.get("stateDetails") or ""),
        tags=dict(shown.get("tags") or {}),
        created_by=shown.get("createdBy"),
        created_at=created_at.timestamp() if isinstance(created_at, datetime) else 0.0,
        execution_role_arn=shown.get("executionRoleArn"),
    )


class Page(NamedTuple):
    """One page of ListSessions."""

    summaries: list[Summary]
    next_token: str | None


def page(application_id: str, states: Iterable[str], token: str | None = None) -> Page:
    """ListSessions, one page; an empty one where the application is gone."""
    more = {"nextToken": token} if token else {}
    try:
        answer = _call("list_sessions", applicationId=application_id, states=list(states), **more)
    except NotFound:
        return Page([], None)
    shown = answer.get("sessions")
    if not isinstance(shown, list):  # an answer cut short is not an empty list
        raise unreadable("ListSessions", "sessions")
    summaries = [
        Summary(arn, summary.get("createdBy"), summary.get("executionRoleArn"))
        for summary in shown
        if (arn := SessionArn.parse(summary.get("arn")))
    ]
    return Page(summaries, answer.get("nextToken"))


def terminate(arn: SessionArn) -> None:
    """TerminateSession. That a session is over already is fine. Raises NotFound.

    The service answers such a call in several ways (for a tag condition on what is gone IAM says
    denied), so a refusal is checked against the session itself.
    """
    try:
        ids = {"applicationId": arn.application_id, "sessionId": arn.session_id}
        if not _call("terminate_session", **ids).get("sessionId"):
            raise unreadable("TerminateSession", "session id")
    except NotFound:
        raise
    except Refused as error:
        session = get(arn)
        if not session.is_live:
            return
        if isinstance(error, Denied):
            raise
        if not session.is_usable:  # it may take that once it has started
            raise Unclear(error.operation, error.code, error.message) from None
        _call("terminate_session", **ids)  # it may have started between the two calls


def tag(arn: SessionArn, tags: Mapping[str, str]) -> None:
    """TagResource."""
    _call("tag_resource", resourceArn=arn.arn, tags=dict(tags))


def untag(arn: SessionArn, keys: list[str]) -> None:
    """UntagResource, in portions: the keys travel in the request's URL."""
    for start in range(0, len(keys), _TAG_KEYS_A_CALL):
        portion = keys[start : start + _TAG_KEYS_A_CALL]
        _call("untag_resource", resourceArn=arn.arn, tagKeys=portion)


def application(application_id: str) -> Mapping[str, Any]:
    """GetApplication."""
    shown = _call("get_application", applicationId=application_id).get("application")
    if not isinstance(shown, dict):
        raise unreadable("GetApplication", "application")
    return shown


def stop_application(application_id: str) -> None:
    """StopApplication."""
    _call("stop_application", applicationId=application_id)


def _call(method: str, **parameters: Any) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = getattr(clients.client("emr-serverless"), method)(**parameters)
    except Exception as error:  # noqa: BLE001 - classified: what isn't definite is unclear
        raise classify(_operation(method), error) from None
    return answer


def _operation(method: str) -> str:
    return "".join(part.capitalize() for part in method.split("_"))
