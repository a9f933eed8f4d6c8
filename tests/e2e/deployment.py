"""A test's stack, synthesized in the test and deployed by the real CDK CLI."""

import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from botocore.exceptions import ClientError

from testbed.cdk_cli import CdkCli, CdkError
from testbed.evidence import evidence, handler_lines
from testbed.local_aws import LocalAws
from testbed.log_secrets import assert_no_secrets

LIVE = frozenset({"SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY"})
USABLE = frozenset({"STARTED", "IDLE", "BUSY"})

OWNER_TAG = "emr-serverless-session:stack-id"
Build = Callable[[cdk.Stack], object]


@dataclass
class Deployment:
    """One stack on a local AWS, and what a test asks about it.

    Attributes:
        aws: The local AWS.
        cdk: The CDK CLI pointed at it.
        folder: A folder for the assemblies.
        name: The stack's name.
    """

    aws: LocalAws
    cdk: CdkCli
    folder: Path
    name: str
    outputs: dict[str, str] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def synth(self, build: Build) -> Path:
        """Synthesize the stack, filled by a function, into a new assembly."""
        assembly = self.folder / f"{next(self._numbers)}.cdk.out"
        app = cdk.App(outdir=str(assembly), analytics_reporting=False)
        build(cdk.Stack(app, self.name))
        app.synth()
        return assembly

    def deploy(self, build: Build | Path, *options: str) -> dict[str, str]:
        """Deploy what a function or an assembly describes, and return the stack's outputs."""
        assembly = build if isinstance(build, Path) else self.synth(build)
        try:
            self.outputs = self.cdk.deploy(assembly, self.name, options=options)
        except CdkError as error:
            error.add_note(evidence(self.aws))
            raise
        return self.outputs

    def fail_to_deploy(self, build: Build | Path, *options: str) -> str:
        """Deploy what is to fail, and return the CLI's words and the stack's events."""
        assembly = build if isinstance(build, Path) else self.synth(build)
        said = self.cdk.try_deploy(assembly, self.name, options=options)
        reasons = [event.get("ResourceStatusReason", "") for event in self.events()]
        return "\n".join([said, *reasons])

    def destroy(self) -> None:
        """Destroy the stack, by the CLI, with an assembly that it was deployed from."""
        assemblies = sorted(self.folder.glob("*.cdk.out"), key=lambda path: path.stat().st_mtime)
        try:
            self.cdk.destroy(assemblies[-1], self.name)
        except CdkError as error:
            error.add_note(evidence(self.aws))
            raise
        # An invocation's lines are there once it is over; the log group outlives the stack.
        lines = handler_lines(self.aws)
        assert lines, "the handler has logged"
        assert_no_secrets("\n".join(lines))

    def events(self) -> list[dict[str, Any]]:
        """Return the stack's events, oldest first."""
        client = self.aws.client("cloudformation")
        events = client.describe_stack_events(StackName=self.name)["StackEvents"]
        return list(reversed(events))

    def status(self) -> str:
        """Return the stack's status, or that there is no such stack."""
        try:
            stacks = self.aws.client("cloudformation").describe_stacks(StackName=self.name)
        except ClientError as error:
            if "does not exist" in str(error):
                return "absent"
            raise
        return str(stacks["Stacks"][0]["StackStatus"])

    def session(self, outputs: dict[str, str] | None = None) -> dict[str, Any]:
        """Ask the service for the session that the stack's outputs name."""
        named = outputs or self.outputs
        answer = self.aws.client("emr-serverless").get_session(
            applicationId=named["ApplicationId"], sessionId=named["SessionId"]
        )
        session: dict[str, Any] = answer["session"]
        return session

    def application_state(self, outputs: dict[str, str]) -> str:
        """Ask the service for the state of the application that a stack's outputs name."""
        client = self.aws.client("emr-serverless")
        answer = client.get_application(applicationId=outputs["ApplicationId"])
        return str(answer["application"]["state"])

    def owned(self) -> list[dict[str, Any]]:
        """Return every session, over or not, that carries this stack's name in its owner tag."""
        client = self.aws.client("emr-serverless")
        applications = client.get_paginator("list_applications").paginate()
        sessions = [
            client.get_session(applicationId=application["id"], sessionId=summary["sessionId"])
            for page in applications
            for application in page["applications"]
            for summary in client.list_sessions(applicationId=application["id"])["sessions"]
        ]
        return [
            found["session"]
            for found in sessions
            if f":stack/{self.name}/" in found["session"]["tags"].get(OWNER_TAG, "")
        ]

    def live(self) -> list[dict[str, Any]]:
        """Return the stack's sessions that still live."""
        return [session for session in self.owned() if session["state"] in LIVE]

    def requests(self, operation: str) -> int:
        """Count the requests of an operation that the session service has seen so far."""
        lines = self.aws.log_file.read_text(errors="replace").splitlines()
        return sum(operation in line for line in lines)


def template(assembly: Path, stack: str) -> dict[str, Any]:
    """Read a stack's template from an assembly."""
    parsed: dict[str, Any] = json.loads((assembly / f"{stack}.template.json").read_text())
    return parsed


def until(found: Callable[[], Any], seconds: float) -> Any:
    """What is found, once it is: what the handler does goes by the local AWS's own clock."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, "it was not found in time"
        time.sleep(1)
    return result
