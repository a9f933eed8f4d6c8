"""The handler's own role on the local AWS, and the handler under it, without the CDK CLI.

The role and its policies are those of a synthesized stack, deployed by CloudFormation; the handler
runs in the test's process with credentials of that role, so that IAM judges each of its calls.
The stack has no session: what CloudFormation shows of one is made up, after IAM has allowed the
call.
"""

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
from aws_cdk.assertions import Template
from botocore.exceptions import ClientError

from session_handler import answer, clients, handler
from testbed.local_aws import LocalAws
from tests.e2e.apps import one_session

LOGICAL_ID = "Session"
KEPT = {
    "AWS::EMRServerless::Application",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
}
# A minute of the handler's patience is a third of a second here.
SPEED = 200


def synthesized() -> dict[str, Any]:
    """Synthesize a stack with one session, and the keys of its tags in the role."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Roles")
    one_session(stack, tags={"team": "search", "stage": "beta"})
    return dict(Template.from_stack(stack).to_json())


def roles_only(template: dict[str, Any]) -> dict[str, Any]:
    """Keep the application, the execution role, and the handler's role with its policy."""
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
    outputs = {
        "Role": {"Fn::GetAtt": [role, "Arn"]},
        "Application": {"Ref": one_of(resources, "AWS::EMRServerless::Application")},
        "ExecutionRole": {
            "Fn::GetAtt": [next(name for name in resources if "ExecutionRole" in name), "Arn"]
        },
        "Logs": {"Fn::GetAtt": [one_of(resources, "AWS::Logs::LogGroup"), "Arn"]},
    }
    return {
        "Resources": resources,
        "Outputs": {name: {"Value": value} for name, value in outputs.items()},
    }


def one_of(resources: dict[str, Any], resource_type: str) -> str:
    """Return the logical id of the only resource of a type."""
    (name,) = (name for name, r in resources.items() if r["Type"] == resource_type)
    return str(name)


def handler_role_of(template: dict[str, Any]) -> str:
    """Return the logical id of the role that the handler's function has."""
    (role,) = (
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role" and "ProviderRole" in name
    )
    return str(role)


def statements(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the statements of the handler's role, to be looked at or changed."""
    role = handler_role_of(template)
    for policy in template["Resources"][role]["Properties"]["Policies"]:
        yield from policy["PolicyDocument"]["Statement"]
    for resource in template["Resources"].values():
        if (
            resource["Type"] == "AWS::IAM::Policy"
            and {"Ref": role} in (resource["Properties"]["Roles"])
        ):
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


@dataclass(frozen=True)
class Shown:
    """What CloudFormation shows of the session's resource and its stack."""

    stack: str
    resource: str
    physical_id: str = ""


class CloudFormation:
    """The handler's client of CloudFormation: IAM judges the call, and the answer is made up."""

    def __init__(self, real: Any, shown: Callable[[], Shown]) -> None:
        self._real = real
        self._shown = shown

    def describe_stacks(self, **parameters: Any) -> dict[str, Any]:
        """DescribeStacks."""
        self._real.describe_stacks(**parameters)
        return {"Stacks": [{"StackStatus": self._shown().stack}]}

    def describe_stack_resource(self, **parameters: Any) -> dict[str, Any]:
        """DescribeStackResource."""
        try:
            self._real.describe_stack_resource(**parameters)
        except ClientError as error:
            if "AccessDenied" in error.response["Error"]["Code"]:
                raise
        shown = self._shown()
        detail = {"ResourceStatus": shown.resource, "PhysicalResourceId": shown.physical_id}
        return {"StackResourceDetail": detail}


@dataclass
class RoleStack:
    """A stack with the roles of a session, to which requests for sessions are sent.

    Attributes:
        aws: The local AWS.
        stack_id: The stack's ARN.
        outputs: Its outputs.
    """

    aws: LocalAws
    stack_id: str
    outputs: dict[str, str]
    credentials: dict[str, str] = field(default_factory=dict)
    shown: Shown = Shown("", "")
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

    def send(self, step: str, kind: str, shown: Shown | None = None, **more: Any) -> str:
        """Send a request through the handler, and return the physical id that it ends with.

        Args:
            step: What it is called where it fails.
            kind: Create, Update or Delete.
            shown: What CloudFormation shows meanwhile. Default: that operation.
            more: The rest of the event.

        Raises:
            Failed: The answer is FAILED.
        """
        physical_id = more.get("PhysicalResourceId", "")
        under_way = f"{kind.upper()}_IN_PROGRESS"
        self.shown = shown or Shown(under_way, under_way, physical_id)
        event = {
            "RequestType": kind,
            "RequestId": f"request-{next(self._numbers)}",
            "StackId": self.stack_id,
            "LogicalResourceId": LOGICAL_ID,
            "ResponseURL": "https://cloudformation-custom-resource-response.example/secret",
            **more,
        }
        answers: list[dict[str, Any]] = []

        def put(_: str, body: bytes) -> None:
            answers.append(json.loads(body))
            if kind != "Delete":
                done = f"{kind.upper()}_COMPLETE"
                self.shown = Shown(done, done, answers[-1]["PhysicalResourceId"])

        with self._environment() as patch:
            patch.setattr(answer, "put", put)
            handler.handle(event)
        (answered,) = answers
        if answered["Status"] == "FAILED":
            raise Failed(step, answered["Reason"])
        return str(answered["PhysicalResourceId"])

    def create(self, **more: Any) -> str:
        """Create a session."""
        return self.send("create", "Create", ResourceProperties=self.properties(**more))

    @contextmanager
    def _environment(self) -> Iterator[pytest.MonkeyPatch]:
        real, began = (time.time, time.sleep), time.time()
        cloudformation = CloudFormation(self.client("cloudformation"), lambda: self.shown)
        service = self.client()
        made = {"cloudformation": cloudformation, "emr-serverless": service}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(time, "time", lambda: began + (real[0]() - began) * SPEED)
            patch.setattr(time, "sleep", lambda seconds: real[1](seconds / SPEED))
            patch.setattr(clients, "client", made.__getitem__)
            yield patch


def deploy(aws: LocalAws, template: dict[str, Any]) -> RoleStack:
    """Deploy a template of ``roles_only``, and take the handler's role."""
    cloudformation = aws.client("cloudformation")
    name = f"Roles-{uuid.uuid4().hex[:8]}"
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 200})
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    given = aws.client("sts").assume_role(RoleArn=outputs["Role"], RoleSessionName="handler")
    credentials = {
        "aws_access_key_id": given["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": given["Credentials"]["SecretAccessKey"],
        "aws_session_token": given["Credentials"]["SessionToken"],
    }
    return RoleStack(aws, stack["StackId"], outputs, credentials)
