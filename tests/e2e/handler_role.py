"""The handler's own role on the local AWS, and the handler under it, without the CDK CLI.

The role and its policies are those of a synthesized stack, deployed by CloudFormation; the handler
runs in the test's process with credentials of that role, so that IAM judges each of its calls.
"""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import aws_cdk as cdk
import boto3
import pytest
from aws_cdk.assertions import Template

from session_handler import handler
from testbed.local_aws import LocalAws
from tests.e2e.apps import one_session
from tests.protocol.framework import completion, merged

LOGICAL_ID = "Session"
KEPT = {
    "AWS::EMRServerless::Application",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Logs::LogGroup",
}
# A minute of the handler's patience is a third of a second here.
SPEED = 200
LOOKS_EVERY_SECONDS = 0.05


def synthesized() -> dict[str, Any]:
    """Synthesize a stack with one session, whole."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Roles")
    one_session(stack)
    return dict(Template.from_stack(stack).to_json())


def roles_only(template: dict[str, Any]) -> dict[str, Any]:
    """Keep the application, the execution role, and the handler's role with its policy."""
    resources = {
        name: json.loads(json.dumps(resource))
        for name, resource in template["Resources"].items()
        if resource["Type"] in KEPT and "Framework" not in name
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
    role = {"Ref": next(n for n in template["Resources"] if "HandlerRole" in n)}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::IAM::Policy" and role in resource["Properties"]["Roles"]:
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

    def send(self, step: str, kind: str, **more: Any) -> str:
        """Send a request through the handler, and return the physical id that it ends with."""
        event = {
            "RequestType": kind,
            "RequestId": f"request-{next(self._numbers)}",
            "StackId": self.stack_id,
            "LogicalResourceId": LOGICAL_ID,
            "ResponseURL": "https://cloudformation-custom-resource-response.example/secret",
            **more,
        }
        with self._environment():
            try:
                event = merged(event, handler.on_event(event))
                while (completed := completion(event, handler.is_complete(event))) is None:
                    time.sleep(LOOKS_EVERY_SECONDS)  # as the waiter does
            except Exception as error:
                raise Failed(step, str(error)) from error
        return str(completed["PhysicalResourceId"])

    def create(self, **more: Any) -> str:
        """Create a session."""
        return self.send("create", "Create", ResourceProperties=self.properties(**more))

    @contextmanager
    def _environment(self) -> Iterator[None]:
        began = time.time()
        clock = SimpleNamespace(
            time=lambda: began + (time.time() - began) * SPEED, monotonic=time.monotonic
        )
        names = {
            "AWS_ACCESS_KEY_ID": self.credentials["aws_access_key_id"],
            "AWS_SECRET_ACCESS_KEY": self.credentials["aws_secret_access_key"],
            "AWS_SESSION_TOKEN": self.credentials["aws_session_token"],
            "AWS_ENDPOINT_URL_EMR_SERVERLESS": self.aws.url,
            "AWS_REGION": self.aws.env["AWS_REGION"],
            "AWS_DEFAULT_REGION": self.aws.env["AWS_REGION"],
            "NO_PROXY": "127.0.0.1",
        }
        with pytest.MonkeyPatch.context() as patch:
            for name, value in names.items():
                patch.setenv(name, value)
            patch.setattr(handler, "time", clock)
            # It would keep the credentials of the role before.
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            yield


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
