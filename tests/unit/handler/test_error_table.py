"""Each row of docs/errors.md: the message that CloudFormation's event shows, and when."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config

from session_handler import clients, sessions
from session_handler.answer import MAX_BYTES
from session_handler.request import Request
from tests.unit.handler.cloudformation import Answer
from tests.unit.handler.conftest import HANDLER_ROLE, ROLE, SERVICE_TIMEOUT, START_SECONDS, Lab
from tests.unit.handler.network import THROTTLED

PAGE = Path(__file__).parents[3] / "docs" / "errors.md"
# What the table's second column says, as the seconds that an answer may take.
WHEN = {
    "at once": (0, 0),
    "after half a minute": (15, 30),
    "after four minutes, in which IAM may catch up": (225, 245),
    "after two minutes": (100, 150),
    "when the session fails": (START_SECONDS, START_SECONDS + 7),
    "when that is seen": (30, START_SECONDS + 7),
    # What a start with no clear answer may have started is then searched for half a minute.
    "when the total time-out is over": (835, 875),
    "on Delete": (225, 245),
}


def rows() -> dict[str, tuple[str, str]]:
    """The table: what is wrong, with when it shows and what the message says."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]
    return {wrong: (when, says) for wrong, when, says, _ in cells}


@dataclass
class Case:
    """A stack with a session, where something is wrong."""

    lab: Lab
    monkeypatch: pytest.MonkeyPatch
    undo: ExitStack
    application_id: str = ""
    asked_at: float = 0.0
    """When the request was sent that fails."""

    def create(self, properties: dict[str, Any] | None = None, **settings: Any) -> Answer:
        """Create a session on an application with these settings."""
        self.application_id = self.application_id or self.lab.application(**settings)
        return self.lab.create(self.properties(**(properties or {})))

    def properties(self, **more: Any) -> dict[str, Any]:
        return {"ApplicationId": self.application_id, "ExecutionRoleArn": ROLE, **more}

    def session_arn(self) -> str:
        """The session that was started last."""
        return self.lab.service.sessions()[-1].arn


def no_application(case: Case) -> Answer:
    case.application_id = "00nosuchapplication"
    return case.create()


def old_release(case: Case) -> Answer:
    return case.create(releaseLabel="emr-7.12.0")


def sessions_not_enabled(case: Case) -> Answer:
    return case.create(interactiveConfiguration={"sessionEnabled": False})


def wrong_type(case: Case) -> Answer:
    return case.create(type="HIVE")


def stopped_without_auto_start(case: Case) -> Answer:
    return case.create(autoStartConfiguration={"enabled": False})


def terminated(case: Case) -> Answer:
    case.application_id = case.lab.application()
    case.lab.service.perform("DeleteApplication", {"applicationId": case.application_id})
    return case.create()


def quota_reached(case: Case) -> Answer:
    case.application_id = case.lab.application()
    for _ in range(25):
        case.lab.start(case.application_id)
    return case.create()


def start_not_allowed(case: Case) -> Answer:
    case.lab.authorizer.denied.add("emr-serverless:StartSession")
    return case.create()


def role_not_passable(case: Case) -> Answer:
    case.lab.authorizer.denied.add("iam:PassRole")
    return case.create()


def tags_not_allowed(case: Case) -> Answer:
    case.lab.authorizer.denied.add("emr-serverless:TagResource")
    return case.create({"Tags": {"team": "search"}})


def role_not_assumable(case: Case) -> Answer:
    case.lab.authorizer.unassumable = ROLE
    return case.create()


def capacity_too_small(case: Case) -> Answer:
    return case.create(maximumCapacity={"cpu": "1 vCPU", "memory": "2 GB"})


def ended_by_somebody(case: Case) -> Answer:
    def end() -> None:
        case.lab.service.sessions()[-1].terminate(case.lab.clock.now())

    case.lab.clock.after(30, end)
    return case.create()


def start_takes_too_long(case: Case) -> Answer:
    case.lab.service.start_seconds = 7200
    return case.create()


def no_route(case: Case) -> Answer:
    case.application_id = "00a1"
    # The client's own time-out, only shorter: each attempt waits for it for real.
    config = clients._CONFIG.merge(Config(connect_timeout=0.05))
    case.monkeypatch.setattr(clients, "_CONFIG", config)
    url = case.undo.enter_context(silence())
    case.monkeypatch.setenv("AWS_ENDPOINT_URL_EMR_SERVERLESS", url)
    return case.create()


