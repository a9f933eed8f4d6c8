"""The simulated world: a stack, Lambda, the real handler, and EMR Serverless.

The handler is called by its entry point. ``world`` gives it the clock, the clients and the PUT of
a run: either clients that are the service's operations themselves, or botocore's real ones with
the model of the asset, of which only the socket is missing.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import ModuleType, SimpleNamespace
from typing import Any, Literal

from .choices import Choices
from .clock import Clock
from .cloudformation import RESPONSE_URL, STACK_ID, Stack
from .delivery import FUNCTION, Lambda
from .network import ConnectionLost, FakeClient, Invocation, Network
from .service import ACCOUNT, Session, SessionService

ROLE = f"arn:aws:iam::{ACCOUNT}:role/execution"
ROLE_NAME = "lab-function-role"
CREATOR = f"arn:aws:sts::{ACCOUNT}:assumed-role/{ROLE_NAME}/{FUNCTION}"
# What the template tells the function, and what Lambda does.
ENVIRONMENT = {
    "ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{ROLE_NAME}",
    "SERVED_STACKS": STACK_ID.split("/")[1],
    "AWS_LAMBDA_FUNCTION_NAME": FUNCTION,
}
SOMEBODY = f"arn:aws:sts::{ACCOUNT}:assumed-role/developer/somebody"
PREFIX = "emr-serverless-session:"
STACK_TAG, LOGICAL_TAG, SPEC_TAG = f"{PREFIX}stack-id", f"{PREFIX}logical-id", f"{PREFIX}spec"
HELD_TAG, REPLACES_TAG, RETAINED_TAG = (
    f"{PREFIX}held-arn",
    f"{PREFIX}replaces",
    f"{PREFIX}retained",
)
# A schedule calls once a minute at most; what comes sooner is the same call, delivered again.
SHORTEST_INTERVAL = 60.0
LOGICAL_IDS = ("Session", "Second", "Third")

HANDLER = "session_handler.handler"

Level = Literal["operations", "botocore"]


class World:
    """One run. Use ``world()``, which also puts the clock and the clients in place."""

    stack_id, response_url = STACK_ID, RESPONSE_URL

    def __init__(self, choices: Choices) -> None:
        self.choices = choices
        self.clock = Clock()
        choose = choices.choose
        slow_list = choose("seldom list lag", ("0", "45"))
        self.service = SessionService(
            self.clock,
            choices,
            list_lag=max(float(slow_list), float(choose("world list lag", ("0", "5", "20")))),
            get_lag=float(choose("world get lag", ("0", "3", "8"))),
            token_memory=float(choose("seldom token memory", ("inf", "600", "120"))),
            clock_ahead=float(choose("world service clock ahead", ("0", "4", "-4"))),
            shows_creator=choose("world shows creator", ("yes", "no")) == "yes",
        )
        self.network = Network(self.clock, choices, self.service)
        self.function = Lambda(self.clock, choices, importlib.import_module(HANDLER).handle)
        self.stack = Stack(
            self.clock, choices, self.function.deliver, lambda id: id in self.service.sessions
        )
        self.network.current = self.function.current
        self.network.creator = CREATOR
        self.network.watch = self._watch
        self.network.others = {
            "DescribeStackResource": self.stack.describe_resource,
            "DescribeStacks": self.stack.describe,
            "PutParameter": self._put_parameter,
            "PUT": self._answered,
        }
        self.stack.completed = self._write_parameters
        self.reaches_cloudformation = choose(
            "seldom CloudFormation", ("answers", "denied", "no route")
        )
        if self.reaches_cloudformation != "answers":
            for operation in ("DescribeStackResource", "DescribeStacks"):
                self.network.always[operation] = self.reaches_cloudformation
        self.parameters: dict[str, str] = {}
        self.log = io.StringIO()
        self.broken: list[str] = []
        """Invariants that were broken on the way."""
        self.tokens: dict[str, set[str]] = defaultdict(set)
        """The client tokens that StartSession was sent with, by request or schedule's call."""
        self.puts: Counter[str] = Counter()
        self.applications = [self.service.add_application(), self.service.add_application()]
        self.foreign: set[str] = set()
        self.copied: set[str] = set()
        """Foreign sessions with owner tags of ours: whoever may tag can copy them."""
        self._ticks: dict[str, tuple[int, float]] = {}
        self.add_foreign({})
        self.add_foreign({STACK_TAG: STACK_ID, LOGICAL_TAG: "SomebodyElse"})
        self.add_foreign({STACK_TAG: "another stack", LOGICAL_TAG: LOGICAL_IDS[0]})

    # --- what operations and tests look at -----------------------------------------

    def own(self, logical_id: str | None = None) -> list[Session]:
        """The sessions that the function started, over or not."""
        return [
            s
            for s in self.service.sessions.values()
            if s.arn not in self.foreign
            and (logical_id is None or s.tags.get(LOGICAL_TAG) == logical_id)
        ]

    def live(self, logical_id: str | None = None) -> list[str]:
        """The ARNs of the stack's live sessions, whoever knows of them."""
        return [s.arn for s in self.own(logical_id) if s.is_live]

    def held(self, logical_id: str = LOGICAL_IDS[0]) -> str | None:
        """The id that CloudFormation holds."""
        resource = self.stack.resources.get(logical_id)
        return resource.physical_id if resource is not None and resource.exists else None

    def session(self, arn: str | None) -> Session | None:
        return self.service.sessions.get(arn or "")

    def calls(self, operation: str) -> int:
        """How often the handler called an operation."""
        return sum(i.calls[operation] for i in self.function.invocations)

    def add_foreign(
        self, tags: Mapping[str, str], creator: str = SOMEBODY, application: int = 0
    ) -> Session:
        """A session that somebody else started, live from now on."""
        number = len(self.service.sessions)
        session = self.service.add(
            {
                "applicationId": self.applications[application],
                "executionRoleArn": ROLE,
                "clientToken": f"foreign-{number}",
                "tags": dict(tags),
            },
            creator,
        )
        session.state = "IDLE"
        self.foreign.add(session.arn)
        if tags.get(STACK_TAG) == STACK_ID and tags.get(LOGICAL_TAG) in LOGICAL_IDS:
            self.copied.add(session.arn)
        return session

    def tick(self, logical_id: str, late: float = 0.0) -> None:
        """What the schedule of a session that is kept alive does when its time has come."""
        resource = self.stack.resources.get(logical_id)
        if resource is None or resource.declared is None:
            return
        if not resource.declared.kept_alive:
            return
        now = self.clock.now() - late
        number, last = self._ticks.get(logical_id, (0, 0.0))
        if now - last >= SHORTEST_INTERVAL:
            number, last = number + 1, now
        self._ticks[logical_id] = number, last
        scheduled = datetime.fromtimestamp(last, UTC)
        event = {
            "ScheduledTime": scheduled.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "StackId": STACK_ID,
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": resource.physical_id,
            "ResourceProperties": resource.declared.request(),
            "ParameterName": f"/lab/{logical_id}",
        }
        self.function.call(event, f"Tick.{logical_id}.{number}")

    # --- what happens on the way ------------------------------------------------------

    def _watch(self, invocation: Invocation, operation: str, params: Mapping[str, Any]) -> None:
        event = invocation.event
        if operation == "StartSession":
            key = event.get("RequestId") or (
                f"{event['ScheduledTime']} in place of {params['tags'].get(HELD_TAG)}"
            )
            tokens = self.tokens[key]
            tokens.add(params["clientToken"])
            if len(tokens) > 1:
                self.broken.append(f"two client tokens for one request: {invocation.name}")
            return
        if operation == "TerminateSession":
            application, session = params["applicationId"], params["sessionId"]
            known = self.service.applications.get(application)
            found = [s for s in known.sessions if s.session_id == session] if known else []
        elif operation in ("TagResource", "UntagResource"):
            found = [s for s in [self.session(params["resourceArn"])] if s is not None]
        else:
            return
        for session_ in found:
            tags = session_.tags
            owner = (tags.get(STACK_TAG), tags.get(LOGICAL_TAG))
            if owner != (event["StackId"], event["LogicalResourceId"]):
                self.broken.append(f"{operation} of {invocation.name} on a session of {owner}")
            elif session_.arn in self.copied and (
                operation != "TerminateSession" or "RequestType" not in event
            ):  # the owner tags are enough to end a session, and for nothing else
                self.broken.append(f"{operation} of {invocation.name} on somebody's session")

    def _answered(self, params: Mapping[str, Any], _: bool) -> dict[str, Any]:
        body = params["body"]
        answer = json.loads(body)
        request = self.stack.requests[int(params["url"].rpartition("/")[2]) - 1]
        if (answer["RequestId"], answer["StackId"], answer["LogicalResourceId"]) != (
            request.event["RequestId"],
            STACK_ID,
            request.logical_id,
        ):
            self.broken.append(f"an answer to {request.name} is for {answer['RequestId']}")
        if len(body) > 4096:
            self.broken.append(f"the answer to {request.name} has {len(body)} bytes")
        if answer["Status"] == "FAILED" and not answer.get("Reason"):
            self.broken.append(f"the failure of {request.name} has no reason")
        self.puts[request.name] += 1
        self.stack.take(request, answer)
        return {}

    def _put_parameter(self, params: Mapping[str, Any], _: bool) -> dict[str, Any]:
        self.parameters[params["Name"]] = params["Value"]
        if params["Value"] in self.foreign:
            self.broken.append("the parameter names somebody's session")
        return {"Version": 2}

    def _write_parameters(self) -> None:
        """CloudFormation writes a parameter whenever the stack's session is another one."""
        for name, resource in self.stack.resources.items():
            if resource.exists and self.session(resource.physical_id) is not None:
                self.parameters[f"/lab/{name}"] = str(resource.physical_id)

    def put(self, url: str, body: bytes) -> None:
        """``answer.put`` at the level of operations."""
        try:
            self.network.call("PUT", {"url": url, "body": body})
        except ConnectionLost as lost:
            raise OSError(str(lost)) from None


