"""The local AWS's CloudFormation puts a permissions boundary on a role."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server
from .stacks import RecordingStack, trust


def boundary() -> dict[str, Any]:
    """A managed policy that allows everything."""
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    return {
        "Type": "AWS::IAM::ManagedPolicy",
        "Properties": {"PolicyDocument": {"Statement": [everything]}},
    }


def role(name: str, **properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "RoleName": name,
            "AssumeRolePolicyDocument": trust("lambda"),
            **properties,
        },
    }


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> RecordingStack:
    return RecordingStack(server, tmp_path)


def test_a_role_has_the_boundary_of_its_template(server: Server, stack: RecordingStack) -> None:
    first, second = (f"bounded-{uuid.uuid4().hex}" for _ in range(2))

    def boundary_after(name: str, **properties: Any) -> str | None:
        resources = {"Boundary": boundary(), "Bounded": role(name, **properties)}
        assert stack.deploy(resources=resources).endswith("_COMPLETE")
        shown = server.client("iam").get_role(RoleName=name)["Role"]
        arn: str | None = shown.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        return arn

    bounded = {"PermissionsBoundary": {"Ref": "Boundary"}}
    arn = boundary_after(first, **bounded)
    assert arn == stack.resource("Boundary")["PhysicalResourceId"]
    assert boundary_after(first, Description="another", **bounded) == arn
    assert boundary_after(second, **bounded) == arn
    assert boundary_after(second) is None


def test_a_boundary_that_is_not_there_is_refused(stack: RecordingStack) -> None:
    missing = "arn:aws:iam::000000000000:policy/missing"
    bounded = role(f"bounded-{uuid.uuid4().hex}", PermissionsBoundary=missing)

    assert stack.deploy(resources={"Bounded": bounded}) == "ROLLBACK_COMPLETE"

    said = f"Scope ARN: {missing} does not exist or is not attachable"
    assert said in stack.reason("Bounded", "CREATE_FAILED")