def throttled(case: Case) -> Answer:
    case.lab.network.always["StartSession"] = THROTTLED
    return case.create()


def queued_for_too_long(case: Case) -> Answer:
    case.application_id = case.lab.application()
    event = case.lab.request("Create", case.properties(ServiceTimeout=SERVICE_TIMEOUT))
    since = case.lab.clock.now() - float(SERVICE_TIMEOUT) + 30
    case.lab.cloudformation.shows("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", None, since)
    return case.lab.deliver(event)


def handler_that_fails(case: Case) -> Answer:
    def fail(_: object) -> None:
        raise RuntimeError("nobody thought of this")

    case.monkeypatch.setattr(sessions, "start", fail)
    return case.create()


def token_refused(case: Case) -> Answer:
    case.application_id = case.lab.application()
    event = case.lab.request("Create", case.properties())
    token = Request.read(event).client_token()
    case.lab.start(case.application_id, clientToken=token, name="of somebody else")
    case.lab.cloudformation.begins("Create")
    return case.lab.deliver(event)


def stack_not_served(case: Case) -> Answer:
    case.monkeypatch.setenv("PROVIDER_STACK", "sessions")
    case.monkeypatch.setenv("SERVED_STACKS", "others-*,another")
    return case.create()


def stack_not_served_by_an_app(case: Case) -> Answer:
    case.monkeypatch.setenv("SERVED_STACKS", "platform,others-*")
    case.lab.authorizer.denied.add("emr-serverless:StartSession")
    return case.create()


def unreadable_property(case: Case) -> Answer:
    return case.create({"ConfigurationOverrides": {"RuntimeConfiguration": [{}]}})


def session_that_cannot_be_ended(case: Case) -> Answer:
    created = case.create()
    assert created.is_success, created.reason
    case.lab.authorizer.denied.add("emr-serverless:TerminateSession")
    case.asked_at = case.lab.clock.now()
    return case.lab.delete(created.physical_id, case.properties())


@dataclass(frozen=True)
class Expected:
    """What goes wrong, and what the message says of it: the service's words, and the next step."""

    provoke: Callable[[Case], Answer]
    said: str
    next_step: str
    names_session: bool = False
    """Whether there is a session by then, which the message names by its ARN."""


