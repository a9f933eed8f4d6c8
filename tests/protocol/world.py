"""Everything together: a stack, the framework, the real handler, botocore, and the service.

The handler is called by its entry points and has the real botocore client with its serializer,
parser and retries; only the socket is missing, and time is the agenda's.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import botocore.endpoint
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config

from cdk_emr_serverless_session._provider.asset import handler_asset
from emr_serverless_local import sessions
from emr_serverless_local.sessions import SessionService
from session_handler import botocore_data, handler
from session_handler import client as handler_client
from session_handler import log as handler_log
from session_handler.identity import CLIENT_TOKEN_TAG, LOGICAL_ID_TAG, STACK_ID_TAG, SessionArn

from .agenda import Agenda
from .cloudformation import RESPONSE_URL, STACK_ID, Stack
from .faults import Killed, MisbehavingService
from .framework import Event, FunctionFailed, ProviderFramework
from .keep_alive import Schedules, Surroundings

ROLE = "arn:aws:iam::000000000000:role/execution"
LAMBDA_SECONDS = 30.0
START_SECONDS = 90.0
STOP_SECONDS = 20.0

# The client as it is in Lambda, with the asset's model: what the handler needs is in there.
_botocore = botocore.session.Session()
_sessions = {
    "emr-serverless": botocore_data.session(Path(handler_asset()) / "session_handler" / "data.json")
}
_config = handler_client._CONFIG.merge(
    Config(signature_version=UNSIGNED, user_agent="protocol-tests")
)


class World:
    """One run. Use ``world()``, which also puts the clock and the client in place."""

    def __init__(self) -> None:
        self.agenda = Agenda()
        self.service = SessionService(
            clock=self.agenda, start_seconds=START_SECONDS, stop_seconds=STOP_SECONDS
        )
        self.network = MisbehavingService(self.service, self.agenda)
        self.network.asked = self._asked
        self.framework = ProviderFramework(
            self.agenda, self._function(handler.on_event), self._function(handler.is_complete)
        )
        self.stack = Stack(self.agenda, self.framework)
        self.schedules = Schedules(self.agenda, self.stack, self._function(handler.keep_alive))
        self.surroundings = Surroundings(self.stack, self.network)
        self.log = io.StringIO()
        self.broken: list[str] = []
        """Invariants that were broken on the way; the handler would swallow an assertion."""
        self.tokens: dict[str, set[str]] = defaultdict(set)
        """The client tokens that StartSession was sent with, by CloudFormation request."""
        self.ended_by_handler: set[str] = set()
        self.lost_tokens: set[str] = set()
        """Tokens of Creates whose on_event was killed: nobody can know what they started."""
        self._events: list[Event] = []
        self.applications = [self._application(), self._application()]
        self.bystanders = [
            self._bystander({}),
            self._bystander({STACK_ID_TAG: STACK_ID, LOGICAL_ID_TAG: "SomebodyElse"}),
            self._bystander({STACK_ID_TAG: "another stack", LOGICAL_ID_TAG: "Session"}),
        ]
        self.agenda.wait(START_SECONDS)

    # --- what tests look at ----------------------------------------------------

    def live(self, logical_id: str | None = None) -> list[str]:
        """The ARNs of the stack's live sessions, whoever knows of them."""
        return [
            s.arn
            for s in self.service.sessions()
            if s.state not in ("FAILED", "TERMINATING", "TERMINATED")
            and s.tags.get(STACK_ID_TAG) == STACK_ID
            and s.tags.get(LOGICAL_ID_TAG) != "SomebodyElse"
            and (logical_id is None or s.tags.get(LOGICAL_ID_TAG) == logical_id)
        ]

    def state(self, arn: str) -> str:
        parsed = SessionArn.parse(arn)
        assert parsed is not None, arn
        return self.service.session(parsed.application_id, parsed.session_id).state

    def tags(self, arn: str) -> dict[str, str]:
        parsed = SessionArn.parse(arn)
        assert parsed is not None, arn
        tags = self.service.session(parsed.application_id, parsed.session_id).tags
        return {k: v for k, v in tags.items() if not k.startswith("emr-serverless-session:")}

    def asked_for(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of each request for an operation that came to the service."""
        return [dict(r.params) for r in self.service.requests if r.operation == operation]

    def properties(self, application: int = 0, **more: Any) -> dict[str, Any]:
        """The properties of a session, as CloudFormation has them."""
        return {
            "ApplicationId": self.applications[application],
            "ExecutionRoleArn": ROLE,
            **more,
        }

    # --- the functions behind the framework --------------------------------------

    def _function(self, entry: Callable[..., Any]) -> Callable[[Event], Any]:
        def function(event: Event) -> Any:
            ends = self.agenda.now() + LAMBDA_SECONDS
            context = SimpleNamespace(
                get_remaining_time_in_millis=lambda: max(0.0, ends - self.agenda.now()) * 1000
            )
            self._events.append(event)
            try:
                result = entry(json.loads(json.dumps(event)), context)
            except Killed:
                if event.get("RequestType") == "Create" and entry is handler.on_event:
                    self.lost_tokens |= self.tokens[event["RequestId"]]
                raise FunctionFailed("Task timed out after 30.00 seconds") from None
            except Exception as error:
                raise FunctionFailed(str(error)) from error
            finally:
                self._events.pop()
            return json.loads(json.dumps(result))

        return function

    def _asked(self, operation: str, params: dict[str, Any]) -> None:
        event = self._events[-1]
        if operation == "StartSession":
            tokens = self.tokens[event.get("RequestId") or str(event)]
            tokens.add(params["clientToken"])
            if "RequestId" in event and len(tokens) > 1:
                self.broken.append(f"two client tokens for one {event['RequestType']}")
        if operation in ("TerminateSession", "TagResource", "UntagResource"):
            arn = SessionArn.parse(params.get("resourceArn"))
            key = (params.get("applicationId"), params.get("sessionId"))
            if arn is not None:
                key = (arn.application_id, arn.session_id)
            session = next(
                s for s in self.service.sessions() if (s.application_id, s.session_id) == key
            )
            owner = (session.tags.get(STACK_ID_TAG), session.tags.get(LOGICAL_ID_TAG))
            if owner != (event["StackId"], event["LogicalResourceId"]):
                self.broken.append(f"{operation} on a session of {owner}")
            if operation == "TerminateSession" and session.arn in self.live():
                self.ended_by_handler.add(session.arn)

    # --- what is there beforehand --------------------------------------------------

    def _application(self) -> str:
        made = self.service.perform(
            "CreateApplication",
            {
                "clientToken": f"application-{self.agenda.now()}-{random.random()}",
                "releaseLabel": "emr-7.13.0",
                "type": "SPARK",
                "interactiveConfiguration": {"sessionEnabled": True},
            },
        )
        return str(made["applicationId"])

    def _bystander(self, tags: dict[str, str]) -> str:
        made = self.service.perform(
            "StartSession",
            {
                "applicationId": self.applications[0],
                "executionRoleArn": ROLE,
                "clientToken": f"bystander-{len(tags)}-{random.random()}",
                "idleTimeoutMinutes": 0,
                "tags": {**tags, CLIENT_TOKEN_TAG: "not ours"},
            },
        )
        return str(made["arn"])


@contextlib.contextmanager
def world() -> Iterator[World]:
    """A world whose clock and client the handler has for as long as the context lasts.

    What the handler logs is read at the end: it never has what is secret in an event.
    """
    with contextlib.ExitStack() as undo:
        undo.callback(random.setstate, random.getstate())
        random.seed(0)  # the same run each time: botocore's pauses, and the ids of sessions
        _replace(undo, sessions, "_new_id", lambda: f"00{random.getrandbits(56):014x}")
        here = World()
        surroundings = here.surroundings
        clients = {
            "emr-serverless": _client("emr-serverless", here.network.answer),
            "cloudformation": _client("cloudformation", surroundings.cloudformation),
            "ssm": _client("ssm", surroundings.ssm),
        }
        _replace(undo, handler, "_client", clients.__getitem__)
        clock = SimpleNamespace(time=here.agenda.now, monotonic=here.agenda.now)
        _replace(undo, handler, "time", clock)
        pause = SimpleNamespace(sleep=here.agenda.wait, time=here.agenda.now)
        _replace(undo, botocore.endpoint, "time", pause)
        _replace(undo, handler_log, "sys", SimpleNamespace(stdout=here.log))
        yield here
    assert RESPONSE_URL not in here.log.getvalue()
    assert "ResponseURL" not in here.log.getvalue()


def _client(service: str, hook: Callable[..., Any]) -> Any:
    session = _sessions.get(service, _botocore)
    made = session.create_client(service, region_name="us-east-1", config=_config)
    made.meta.events.register(f"before-send.{service}", hook)
    return made


def _replace(undo: contextlib.ExitStack, owner: object, name: str, value: object) -> None:
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)
