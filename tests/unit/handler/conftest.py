"""The handler behind the Provider framework's rules, before the session service over HTTP.

The clock is the tests'; the client, its retries and the socket are the real ones.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import pytest

from emr_serverless_local import sessions
from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService
from emr_serverless_local.sessions.permissions import AllowAll, Caller, Permission
from emr_serverless_local.sessions.session import Session
from session_handler import handler
from testbed.searched_log import searched_log
from tests.protocol.agenda import Agenda
from tests.protocol.framework import Event, FunctionFailed, ProviderFramework, Response

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/notebooks/6f1c0000"
RESPONSE_URL = "https://cloudformation-custom-resource-response.example/?X-Amz-Signature=secret"
START_SECONDS = 90.0
STOP_SECONDS = 20.0
HANDLER_ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/handler/on-event"
LIVE = ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY")


class FaultyGate(AllowAll):
    """IAM: it allows everything, but for the actions and the role that are named here."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT)
        self.denied: set[str] = set()
        self.unassumable: str | None = None

    def refusal(self, caller: Caller, permission: Permission) -> str | None:  # type: ignore[override]  # noqa: ARG002
        """AWS's sentence for an action that is denied."""
        if permission.action not in self.denied:
            return None
        return (
            f"User: {HANDLER_ROLE} is not authorized to perform: {permission.action} on "
            f"resource: {permission.resource} because no identity-based policy allows the "
            f"{permission.action} action"
        )

    def role_problem(self, role_arn: str) -> str | None:  # type: ignore[override]
        """Why the execution role can't be assumed."""
        if role_arn != self.unassumable:
            return None
        return f"Could not assume execution role {role_arn}: its trust policy doesn't allow it."


class Lab:
    """A service, and CloudFormation's requests to the handler before it."""

    def __init__(self, agenda: Agenda) -> None:
        self.agenda = agenda
        self.gate = FaultyGate()
        self.service = SessionService(
            clock=agenda,
            region=REGION,
            account=ACCOUNT,
            start_seconds=START_SECONDS,
            stop_seconds=STOP_SECONDS,
            authorizer=self.gate,
        )
        self.framework = ProviderFramework(
            agenda, _function(handler.on_event), _function(handler.is_complete)
        )
        self._numbers = itertools.count(1)

    def application(self, **settings: Any) -> str:
        """Make an application that takes sessions, but for what is set otherwise."""
        request = {
            "clientToken": f"application-{next(self._numbers)}",
            "releaseLabel": "emr-7.13.0",
            "type": "SPARK",
            "interactiveConfiguration": {"sessionEnabled": True},
            **settings,
        }
        return str(self.service.perform("CreateApplication", request)["applicationId"])

    def start(self, application_id: str, **more: Any) -> str:
        """Start a session by hand; its ARN."""
        request = {
            "applicationId": application_id,
            "executionRoleArn": ROLE,
            "clientToken": f"by-hand-{next(self._numbers)}",
            **more,
        }
        return str(self.service.perform("StartSession", request)["arn"])

    def request(
        self, kind: str, properties: Any, physical_id: str | None = None, **more: Any
    ) -> Event:
        """A request of CloudFormation's."""
        event = {
            "RequestType": kind,
            "RequestId": f"request-{next(self._numbers)}",
            "StackId": STACK,
            "LogicalResourceId": "Notebook",
            "ResourceType": "Custom::EMRServerlessSession",
            "ServiceToken": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:framework",
            "ResponseURL": RESPONSE_URL,
            "ResourceProperties": properties,
            **more,
        }
        return event if physical_id is None else {**event, "PhysicalResourceId": physical_id}

    def send(self, event: Event) -> Response:
        """Send a request and let time pass until it is answered."""
        answers: list[Response] = []
        self.framework.handle(json.loads(json.dumps(event)), answers.append)
        self.agenda.run_until(lambda: bool(answers))
        return answers[0]

    def create(self, properties: Any) -> Response:
        return self.send(self.request("Create", properties))

    def delete(self, physical_id: str, properties: Any, **more: Any) -> Response:
        return self.send(self.request("Delete", properties, physical_id, **more))

    def session(self, arn: str) -> Session:
        return next(session for session in self.service.sessions() if session.arn == arn)

    def live(self) -> list[Session]:
        return [session for session in self.service.sessions() if session.state in LIVE]

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each request for an operation."""
        return [dict(r.params) for r in self.service.requests if r.operation == operation]


def _function(entry: Callable[..., Any]) -> Callable[[Event], Any]:
    """An entry point as Lambda runs it: JSON in, JSON out, and errors by their words."""

    def function(event: Event) -> Any:
        try:
            return json.loads(json.dumps(entry(json.loads(json.dumps(event)))))
        except Exception as error:
            raise FunctionFailed(str(error)) from error

    return function


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    ids = itertools.count(1)
    monkeypatch.setattr(sessions, "_new_id", lambda: f"00golden{next(ids):08d}")
    agenda = Agenda()
    clock = SimpleNamespace(time=agenda.now, monotonic=agenda.now)
    monkeypatch.setattr(handler, "time", clock)
    # botocore's pauses between its attempts are the clock's too.
    pause = SimpleNamespace(time=agenda.now, sleep=agenda.wait)
    monkeypatch.setattr(botocore.endpoint, "time", pause)
    here = Lab(agenda)
    with serve(here.service) as url:
        use_endpoint(monkeypatch, url)
        yield here
    assert not here.asked("GetSessionEndpoint"), "the handler never holds a token"


def use_endpoint(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """Let the handler find the service at an address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_EMR_SERVERLESS", url)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


@pytest.fixture(autouse=True)
def _the_log_is_searched() -> Iterator[None]:
    with searched_log():
        yield
