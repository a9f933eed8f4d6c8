"""CloudFormation of the local AWS sends custom resources the events that AWS sends."""

import itertools
import json
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server

CODE = Path(__file__).with_name("recorder.py").read_text()
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        }
    ]
}
# A resource that fails, after the custom one.
BROKEN = {
    "Type": "AWS::EMRServerless::Application",
    "DependsOn": "Thing",
    "Properties": {"Type": "NEITHER", "ReleaseLabel": "emr-7.13.0"},
}
_numbers = itertools.count(1)


class Stack:
    """A stack with one custom resource, ``Thing``, and what its function was sent."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.name = f"Custom{next(_numbers)}"
        self._notes = folder / "notes"
        self._cloudformation = server.client("cloudformation")

    def deploy(
        self,
        *,
        broken: bool = False,
        replace: str = "",
        other: dict[str, Any] | None = None,
        rollback: bool = True,
        wait: bool = True,
        **properties: Any,
    ) -> str:
        """Create or update it with these properties of ``Thing``; gives the status it ends in.

        ``other`` are the properties of a second custom resource.
        """
        resources: dict[str, Any] = {
            "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": TRUST}},
            "Function": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Runtime": "python3.13",
                    "Handler": "index.handler",
                    "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                    "Code": {"ZipFile": CODE},
                    "Environment": {"Variables": {"NOTES": str(self._notes)}},
                },
            },
            "Thing": {
                "Type": "Custom::Thing",
                "Properties": {
                    "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                    "ServiceTimeout": "2" if properties.get("Silent") and wait else "600",
                    **properties,
                },
            },
        }
        if replace:
            resources["Thing"]["UpdateReplacePolicy"] = replace
        if other:
            token = resources["Thing"]["Properties"]["ServiceToken"]
            resources["Other"] = {
                "Type": "AWS::CloudFormation::CustomResource",
                "DependsOn": "Thing",
                "Properties": {"ServiceToken": token, **other},
            }
        if broken:
            resources["Broken"] = BROKEN
        template = json.dumps({"Resources": resources})
        exists = self._notes.exists()
        do = self._cloudformation.update_stack if exists else self._cloudformation.create_stack
        do(
            StackName=self.name,
            TemplateBody=template,
            Capabilities=["CAPABILITY_IAM"],
            DisableRollback=not rollback,
        )
        return self._settled() if wait else "IN_PROGRESS"

    def delete(self) -> str:
        """Delete it; gives the status it ends in."""
        self._stack_id = self._describe()["StackId"]
        self._cloudformation.delete_stack(StackName=self._stack_id)
        return self._settled()

    def wait_for_event(self) -> None:
        """Wait until the function has been sent something."""
        until = time.monotonic() + 30
        while not self._notes.exists():
            assert time.monotonic() < until
            time.sleep(0.05)

    def sent(self) -> list[tuple[str, str | None]]:
        """The type and physical id of each event since the last time."""
        lines = self._notes.read_text().splitlines()
        self._notes.write_text("")
        self.events = [json.loads(line) for line in lines]
        return [(event["RequestType"], event.get("PhysicalResourceId")) for event in self.events]

    def physical_id(self) -> str:
        answer = self._cloudformation.describe_stack_resource(
            StackName=self.name, LogicalResourceId="Thing"
        )
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def resource_events(self) -> list[tuple[str, str, str]]:
        """Logical id, status and physical id of each stack event, oldest first."""
        events = self._cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("PhysicalResourceId", ""))
            for e in reversed(events)
        ]

    def _describe(self) -> dict[str, Any]:
        name = getattr(self, "_stack_id", self.name)
        return dict(self._cloudformation.describe_stacks(StackName=name)["Stacks"][0])

    def _settled(self) -> str:
        until = time.monotonic() + 30
        while (status := str(self._describe()["StackStatus"])).endswith("IN_PROGRESS"):
            assert time.monotonic() < until, status
            time.sleep(0.05)
        return status


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> Stack:
    return Stack(server, tmp_path)


def test_a_life_without_failures(stack: Stack) -> None:
    assert stack.deploy(Id="a") == "CREATE_COMPLETE"
    assert stack.deploy(Id="a", More="1") == "UPDATE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.sent() == [("Create", None), ("Update", "a"), ("Delete", "a")]


def test_properties_arrive_as_strings(stack: Stack) -> None:
    stack.deploy(Id="a", Number=1, Truth=True, Nested={"Deep": [2]})
    stack.sent()
    properties = stack.events[0]["ResourceProperties"]
    assert (properties["Number"], properties["Truth"]) == ("1", "true")
    assert properties["Nested"] == {"Deep": ["2"]}


def test_a_failed_create_is_deleted_by_the_id_it_answered_with(stack: Stack) -> None:
    assert stack.deploy(Id="a", Fail=["Create"]) == "ROLLBACK_COMPLETE"
    assert stack.sent() == [("Create", None), ("Delete", "a")]
    assert stack.events[1]["ResourceProperties"]["Id"] == "a"


def test_a_create_without_an_answer_is_deleted_by_an_id_that_was_made_up(stack: Stack) -> None:
    assert stack.deploy(Id="a", Silent=["Create"]) == "ROLLBACK_COMPLETE"
    (create, nothing), (delete, made_up) = stack.sent()
    assert (create, nothing, delete) == ("Create", None, "Delete")
    assert made_up is not None
    assert made_up.startswith(f"{stack.name}-Thing-")


def test_a_failed_create_that_is_not_rolled_back_is_deleted_with_the_stack(stack: Stack) -> None:
    assert stack.deploy(Id="a", Fail=["Create"], rollback=False) == "CREATE_FAILED"
    assert stack.sent() == [("Create", None)]
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.sent() == [("Delete", "a")]


def test_a_create_before_another_failure_is_deleted(stack: Stack) -> None:
    assert stack.deploy(Id="a", broken=True) == "ROLLBACK_COMPLETE"
    assert stack.sent() == [("Create", None), ("Delete", "a")]


def test_a_failed_create_in_an_update_is_deleted_by_its_id(stack: Stack) -> None:
    stack.deploy(Id="a")
    stack.sent()
    other = {"Id": "o", "Fail": ["Create"]}
    assert stack.deploy(Id="b", other=other) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent() == [
        ("Update", "a"),
        ("Create", None),
        ("Update", "b"),
        ("Delete", "o"),
        ("Delete", "b"),
    ]
    assert stack.physical_id() == "a"


def test_an_update_in_place_before_another_failure_is_updated_back(stack: Stack) -> None:
    stack.deploy(Id="a")
    stack.sent()
    assert stack.deploy(Id="a", More="1", broken=True) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent() == [("Update", "a"), ("Update", "a")]


def test_a_replacement_is_cleaned_up_after_everything_else(stack: Stack) -> None:
    stack.deploy(Id="a")
    assert stack.deploy(Id="b") == "UPDATE_COMPLETE"
    assert stack.sent() == [("Create", None), ("Update", "a"), ("Delete", "a")]
    assert stack.events[2]["ResourceProperties"]["Id"] == "a"
    assert stack.physical_id() == "b"


def test_a_replaced_resource_that_is_retained_is_not_deleted(stack: Stack) -> None:
    stack.deploy(Id="a", replace="Retain")
    assert stack.deploy(Id="b", replace="Retain") == "UPDATE_COMPLETE"
    assert stack.sent() == [("Create", None), ("Update", "a")]


def test_a_replacement_before_another_failure_is_updated_back_then_deleted(stack: Stack) -> None:
    stack.deploy(Id="a")
    stack.sent()
    assert stack.deploy(Id="b", broken=True) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent() == [("Update", "a"), ("Update", "b"), ("Delete", "b")]
    back = stack.events[1]
    assert (back["ResourceProperties"]["Id"], back["OldResourceProperties"]["Id"]) == ("a", "b")
    assert stack.events[2]["ResourceProperties"]["Id"] == "b"
    assert stack.physical_id() == "a"
    events = stack.resource_events()
    assert ("Thing", "DELETE_COMPLETE", "b") in events
    clean_up = (stack.name, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    assert [e[:2] for e in events].index(clean_up) < events.index(("Thing", "DELETE_COMPLETE", "b"))


def test_a_failed_update_goes_back_under_the_id_it_answered_with(stack: Stack) -> None:
    stack.deploy(Id="a")
    stack.sent()
    assert stack.deploy(Id="b", Fail=["Update"]) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent() == [("Update", "a"), ("Update", "b"), ("Delete", "b")]
    assert stack.physical_id() == "a"


def test_a_failed_update_under_the_old_id_goes_back_under_it(stack: Stack) -> None:
    stack.deploy(Id="a")
    stack.sent()
    assert stack.deploy(Id="a", Fail=["Update"]) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent() == [("Update", "a"), ("Update", "a")]
    assert stack.physical_id() == "a"


def test_after_such_a_rollback_the_stack_is_as_before(stack: Stack) -> None:
    stack.deploy(Id="a")
    stack.deploy(Id="b", broken=True)
    stack.sent()
    assert stack.deploy(Id="a", More="1") == "UPDATE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.sent() == [("Update", "a"), ("Delete", "a")]


def test_a_response_that_is_too_long_fails(stack: Stack) -> None:
    assert stack.deploy(Id="a", Long=4096) == "ROLLBACK_COMPLETE"
    assert stack.sent() == [("Create", None), ("Delete", "a")]
