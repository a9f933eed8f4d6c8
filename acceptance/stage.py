"""The stack that assumptions are tested with: roles, applications, a function, and sessions.

Everything is in the stack or on its applications, so deleting the stack deletes it all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from emr_session import Clock

from .account import Account
from .waits import Found, Waits, wait_for

PREFIX = "EmrServerlessSessionAcceptance"
USABLE = ("STARTED", "IDLE", "BUSY")
OVER = ("FAILED", "TERMINATED")
# Of the smallest driver and executor that the service has.
SPARK = {
    "spark.driver.cores": "1",
    "spark.driver.memory": "2g",
    "spark.executor.cores": "1",
    "spark.executor.memory": "2g",
    "spark.executor.instances": "1",
    "spark.dynamicAllocation.enabled": "false",
}
_PROBE = Path(__file__).with_name("probe.py")


@dataclass(frozen=True)
class Stage:
    """The account with the stack deployed.

    Attributes:
        account: The account.
        clock: Time.
        waits: How long to wait.
        application_id: An application that starts by itself.
        manual_application_id: An application that doesn't.
        execution_role: The ARN of a role that EMR Serverless may assume.
        tagging_roles: Roles that may tag sessions at their start, by what their policy names:
            the ``application`` or the ``session``.
        probe: The ARN of a custom resource's function that answers as it is told.
    """

    account: Account
    clock: Clock
    waits: Waits
    application_id: str
    manual_application_id: str
    execution_role: str
    tagging_roles: Mapping[str, str]
    probe: str

    def request(self, **fields: Any) -> dict[str, Any]:
        """The parameters of a small session's StartSession, and others."""
        overrides = [{"classification": "spark-defaults", "properties": SPARK}]
        return {
            "applicationId": self.application_id,
            "executionRoleArn": self.execution_role,
            "idleTimeoutMinutes": 120,
            "configurationOverrides": {"runtimeConfiguration": overrides},
            "tags": self.account.tags,
            **fields,
        }

    def start(self, **fields: Any) -> str:
        """Start a small session; gives its id."""
        client = self.account.client("emr-serverless")
        return str(client.start_session(**self.request(**fields))["sessionId"])

    def session(self, session_id: str, application_id: str | None = None) -> dict[str, Any]:
        """A session as GetSession describes it."""
        client = self.account.client("emr-serverless")
        answer = client.get_session(
            applicationId=application_id or self.application_id, sessionId=session_id
        )
        return dict(answer["session"])

    def wait_until(self, session_id: str, states: tuple[str, ...]) -> dict[str, Any]:
        """Wait until a session is in one of some states, or over."""

        def look() -> dict[str, Any] | None:
            session = self.session(session_id)
            return session if session["state"] in (*states, *OVER) else None

        return self._wait(f"session {session_id} {' or '.join(states)}", look)

    def end(self, session_id: str) -> None:
        """End a session that isn't over by itself, and wait until it is."""
        if self.session(session_id)["state"] in OVER:
            return
        self.account.client("emr-serverless").terminate_session(
            applicationId=self.application_id, sessionId=session_id
        )
        self.wait_until(session_id, OVER)

    def wait_for_application(self, application_id: str, state: str) -> None:
        """Wait until an application is in a state."""
        client = self.account.client("emr-serverless")

        def look() -> bool | None:
            application = client.get_application(applicationId=application_id)["application"]
            return application["state"] == state or None

        self._wait(f"application {application_id} {state}", look)

    def wait_for_stack(self, name: str) -> dict[str, Any]:
        """Wait until nothing is in progress on a stack; gives it, or one DELETE_COMPLETE."""
        return stack_at_rest(self.account, name, self.clock, self.waits)

    def _wait(self, what: str, look: Callable[[], Found | None]) -> Found:
        return wait_for(what, look, self.clock, poll=self.waits.poll, at_most=self.waits.state)


def set_up(account: Account, clock: Clock, waits: Waits) -> Stage:
    """Deploy the stack.

    Raises:
        RuntimeError: It could not be made.
    """
    name = f"{PREFIX}-{account.run}"
    account.client("cloudformation").create_stack(
        StackName=name,
        TemplateBody=json.dumps(template(account.run)),
        Capabilities=["CAPABILITY_IAM"],
        Tags=as_list(account.tags),
    )
    stack = stack_at_rest(account, name, clock, waits)
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise RuntimeError(f"stack {name} is {stack['StackStatus']}: its events say why")
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stack["Outputs"]}
    return Stage(
        account,
        clock,
        waits,
        application_id=outputs["Application"],
        manual_application_id=outputs["ManualApplication"],
        execution_role=outputs["ExecutionRole"],
        tagging_roles={
            "application": outputs["TagsApplication"],
            "session": outputs["TagsSession"],
        },
        probe=outputs["Probe"],
    )


