"""The handler with CloudFormation and the session service, both over HTTP.

The clock is the tests'; the botocore clients, the socket and the asset's service model are real:
a field that the handler reads and the asset doesn't have is missing here too.
"""

from __future__ import annotations

import io
import itertools
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cdk_emr_serverless_session._provider.asset import handler_asset
from emr_serverless_local.http import HttpService, serve
from emr_serverless_local.sessions import SessionService
from emr_serverless_local.sessions import service as sessions
from emr_serverless_local.sessions.permissions import AllowAll, Caller, Permission
from emr_serverless_local.sessions.session import Session
from session_handler import answer, clients, handler, log
from session_handler.identity import Owner
from session_handler.names import LIVE_STATES
from testbed.log_secrets import assert_no_secrets
from tests.unit.handler.clock import Clock
from tests.unit.handler.cloudformation import Answer, CloudFormation
from tests.unit.handler.network import Network

ACCOUNT = "123456789012"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
STACK = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/notebooks/6f1c0000"
LOGICAL_ID = "Notebook"
OWNER = Owner(STACK, LOGICAL_ID)
RESPONSE_URL = "https://cloudformation-custom-resource-response.example/?X-Amz-Signature=secret"
LOG_GROUP = "/notebooks/sessions"
START_SECONDS = 75.0
STOP_SECONDS = 20.0
TOTAL_TIMEOUT = 840.0
HANDLER_ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/handler/the-function"
SERVICE_TIMEOUT = str(int(TOTAL_TIMEOUT) + 120)

Event = dict[str, Any]


