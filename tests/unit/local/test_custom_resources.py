"""CloudFormation of the local AWS sends custom resources the events that AWS sends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .conftest import Server
from .stacks import RecordingStack

# A resource that fails, after the custom one.
BROKEN = {
    "Type": "AWS::EMRServerless::Application",
    "DependsOn": "Thing",
    "Properties": {"Type": "NEITHER", "ReleaseLabel": "emr-7.13.0"},
}


class Stack(RecordingStack):
    """A stack with one custom resource, ``Thing``."""

    def deploy_thing(
        self,
        *,
        broken: bool = False,
        replace: str = "Delete",
        other: dict[str, Any] | None = None,
        rollback: bool = True,
        **properties: Any,
    ) -> str:
        """Create or update it with these properties of ``Thing``; gives the status it ends in.

        ``other`` are the properties of a second custom resource, which follows.
        """
        if properties.get("Silent"):
            # For what is answered, too: on a busy machine that takes seconds.
            properties["ServiceTimeout"] = "10"
        things: Any = {"Thing": {**properties, "Replaced": replace}}
        if other:
            things["Other"] = {**other, "After": "Thing"}
        resources = {"Broken": BROKEN} if broken else {}
        return self.deploy(resources=resources, rollback=rollback, **things)

    def sent_to_things(self) -> list[tuple[str, str | None]]:
        """The type and physical id of each event since the last time."""
        return [(kind, physical_id) for _, kind, physical_id in self.sent()]

    def physical_id(self) -> str:
        return str(self.resource("Thing")["PhysicalResourceId"])

    def resource_events(self) -> list[tuple[str, str, str]]:
        """Logical id, status and physical id of each stack event, oldest first."""
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            (e["LogicalResourceId"], e["ResourceStatus"], e.get("PhysicalResourceId", ""))
            for e in reversed(events)
        ]


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> Stack:
    return Stack(server, tmp_path)


def test_a_life_without_failures(stack: Stack) -> None:
    assert stack.deploy_thing(Id="a") == "CREATE_COMPLETE"
    assert stack.deploy_thing(Id="a", More="1") == "UPDATE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.sent_to_things() == [("Create", None), ("Update", "a"), ("Delete", "a")]


def test_properties_arrive_as_strings(stack: Stack) -> None:
    stack.deploy_thing(Id="a", Number=1, Truth=True, Nested={"Deep": [2]})
    stack.sent_to_things()
    properties = stack.events[0]["ResourceProperties"]
    assert (properties["Number"], properties["Truth"]) == ("1", "true")
    assert properties["Nested"] == {"Deep": ["2"]}


def test_a_failed_create_is_deleted_by_the_id_it_answered_with(stack: Stack) -> None:
    assert stack.deploy_thing(Id="a", Fail=["Create"]) == "ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Create", None), ("Delete", "a")]
    assert stack.events[1]["ResourceProperties"]["Id"] == "a"


def test_a_create_without_an_answer_is_deleted_by_an_id_that_was_made_up(stack: Stack) -> None:
    assert stack.deploy_thing(Id="a", Silent=["Create"]) == "ROLLBACK_COMPLETE"
    (create, nothing), (delete, made_up) = stack.sent_to_things()
    assert (create, nothing, delete) == ("Create", None, "Delete")
    assert made_up is not None
    assert made_up.startswith(f"{stack.name}-Thing-")


def test_a_failed_create_that_is_not_rolled_back_is_deleted_with_the_stack(stack: Stack) -> None:
    assert stack.deploy_thing(Id="a", Fail=["Create"], rollback=False) == "CREATE_FAILED"
    assert stack.sent_to_things() == [("Create", None)]
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.sent_to_things() == [("Delete", "a")]


def test_a_create_before_another_failure_is_deleted(stack: Stack) -> None:
    assert stack.deploy_thing(Id="a", broken=True) == "ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Create", None), ("Delete", "a")]


def test_a_failed_create_in_an_update_is_deleted_by_its_id(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    stack.sent_to_things()
    other = {"Id": "o", "Fail": ["Create"]}
    assert stack.deploy_thing(Id="b", other=other) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [
        ("Update", "a"),
        ("Create", None),
        ("Update", "b"),
        ("Delete", "o"),
        ("Delete", "b"),
    ]
    assert stack.physical_id() == "a"


def test_an_update_in_place_before_another_failure_is_updated_back(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    stack.sent_to_things()
    assert stack.deploy_thing(Id="a", More="1", broken=True) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Update", "a"), ("Update", "a")]


def test_a_replacement_is_cleaned_up_after_everything_else(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    assert stack.deploy_thing(Id="b") == "UPDATE_COMPLETE"
    assert stack.sent_to_things() == [("Create", None), ("Update", "a"), ("Delete", "a")]
    assert stack.events[2]["ResourceProperties"]["Id"] == "a"
    assert stack.physical_id() == "b"


def test_a_replaced_resource_that_is_retained_is_not_deleted(stack: Stack) -> None:
    stack.deploy_thing(Id="a", replace="Retain")
    assert stack.deploy_thing(Id="b", replace="Retain") == "UPDATE_COMPLETE"
    assert stack.sent_to_things() == [("Create", None), ("Update", "a")]


def test_a_replacement_before_another_failure_is_updated_back_then_deleted(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    stack.sent_to_things()
    assert stack.deploy_thing(Id="b", broken=True) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Update", "a"), ("Update", "b"), ("Delete", "b")]
    back = stack.events[1]
    assert (back["ResourceProperties"]["Id"], back["OldResourceProperties"]["Id"]) == ("a", "b")
    assert stack.events[2]["ResourceProperties"]["Id"] == "b"
    assert stack.physical_id() == "a"
    events = stack.resource_events()
    assert ("Thing", "DELETE_COMPLETE", "b") in events
    clean_up = (stack.name, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    assert [e[:2] for e in events].index(clean_up) < events.index(("Thing", "DELETE_COMPLETE", "b"))


def test_a_failed_update_goes_back_under_the_id_it_answered_with(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    stack.sent_to_things()
    assert stack.deploy_thing(Id="b", Fail=["Update"]) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Update", "a"), ("Update", "b"), ("Delete", "b")]
    assert stack.physical_id() == "a"


def test_a_failed_update_under_the_old_id_goes_back_under_it(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    stack.sent_to_things()
    assert stack.deploy_thing(Id="a", Fail=["Update"]) == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Update", "a"), ("Update", "a")]
    assert stack.physical_id() == "a"


def test_after_such_a_rollback_the_stack_is_as_before(stack: Stack) -> None:
    stack.deploy_thing(Id="a")
    stack.deploy_thing(Id="b", broken=True)
    stack.sent_to_things()
    assert stack.deploy_thing(Id="a", More="1") == "UPDATE_COMPLETE"
    assert stack.delete() == "DELETE_COMPLETE"
    assert stack.sent_to_things() == [("Update", "a"), ("Delete", "a")]


def test_a_response_that_is_too_long_fails(stack: Stack) -> None:
    assert stack.deploy_thing(Id="a", Long=4096) == "ROLLBACK_COMPLETE"
    assert stack.sent_to_things() == [("Create", None), ("Delete", "a")]
