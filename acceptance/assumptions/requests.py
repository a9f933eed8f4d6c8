"""Assumptions about StartSession: client token, permission to tag, state of the application."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from ..assumption import Answer, Assumption, answer
from ..stage import OVER, Stage
from ..waits import wait_for

TOKEN = Assumption(
    "client-token",
    "StartSession with a client token that was used before gives the same session, at the latest "
    "an hour later.",
)
TAGGED_ON = Assumption(
    "tagged-on",
    "StartSession with tags asks for emr-serverless:TagResource on the application, not on the "
    "session.",
)
STATES = Assumption(
    "application-state",
    "StartSession is refused by a stopped application without auto-start (ValidationException), "
    "accepted by one that is starting, and refused by one that is stopping (ConflictException).",
)


def client_token(stage: Stage) -> Answer:
    """Send a client token again, each time it is older."""
    request = stage.request(clientToken=f"acceptance-{stage.account.run}")
    client = stage.account.client("emr-serverless")
    first = client.start_session(**request)["sessionId"]
    begun, seen = stage.clock.now(), []
    others = []
    for age in stage.waits.token_ages:
        stage.clock.sleep(max(0.0, begun + age - stage.clock.now()))
        try:
            again = client.start_session(**request)["sessionId"]
        except ClientError as error:
            seen.append(f"after {age:g} s: {error}")
            others.append("")
            continue
        same = again == first
        seen.append(f"after {age:g} s: {'the same session' if same else 'another session'}")
        if not same:
            others.append(again)
    for session_id in (first, *filter(None, others)):
        stage.end(session_id)
    return answer(TOKEN, "; ".join(seen), not others)


def tagged_on(stage: Stage) -> Answer:
    """Start a session with tags as each of two roles, of which one may tag what the other can't."""
    passed = {name: _starts(stage, role) for name, role in sorted(stage.tagging_roles.items())}
    observed = "; ".join(
        f"allowed on the {name}: {'started' if code is None else code}"
        for name, code in passed.items()
    )
    started = {name for name, code in passed.items() if code is None}
    if started == {"application"}:
        return answer(TAGGED_ON, observed, True)
    return answer(TAGGED_ON, observed, False if started == {"session"} else None)


def application_state(stage: Stage) -> Answer:
    """Start a session on an application that is stopped, starting, started and stopping."""
    application_id = stage.manual_application_id
    client = stage.account.client("emr-serverless")
    seen = {"at rest": _code(stage, application_id)}
    client.start_application(applicationId=application_id)
    seen[_state(stage, application_id)] = _code(stage, application_id)
    stage.wait_for_application(application_id, "STARTED")
    _end_all(stage, application_id)
    client.stop_application(applicationId=application_id)
    seen[_state(stage, application_id)] = _code(stage, application_id)
    _end_all(stage, application_id)
    observed = "; ".join(f"{state}: {code or 'accepted'}" for state, code in seen.items())
    wanted: dict[str, str | None] = {
        "at rest": "ValidationException",
        "STARTING": None,
        "STOPPING": "ConflictException",
    }
    if set(wanted) - set(seen):
        return answer(STATES, f"{observed} (a state passed too quickly to be asked)", None)
    return answer(STATES, observed, {state: seen[state] for state in wanted} == wanted)


def _starts(stage: Stage, role: str) -> str | None:
    """The code with which a role is refused a session with tags, or None; ends the session."""
    credentials = stage.account.client("sts").assume_role(
        RoleArn=role, RoleSessionName="acceptance"
    )["Credentials"]
    client = stage.account.client_of("emr-serverless", credentials)
    try:
        session_id = client.start_session(**stage.request())["sessionId"]
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    stage.end(session_id)
    return None


def _code(stage: Stage, application_id: str) -> str | None:
    """The code with which StartSession is refused, or None."""
    client = stage.account.client("emr-serverless")
    try:
        client.start_session(**stage.request(applicationId=application_id))
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return None


def _state(stage: Stage, application_id: str) -> str:
    client = stage.account.client("emr-serverless")
    return str(client.get_application(applicationId=application_id)["application"]["state"])


def _end_all(stage: Stage, application_id: str) -> None:
    """End every session of an application, and wait until they are over."""
    client = stage.account.client("emr-serverless")

    def look() -> bool | None:
        sessions: list[Any] = client.list_sessions(applicationId=application_id)["sessions"]
        live = [one for one in sessions if one["state"] not in OVER]
        for one in live:
            client.terminate_session(applicationId=application_id, sessionId=one["sessionId"])
        return None if live else True

    waits = stage.waits
    wait_for("sessions over", look, stage.clock, poll=waits.poll, at_most=waits.state)