EXPECTED = {
    "The application doesn't exist": Expected(
        no_application,
        "ResourceNotFoundException: Application 00nosuchapplication does not exist",
        "check that the application 00nosuchapplication exists in this account and region",
    ),
    "Its release is older than emr-7.13.0": Expected(
        old_release,
        "Sessions are supported for emr-7.13.0, emr-spark-8.0.0 and later, not for emr-7.12.0",
        "the application's release is emr-7.12.0; sessions need emr-7.13.0 or later: "
        "set release_label",
    ),
    "Interactive sessions are not enabled": Expected(
        sessions_not_enabled,
        "Interactive sessions are not enabled for application",
        "set interactiveConfiguration.sessionEnabled to true (possible while it is CREATED or "
        "STOPPED)",
    ),
    "Its type is not SPARK": Expected(
        wrong_type,
        "Sessions are supported for applications of type SPARK only",
        "the application's type is Hive; sessions need an application of type SPARK",
    ),
    "It is stopped and auto-start is off": Expected(
        stopped_without_auto_start,
        "is in state CREATED and AutoStart is not enabled",
        "the application is CREATED and its auto-start is off: start it",
    ),
    "It is TERMINATED": Expected(
        terminated,
        "The service said: ValidationException: Application",
        "the application is TERMINATED: use another one",
    ),
    "Quota of concurrent sessions": Expected(
        quota_reached,
        "ServiceQuotaExceededException: Application",
        "end sessions that are not needed (aws emr-serverless list-sessions)",
    ),
    "Sessions can't be started on the application": Expected(
        start_not_allowed,
        "not authorized to perform: emr-serverless:StartSession",
        "check that the policies of the handler's role are as they were deployed",
    ),
    "The execution role can't be passed": Expected(
        role_not_passable,
        f"AccessDeniedException: User: {HANDLER_ROLE} is not authorized to perform: "
        f"iam:PassRole on resource: {ROLE}",
        "give the role as execution_role",
    ),
    "The session's tags can't be set": Expected(
        tags_not_allowed,
        "not authorized to perform: emr-serverless:TagResource",
        "the handler may tag only sessions of the stacks that it serves, with the tag keys that "
        "they declare",
    ),
    "The execution role can't be assumed": Expected(
        role_not_assumable,
        f"Session failed. Could not assume execution role {ROLE}",
        "check that the execution role exists, trusts emr-serverless.amazonaws.com",
        names_session=True,
    ),
    "The capacity is too small": Expected(
        capacity_too_small,
        "is FAILED and can't be used. The service said: Session failed.",
        "check that the application's maximum capacity (maximumCapacity)",
        names_session=True,
    ),
    "Somebody ends it while it starts": Expected(
        ended_by_somebody,
        "can't be used",
        "find out who or what ended it",
        names_session=True,
    ),
    "The start takes too long": Expected(
        start_takes_too_long,
        "was still SUBMITTED (Session submitted.) after 840 seconds",
        "raise total_timeout of SessionProvider",
        names_session=True,
    ),
    "No route to the service from a VPC": Expected(
        no_route,
        "The service said: ConnectTimeoutError",
        "the function has no route to the service. In a VPC it needs a NAT gateway or an "
        "interface endpoint",
    ),
    "The service is unavailable or throttling": Expected(
        throttled,
        "The service said: ThrottlingException: Rate exceeded",
        "the service is unavailable or throttling; deploy again later",
    ),
    "The request came too late": Expected(
        queued_for_too_long,
        "its Create came too late to be answered in time",
        "check that the account has Lambda concurrency to spare, and ServiceTimeout is at least "
        "120, and deploy again",
    ),
    "The function itself failed": Expected(
        handler_that_fails,
        "the handler failed in its Create. It said: RuntimeError: nobody thought of this",
        "deploy again; if that fails too, report it with the log",
    ),
    "The client token is refused": Expected(
        token_refused,
        "ConflictException: The client token was used before, in a request with other parameters",
        "deploy again: another CloudFormation request has another token",
    ),
    "The provider from its template doesn't serve the stack": Expected(
        stack_not_served,
        "the provider doesn't serve the stack notebooks",
        "to the parameter StackNames of the stack sessions",
    ),
    "The provider of an app doesn't serve the stack": Expected(
        stack_not_served_by_an_app,
        "the provider doesn't serve the stack notebooks",
        'add provider.serve(stack_name="notebooks", …) to the app of the provider',
    ),
    "A property can't be read": Expected(
        unreadable_property,
        "ConfigurationOverrides.RuntimeConfiguration[0].Classification is required",
        "Nothing was started. What to do: correct it, and deploy again.",
    ),
    "A session can't be ended": Expected(
        session_that_cannot_be_ended,
        "not authorized to perform: emr-serverless:TerminateSession",
        "give the handler's role that permission and delete again",
        names_session=True,
    ),
}


# Whose messages name the session alone.
NO_APPLICATION = (
    "The request came too late",
    "The function itself failed",
    "A property can't be read",
)


@contextmanager
def silence() -> Iterator[str]:
    """An address that nothing comes back from: where connections wait for nobody to take them."""
    with ExitStack() as held:
        listener = held.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_each_row_has_a_case_and_each_case_a_row() -> None:
    assert list(rows()) == list(EXPECTED)


@pytest.mark.parametrize("wrong", EXPECTED)
def test_the_reason_says_what_is_wrong_and_what_to_do(
    wrong: str, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = EXPECTED[wrong]
    when, says = rows()[wrong]
    with ExitStack() as undo:
        case = Case(lab, monkeypatch, undo, asked_at=lab.clock.now())
        answer = expected.provoke(case)
    reason = answer.reason

    assert not answer.is_success
    assert "session Notebook" in reason
    assert expected.said in reason
    assert expected.next_step in reason
    assert reason.index(expected.said) < reason.index(expected.next_step)
    assert "What to do: " in reason
    if wrong not in NO_APPLICATION:
        assert case.application_id in reason
    if expected.names_session:
        assert case.session_arn() in reason
    codes = re.findall(r"`(\w+Exception)`", says)
    assert not codes or any(code in reason for code in codes)
    assert answer.size <= MAX_BYTES
    first, last = WHEN[when]
    assert first <= answer.at - case.asked_at <= last
