"""A stack of custom resources whose function records its events."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .conftest import Server

CODE = Path(__file__).with_name("recorder.py").read_text()
SECONDS = 60
_numbers = itertools.count(1)


def trust(service: str) -> dict[str, Any]:
    """A trust policy for a service of AWS's."""
    principal = {"Service": f"{service}.amazonaws.com"}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return {"Statement": [statement]}


def application(**properties: Any) -> dict[str, Any]:
    """An application that takes sessions, as a template's resource."""
    return {
        "Type": "AWS::EMRServerless::Application",
        "Properties": {
            "Type": "SPARK",
            "ReleaseLabel": "emr-7.13.0",
            "InteractiveConfiguration": {"SessionEnabled": True},
            **properties,
        },
    }


class RecordingStack:
    """A stack with custom resources, each by its logical id, and their function."""

    def __init__(self, server: Server, folder: Path, name: str | None = None) -> None:
        self.name = name or f"RecordingStack{next(_numbers)}"
        self.cloudformation = server.client("cloudformation")
        # What CreateStack and UpdateStack are sent of a deployment's configuration: botocore's
        # model may not have it yet.
        self.configuration: dict[str, str] = {}
        self.cloudformation.meta.events.register("before-call.cloudformation", self._configure)
        self.events: list[dict[str, Any]] = []
        self._notes = folder / f"{self.name}-notes"
        self._stack_id = ""

    def deploy(
        self,
        *,
        resources: dict[str, Any] | None = None,
        outputs: dict[str, Any] | None = None,
        rollback: bool = True,
        wait: bool = True,
        **things: dict[str, Any],
    ) -> str:
        """Create or update it; gives the status it ends in.

        Each of ``things`` has the properties of a custom resource, but for ``After`` (what it
        depends on), ``Policy`` and ``Replaced`` (its deletion and replacement policies).
        ``resources`` are others.
        """
        template = {
            "Resources": {
                **self._function(),
                **{name: _custom(**dict(thing)) for name, thing in things.items()},
                **(resources or {}),
            },
            "Outputs": outputs or {},
        }
        do = self.cloudformation.update_stack if self._stack_id else None
        answer = (do or self.cloudformation.create_stack)(
            StackName=self.name,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_NAMED_IAM"],
            DisableRollback=not rollback,
        )
        self._stack_id = answer["StackId"]
        return self.settled() if wait else "IN_PROGRESS"

    def delete(self) -> str:
        """Delete it; gives the status it ends in."""
        self.cloudformation.delete_stack(StackName=self._stack_id)
        return self.settled()

    def sent(self) -> list[tuple[str, str, str | None]]:
        """Logical id, type and physical id of each event since the last time."""
        lines = self._notes.read_text().splitlines() if self._notes.exists() else []
        self._notes.write_text("")
        self.events = [json.loads(line) for line in lines]
        return [
            (e["LogicalResourceId"], e["RequestType"], e.get("PhysicalResourceId"))
            for e in self.events
        ]

    def wait_for_event(self, logical_id: str = "A") -> None:
        """Wait until the function was sent an event for a resource."""
        self.until(lambda: f'"LogicalResourceId": "{logical_id}"' in self._text())

    def until(self, true: Callable[[], bool]) -> None:
        """Wait until something is true."""
        end = time.monotonic() + SECONDS
        while not true():
            assert time.monotonic() < end
            time.sleep(0.02)

    def resource(self, logical_id: str) -> dict[str, Any]:
        """What DescribeStackResource shows."""
        answer = self.cloudformation.describe_stack_resource(
            StackName=self._stack_id, LogicalResourceId=logical_id
        )
        return dict(answer["StackResourceDetail"])

    def describe(self) -> dict[str, Any]:
        """What DescribeStacks shows."""
        answer = self.cloudformation.describe_stacks(StackName=self._stack_id)
        return dict(answer["Stacks"][0])

    def told(self) -> list[tuple[str, str, str]]:
        """Logical id, status and reason of each stack event, oldest first."""
        answer = self.cloudformation.describe_stack_events(StackName=self._stack_id)
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason", ""))
            for e in reversed(answer["StackEvents"])
        ]

    def reason(self, logical_id: str, status: str) -> str:
        """The reason of the last event of a resource in a status."""
        return [r for name, s, r in self.told() if (name, s) == (logical_id, status)][-1]

    def settled(self) -> str:
        """Wait until no operation is in progress; gives the status."""
        self.until(lambda: not str(self.describe()["StackStatus"]).endswith("IN_PROGRESS"))
        return str(self.describe()["StackStatus"])

    def _configure(self, params: dict[str, Any], **_: Any) -> None:
        if params["body"]["Action"] in ("CreateStack", "UpdateStack"):
            params["body"].update(self.configuration)

    def _text(self) -> str:
        return self._notes.read_text() if self._notes.exists() else ""

    def _function(self) -> dict[str, Any]:
        return {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"AssumeRolePolicyDocument": trust("lambda")},
            },
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Timeout": 30,
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": CODE},
                    "Environment": {"Variables": {"NOTES": str(self._notes)}},
                },
            },
        }


def _custom(
    After: Any = (), Policy: str = "Delete", Replaced: str = "Delete", **properties: Any
) -> dict[str, Any]:
    token = {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "ServiceTimeout": "600"}
    return {
        "Type": "Custom::Thing",
        "DependsOn": [After] if isinstance(After, str) else list(After),
        "DeletionPolicy": Policy,
        "UpdateReplacePolicy": Replaced,
        "Properties": {**token, **properties},
    }
