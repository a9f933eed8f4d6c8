"""The handler with its own role on the local AWS, without the CDK CLI.

The role and its policies are those of a synthesized stack, deployed by CloudFormation; the handler
runs in the test's process with credentials of that role, so that IAM judges each of its calls. What
CloudFormation would show during an operation is played, once it has answered the question.
"""

import datetime
import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_scheduler as scheduler
from aws_cdk.assertions import Template

from session_handler import answer, clients, handler
from testbed.apps import one_session
from testbed.local_aws import LocalAws

SYNTHESIZED = "Roles"
LOGICAL_ID = "Session"
FUNCTION_NAME = "handler"
KEPT = {
    "AWS::EMRServerless::Application",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
    "AWS::SSM::Parameter",
}
# A minute of the handler's retry budget is a third of a second here.
SPEED = 200
RESPONSE_URL = "https://cloudformation-custom-resource-response.example/secret"


def synthesized() -> dict[str, Any]:
    """Synthesize a stack with one session that is kept alive, whole."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), SYNTHESIZED)
    # A session is started with the tags alone that the template has.
    session = one_session(stack, tags={"team": "search", "stage": "beta"})
    session.keep_alive(schedule=scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15)))
    return dict(Template.from_stack(stack).to_json())


def roles_only(template: dict[str, Any]) -> dict[str, Any]:
    """Keep the application, the execution role, and the handler's role with its policies."""
    resources = {
        name: json.loads(json.dumps(resource))
        for name, resource in template["Resources"].items()
        if resource["Type"] in KEPT
    }
    role = handler_role_of(template)
    # Lambda alone may have the handler's role; here the tests have it.
    trust = resources[role]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    account = {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:root"}
    trust.append({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": account}})
    parameter = one_of(resources, "AWS::SSM::Parameter")
    resources[parameter]["Properties"]["Value"] = "no session yet"
    outputs = {
        "Role": {"Fn::GetAtt": [role, "Arn"]},
        "Application": {"Ref": one_of(resources, "AWS::EMRServerless::Application")},
        "ExecutionRole": {
            "Fn::GetAtt": [next(name for name in resources if "ExecutionRole" in name), "Arn"]
        },
        "Logs": {"Fn::GetAtt": [one_of(resources, "AWS::Logs::LogGroup"), "Arn"]},
        "Parameter": {"Ref": parameter},
    }
    # The schedule's role lets its trust and its policy refer to the function, which isn't there.
    for name in [name for name in resources if "ScheduleRole" in name]:
        del resources[name]
    return {
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def one_of(resources: dict[str, Any], resource_type: str) -> str:
    """Return the logical id of the only resource of a type."""
    (name,) = (name for name, r in resources.items() if r["Type"] == resource_type)
    return str(name)


def handler_role_of(template: dict[str, Any]) -> str:
    """Return the logical id of the role that the handler's functions have."""
    (role,) = {
        resource["Properties"]["Role"]["Fn::GetAtt"][0]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Handler"].startswith("session_handler.")
    }
    return str(role)


def statements(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statements of the handler's role, to be looked at or changed."""
    role = next(name for name in template["Resources"] if "ProviderRole" in name)
    for policy in template["Resources"][role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]
    for resource in template["Resources"].values():
        attached = resource["Properties"].get("Roles", [])
        if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in attached:
            yield from resource["Properties"]["PolicyDocument"]["Statement"]


def actions_of(statement: dict[str, Any]) -> list[str]:
    """Return the actions of a statement, in a list even if there is one."""
    actions = statement["Action"]
    return [actions] if isinstance(actions, str) else list(actions)


def without(
    template: dict[str, Any], is_taken: Callable[[dict[str, Any], str], bool]
) -> dict[str, Any]:
    """Take actions out of the handler's role, each as a statement and an action."""
    template = json.loads(json.dumps(template))
    taken = 0
    for statement in statements(template):
        left = [name for name in actions_of(statement) if not is_taken(statement, name)]
        taken += len(actions_of(statement)) - len(left)
        # A statement has to have an action; this one is never asked for.
        statement["Action"] = left or ["emr-serverless:ListJobRuns"]
    assert taken, "there was nothing to take"
    return template


@dataclass
class Failed(Exception):
    """An operation on the stack that failed, and what CloudFormation is told."""

    step: str
    reason: str


@dataclass
class ScriptedCloudFormation:
    """What CloudFormation shows of the stack and of its session while an operation is in progress.

    Every question is put to the local AWS with the role's own credentials, about the application
    in place of the session, which no template has declared here. Only the answers are changed.

    Attributes:
        client: The client of the role.
        resource: The status of the session's resource.
        stack: The stack's status.
        physical_id: The physical id that CloudFormation holds.
        since: When the resource has changed, in the handler's time.
        cancelled_at: The number of the question at which the stack begins to roll back.
    """

    client: Any
    resource: str
    stack: str
    physical_id: str | None
    since: float
    cancelled_at: int | None = None
    asked: int = 0

    def describe_stack_resource(self, *, StackName: str, LogicalResourceId: str) -> Any:
        """Show the resource."""
        assert LogicalResourceId == LOGICAL_ID
        self.asked += 1
        if self.asked == self.cancelled_at:
            self.resource, self.stack = "CREATE_FAILED", "ROLLBACK_IN_PROGRESS"
        answer = self.client.describe_stack_resource(
            StackName=StackName, LogicalResourceId="Application"
        )
        detail = {
            **answer["StackResourceDetail"],
            "LogicalResourceId": LogicalResourceId,
            "ResourceStatus": self.resource,
            "LastUpdatedTimestamp": datetime.datetime.fromtimestamp(self.since, datetime.UTC),
            "PhysicalResourceId": self.physical_id,
        }
        return {"StackResourceDetail": detail}

    def describe_stacks(self, *, StackName: str) -> Any:
        """Show the stack."""
        (stack,) = self.client.describe_stacks(StackName=StackName)["Stacks"]
        return {"Stacks": [{**stack, "StackStatus": self.stack}]}

    def answered(self, answer: dict[str, Any]) -> None:
        """Take the answer to a Create or an Update over, as CloudFormation does."""
        kind, _, _ = self.resource.partition("_")
        if answer["Status"] == "SUCCESS":
            self.resource = self.stack = f"{kind}_COMPLETE"
            self.physical_id = answer["PhysicalResourceId"]


class Clock:
    """Time in which nothing that is slept takes long: a minute is a third of a second."""

    def __init__(self) -> None:
        self._time, self._monotonic, self._sleep = time.time, time.monotonic, time.sleep
        self._ahead = 0.0

    def time(self) -> float:
        """Seconds since the epoch, and what was slept."""
        return self._time() + self._ahead

    def monotonic(self) -> float:
        """The same, from anywhere."""
        return self._monotonic() + self._ahead

    def sleep(self, seconds: float) -> None:
        """Sleep a little, and let the time go by."""
        self._sleep(seconds / SPEED)
        self._ahead += seconds


@dataclass
class RoleStack:
    """A stack with the roles of a session, to which requests for sessions are sent.

    Attributes:
        aws: The local AWS.
        stack_id: The stack's ARN.
        outputs: Its outputs.
        held: The physical id of its session.
    """

    aws: LocalAws
    stack_id: str
    outputs: dict[str, str]
    credentials: dict[str, str] = field(default_factory=dict)
    held: str | None = None
    clock: Clock = field(default_factory=Clock)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def application_id(self) -> str:
        """The application that the role serves."""
        return self.outputs["Application"]

    def client(self, service: str = "emr-serverless") -> Any:
        """Make a client with the handler's role."""
        return self.aws.client(service, **self.credentials)

    def properties(self, **more: Any) -> dict[str, Any]:
        """Return the properties of a session."""
        return {
            "ApplicationId": self.application_id,
            "ExecutionRoleArn": self.outputs["ExecutionRole"],
            "StopApplication": "true",
            **more,
        }

    def send(self, step: str, kind: str, *, cancelled_at: int | None = None, **more: Any) -> str:
        """Send a request through the handler, and return the physical id of its answer.

        Args:
            step: What a failure is called.
            kind: Create, Update or Delete.
            cancelled_at: At which question of the handler's the stack rolls back; default: never.
            more: More fields of the event.

        Raises:
            Failed: The answer is FAILED.
        """
        under_way = f"{kind.upper()}_IN_PROGRESS"
        # The Delete of a session that was replaced comes in the clean-up of an update.
        replaced = kind == "Delete" and more["PhysicalResourceId"] != self.held
        played = ScriptedCloudFormation(
            self.client("cloudformation"),
            resource="UPDATE_COMPLETE" if replaced else under_way,
            stack="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS" if replaced else under_way,
            physical_id=self.held,
            since=self.clock.time(),
            cancelled_at=cancelled_at,
        )
        answers: list[dict[str, Any]] = []

        def put(url: str, body: bytes) -> None:
            assert url == RESPONSE_URL
            answers.append(json.loads(body))
            if kind != "Delete":
                played.answered(answers[-1])

        event = {
            "RequestType": kind,
            "RequestId": f"request-{next(self._numbers)}",
            "StackId": self.stack_id,
            "LogicalResourceId": LOGICAL_ID,
            "ResponseURL": RESPONSE_URL,
            **more,
        }
        with self._environment(played, put):
            handler.handle(event)
        (answer,) = answers
        if answer["Status"] != "SUCCESS":
            raise Failed(step, answer["Reason"])
        self.held = played.physical_id
        return str(answer["PhysicalResourceId"])

    def create(self, **more: Any) -> str:
        """Create a session."""
        self.held = None
        return self.send("create", "Create", ResourceProperties=self.properties(**more))

    def schedule_calls(self, properties: dict[str, Any]) -> None:
        """Call the handler as the schedule of a session that is kept alive does."""
        at_rest = ScriptedCloudFormation(
            self.client("cloudformation"), "CREATE_COMPLETE", "CREATE_COMPLETE", self.held, 0.0
        )
        now = datetime.datetime.fromtimestamp(self.clock.time(), datetime.UTC)
        event = {
            "StackId": self.stack_id,
            "LogicalResourceId": LOGICAL_ID,
            "PhysicalResourceId": self.held,
            "ResourceProperties": properties,
            "ParameterName": self.outputs["Parameter"],
            "ScheduledTime": now.isoformat(),
        }
        try:
            with self._environment(at_rest, lambda *_: None):
                handler.handle(event)
        except Exception as error:
            raise Failed("keep alive", str(error)) from error

    @contextmanager
    def _environment(
        self, played: ScriptedCloudFormation, put: Callable[[str, bytes], None]
    ) -> Iterator[None]:
        names = {
            "AWS_ACCESS_KEY_ID": self.credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": self.credentials["aws_session_token"],
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_REGION": self.aws.env["AWS_REGION"],
            "AWS_DEFAULT_REGION": self.aws.env["AWS_REGION"],
            "NO_PROXY": "127.0.0.1",
            "ROLE_ARN": self.outputs["Role"],
            "AWS_LAMBDA_FUNCTION_NAME": FUNCTION_NAME,
        }
        made = clients.client
        with pytest.MonkeyPatch.context() as patch:
            for name, value in names.items():
                patch.setenv(name, value)
            for name in ("time", "monotonic", "sleep"):
                patch.setattr(time, name, getattr(self.clock, name))
            patch.setattr(answer, "put", put)
            patch.setattr(
                clients, "client", lambda name: played if name == "cloudformation" else made(name)
            )
            yield


def deploy(aws: LocalAws, template: dict[str, Any]) -> RoleStack:
    """Deploy a template of ``roles_only``, and take the handler's role."""
    cloudformation = aws.client("cloudformation")
    name = f"{SYNTHESIZED}-{uuid.uuid4().hex[:8]}"
    # The parameter's name has the stack's in it, in the role's policy too.
    body = json.dumps(template).replace(f"session/{SYNTHESIZED}/", f"session/{name}/")
    cloudformation.create_stack(
        StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    given = aws.client("sts").assume_role(RoleArn=outputs["Role"], RoleSessionName=FUNCTION_NAME)
    credentials = {
        "aws_access_key_id": given["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": given["Credentials"]["SecretAccessKey"],
        "aws_session_token": given["Credentials"]["SessionToken"],
    }
    return RoleStack(aws, stack["StackId"], outputs, credentials)