@contextlib.contextmanager
def world(choices: Choices, level: Level = "operations") -> Iterator[World]:
    """A world whose clock, clients and PUT the handler has for as long as the context lasts.

    What the handler logs is read at the end: it never has what is secret in an event.
    """
    with contextlib.ExitStack() as undo:
        undo.callback(random.setstate, random.getstate())
        random.seed(0)  # the same run each time, the handler's jitter included
        here = World(choices)
        if level == "operations":
            fake = FakeClient(here.network)
            clients: Mapping[str, Any] = dict.fromkeys(
                ("emr-serverless", "cloudformation", "ssm"), fake
            )
        else:
            from . import wire

            clients = wire.clients(here, undo)
        for name in ENVIRONMENT:
            undo.callback(os.environ.pop, name)
        os.environ.update(ENVIRONMENT)
        modules = sys.modules
        replace(undo, modules["session_handler.clients"], "client", clients.__getitem__)
        replace(undo, modules["session_handler.answer"], "put", here.put)
        replace(undo, modules["session_handler.log"], "sys", SimpleNamespace(stdout=here.log))
        for module in timed_modules():
            replace(undo, module, "time", clock_module(here.clock))
        yield here
    logged = here.log.getvalue()
    assert RESPONSE_URL not in logged, "the log has a ResponseURL"
    assert "ResponseURL" not in logged, "the log has an event"


def clock_module(clock: Clock) -> SimpleNamespace:
    """What stands in for the standard library's ``time`` in the handler's modules."""
    return SimpleNamespace(time=clock.now, monotonic=clock.now, sleep=clock.sleep)


def timed_modules() -> list[ModuleType]:
    """The handler's modules that look at the time."""
    return _timed_modules(sys.modules[HANDLER])


@functools.lru_cache(maxsize=1)
def _timed_modules(_: ModuleType) -> list[ModuleType]:
    return [
        module
        for name, module in sys.modules.items()
        if name.startswith("session_handler.") and hasattr(module, "time")
    ]


def replace(undo: contextlib.ExitStack, owner: object, name: str, value: object) -> None:
    """Put a value in place of another until the stack unwinds."""
    undo.callback(setattr, owner, name, getattr(owner, name))
    setattr(owner, name, value)