def delete_stack(account: Account, name: str) -> None:
    """Begin to delete a stack, in the mode that it was made in: a stack in Express mode asks so."""
    client = account.client("cloudformation")
    (stack,) = client.describe_stacks(StackName=name)["Stacks"]
    mode = stack.get("DeploymentConfig", {}).get("Mode", "STANDARD")
    express = {} if mode == "STANDARD" else {"DeploymentConfig": {"Mode": mode}}
    client.delete_stack(StackName=name, **express)


def stack_at_rest(account: Account, name: str, clock: Clock, waits: Waits) -> dict[str, Any]:
    """Wait until nothing is in progress on a stack; gives it, or one that is DELETE_COMPLETE."""
    client = account.client("cloudformation")

    def look() -> dict[str, Any] | None:
        try:
            (stack,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":
                raise
            return {"StackName": name, "StackStatus": "DELETE_COMPLETE"}
        return None if stack["StackStatus"].endswith("_IN_PROGRESS") else dict(stack)

    return wait_for(f"stack {name} at rest", look, clock, poll=waits.poll, at_most=waits.state)


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as CloudFormation takes them."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def template(run: str) -> dict[str, Any]:
    """The stack's template."""
    started = [
        _allow("emr-serverless:StartSession", _arn("${Application}")),
        _allow("iam:PassRole", {"Fn::GetAtt": ["ExecutionRole", "Arn"]}),
    ]
    resources = {
        "Application": _application(run, "auto", enabled=True),
        "ManualApplication": _application(run, "manual", enabled=False),
        "ExecutionRole": _role({"Service": "emr-serverless.amazonaws.com"}, []),
        "TagsApplication": _role(
            _ACCOUNT, [*started, _allow("emr-serverless:TagResource", _arn("${Application}"))]
        ),
        "TagsSession": _role(
            _ACCOUNT,
            [*started, _allow("emr-serverless:TagResource", _arn("${Application}/sessions/*"))],
        ),
        "ProbeRole": _role(
            {"Service": "lambda.amazonaws.com"},
            [
                _allow(
                    ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
                    {"Fn::Sub": "arn:${AWS::Partition}:logs:*:${AWS::AccountId}:*"},
                )
            ],
        ),
        "Probe": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "index.handle",
                "Timeout": 120,
                "Role": {"Fn::GetAtt": ["ProbeRole", "Arn"]},
                "Code": {"ZipFile": _PROBE.read_text()},
            },
        },
    }
    values = {
        "Application": {"Ref": "Application"},
        "ManualApplication": {"Ref": "ManualApplication"},
        "Probe": {"Fn::GetAtt": ["Probe", "Arn"]},
        **{
            role: {"Fn::GetAtt": [role, "Arn"]}
            for role in ("ExecutionRole", "TagsApplication", "TagsSession")
        },
    }
    outputs = {name: {"Value": value} for name, value in values.items()}
    return {"Resources": resources, "Outputs": outputs}


_ACCOUNT = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}


def _application(run: str, name: str, *, enabled: bool) -> dict[str, Any]:
    return {
        "Type": "AWS::EMRServerless::Application",
        "Properties": {
            "Name": f"acceptance-{name}-{run}",
            "Type": "SPARK",
            "ReleaseLabel": "emr-spark-8.1.0",
            "InteractiveConfiguration": {"SessionEnabled": True},
            "AutoStartConfiguration": {"Enabled": enabled},
            # The most that a run can cost, whatever goes wrong.
            "MaximumCapacity": {"Cpu": "12 vCPU", "Memory": "48 GB"},
        },
    }


def _role(principal: Mapping[str, Any], statements: list[dict[str, Any]]) -> dict[str, Any]:
    trust = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": statements}
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
            "Policies": [{"PolicyName": "acceptance", "PolicyDocument": policy}]
            if statements
            else [],
        },
    }


def _allow(actions: str | list[str], resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _arn(path: str) -> dict[str, str]:
    prefix = "arn:${AWS::Partition}:emr-serverless:${AWS::Region}:${AWS::AccountId}:/applications/"
    return {"Fn::Sub": prefix + path}