class FaultyAuthorizer(AllowAll):
    """IAM: it allows everything, but for the actions and the role that are named here."""

    def __init__(self) -> None:
        super().__init__(ACCOUNT)
        self.denied: set[str] = set()
        self.unassumable: str | None = None

    def arn(self, caller: Caller) -> str:  # noqa: ARG002
        """The handler's role, as GetSession shows it under ``createdBy``."""
        return HANDLER_ROLE

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
    """A stack with one session in it, and everything around."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.authorizer = FaultyAuthorizer()
        self.service = SessionService(
            clock=clock,
            region=REGION,
            account=ACCOUNT,
            start_seconds=START_SECONDS,
            stop_seconds=STOP_SECONDS,
            authorizer=self.authorizer,
        )
        self.network = Network(self.service, clock)
        self.cloudformation = CloudFormation(clock)
        self.log = io.StringIO()
        self._numbers = itertools.count(1)

    # --- what is there ---------------------------------------------------------

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

    def properties(self, **more: Any) -> dict[str, Any]:
        """A session's properties on a new application."""
        return {
            "ServiceToken": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:the-function",
            "ServiceTimeout": SERVICE_TIMEOUT,
            "ApplicationId": more.pop("ApplicationId", None) or self.application(),
            "ExecutionRoleArn": ROLE,
            **more,
        }

    def start(self, application_id: str, tags: dict[str, str] | None = None, **more: Any) -> str:
        """Start a session past the handler; its ARN."""
        request = {
            "applicationId": application_id,
            "executionRoleArn": ROLE,
            "clientToken": f"by-hand-{next(self._numbers)}",
            "tags": tags or {},
            **more,
        }
        arn = str(self.service.perform("StartSession", request)["arn"])
        self.session(arn).created_by = HANDLER_ROLE
        return arn

    def end(self, arn: str) -> None:
        """Let a session come to its end by itself."""
        self.session(arn).terminate(self.clock.now())
        self.clock.sleep(STOP_SECONDS + 1)

    def session(self, arn: str) -> Session:
        """The session of an ARN, as it is now."""
        application_id, _, session_id = arn.split("/")[-3:]
        return self.service.session(application_id, session_id)

    def live(self) -> list[str]:
        """The ARNs of the sessions that are live, oldest first."""
        return [s.arn for s in self.service.sessions() if s.state in LIVE_STATES]

    def logged(self) -> list[dict[str, Any]]:
        """The lines of the handler's log."""
        return [json.loads(line) for line in self.log.getvalue().splitlines()]

    def asked(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each request for an operation that the service answered."""
        return [dict(r.params) for r in self.service.requests if r.operation == operation]

    # --- what CloudFormation and Lambda do -------------------------------------

    def request(
        self, kind: str, properties: Any, physical_id: str | None = None, **more: Any
    ) -> Event:
        """A request of CloudFormation's."""
        event = {
            "RequestType": kind,
            "RequestId": f"request-{next(self._numbers)}",
            "StackId": STACK,
            "LogicalResourceId": LOGICAL_ID,
            "ResourceType": "Custom::EMRServerlessSession",
            "ResponseURL": RESPONSE_URL,
            "ResourceProperties": properties,
            **more,
        }
        return event if physical_id is None else {**event, "PhysicalResourceId": physical_id}

    def deliver(self, event: Any) -> Answer:
        """Call the function as Lambda does; the answer that came of it."""
        ends = self.clock.now() + TOTAL_TIMEOUT + 60
        context = SimpleNamespace(
            get_remaining_time_in_millis=lambda: int(1000 * (ends - self.clock.now()))
        )
        before = len(self.cloudformation.answers)
        handler.handle(json.loads(json.dumps(event)), context)
        assert self.clock.now() < ends, "Lambda would have killed it"
        [given] = self.cloudformation.answers[before:]
        return given

    def create(self, properties: Any) -> Answer:
        """Deploy the resource for the first time."""
        self.cloudformation.shows("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", None)
        return self.deliver(self.request("Create", properties))

    def update(self, held: str, old: Any, new: Any, *, rollback: bool = False) -> Answer:
        """Update the resource."""
        stack = "UPDATE_ROLLBACK_IN_PROGRESS" if rollback else "UPDATE_IN_PROGRESS"
        self.cloudformation.shows("UPDATE_IN_PROGRESS", stack, held)
        return self.deliver(self.request("Update", new, held, OldResourceProperties=old))

    def clean_up(self, physical_id: str, properties: Any) -> Answer:
        """Delete what an Update has replaced."""
        held = self.cloudformation.physical_id
        self.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        answer = self.deliver(self.request("Delete", properties, physical_id))
        self.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE", held)
        return answer

    def delete(self, physical_id: str, properties: Any, **more: Any) -> Answer:
        """Delete the stack, or roll its creation back."""
        self.cloudformation.shows("DELETE_IN_PROGRESS", "DELETE_IN_PROGRESS", physical_id)
        return self.deliver(self.request("Delete", properties, physical_id, **more))


class Line:
    """An address that leads to whatever is put behind it: clients are made once for all tests."""

    def __init__(self) -> None:
        self.behind: HttpService | None = None

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> tuple[int, dict[str, str], bytes]:
        """Hand a request on."""
        assert self.behind is not None
        return self.behind.handle(method, path, headers, body, query)


@pytest.fixture(scope="session")
def lines() -> Iterator[dict[str, tuple[Line, str]]]:
    """The addresses of the session service and of CloudFormation."""
    with ExitStack() as servers:
        made = {name: Line() for name in ("EMR_SERVERLESS", "CLOUDFORMATION")}
        yield {name: (line, servers.enter_context(serve(line))) for name, line in made.items()}


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, lines: dict[str, tuple[Line, str]]) -> Iterator[Lab]:
    ids = itertools.count(1)
    monkeypatch.setattr(sessions, "_new_id", lambda: f"00golden{next(ids):08d}")
    clock = Clock()
    here = Lab(clock)
    asset = Path(handler_asset()) / "session_handler" / "data.json"
    behind: dict[str, HttpService] = {
        "EMR_SERVERLESS": here.network,
        "CLOUDFORMATION": here.cloudformation,
    }
    for name, (line, url) in lines.items():
        line.behind = behind[name]
        monkeypatch.setenv(f"AWS_ENDPOINT_URL_{name}", url)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, REGION)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_LAMBDA_LOG_GROUP_NAME", LOG_GROUP)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "the-function")
    monkeypatch.setenv("ROLE_ARN", f"arn:aws:iam::{ACCOUNT}:role/with/a/path/handler")
    monkeypatch.setattr(clients, "DATA", asset)
    monkeypatch.setattr(answer, "put", lambda url, body: _put(here, url, body))
    monkeypatch.setattr(time, "time", clock.now)
    monkeypatch.setattr(time, "monotonic", clock.now)
    monkeypatch.setattr(time, "sleep", clock.sleep)
    monkeypatch.setattr(log, "sys", SimpleNamespace(stdout=here.log))
    random.seed(0)
    yield here
    assert_no_secrets(here.log.getvalue())
    assert not here.asked("GetSessionEndpoint"), "the handler never holds a token"


def _put(lab: Lab, url: str, body: bytes) -> None:
    assert url == RESPONSE_URL or url == "..."
    lab.cloudformation.take(body)
