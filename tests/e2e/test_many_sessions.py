"""As many sessions in a stack as an application takes at once.

On a local AWS of their own, whose sessions are there before the first look: what it takes is then
the deployment's own work, resource after resource.
"""

from collections.abc import Iterator
from pathlib import Path

import aws_cdk as cdk
import pytest

from cdk_emr_serverless_session import Session
from testbed.apps import application, execution_role
from testbed.cdk_cli import CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import USABLE, Deployment

# The service's quota of concurrent sessions on an application.
MANY = 25


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Deployment]:
    """A stack on a local AWS that has seen nothing else."""
    with LocalAws(tmp_path, session_start_seconds=0.05) as aws:
        cli = CdkCli(aws)
        cli.bootstrap()
        yield Deployment(aws, cli, tmp_path, "Many")


def many_sessions(stack: cdk.Stack) -> None:
    """Fill a stack with sessions on one application, with one role."""
    shared, role = application(stack), execution_role(stack)
    for number in range(MANY):
        Session(
            stack,
            f"Session{number}",
            application=shared,
            execution_role=role,
            session_name=f"session-{number}",
            idle_timeout=cdk.Duration.minutes(30),
        )


@pytest.mark.slow
def test_an_application_full_of_sessions_is_deployed_and_destroyed(deployment: Deployment) -> None:
    deployment.deploy(many_sessions)

    resources = deployment.aws.client("cloudformation").describe_stack_resources(StackName="Many")
    held = {
        resource["PhysicalResourceId"]
        for resource in resources["StackResources"]
        if resource["ResourceType"] == "Custom::EMRServerlessSession"
    }
    live = deployment.live()
    assert deployment.requests("StartSession") == MANY
    assert {session["name"] for session in live} == {f"session-{n}" for n in range(MANY)}
    assert {session["arn"] for session in live} == held
    assert len(held) == MANY
    assert {session["state"] for session in live} <= USABLE

    deployment.destroy()

    over = deployment.owned()
    assert [session["state"] for session in over] == ["TERMINATED"] * MANY
    assert {session["arn"] for session in over} == held
    assert deployment.requests("StartSession") == MANY
    assert deployment.application_state({"ApplicationId": over[0]["applicationId"]}) == "TERMINATED"
