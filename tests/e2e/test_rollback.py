"""What is left of a session when a deployment fails."""

from functools import partial

import aws_cdk as cdk

from cdk_emr_serverless_session import Session
from tests.e2e.apps import application, execution_role, look_often, one_session, tripwire
from tests.e2e.deployment import USABLE, Deployment


def session_and_tripwire(stack: cdk.Stack, *, broken: bool, idle_minutes: int = 60) -> None:
    """Fill a stack with a session and a resource after it, that fails or not."""
    session = one_session(stack, idle_minutes=idle_minutes)
    tripwire(stack, session, broken=broken)


def session_that_does_not_fit(stack: cdk.Stack) -> None:
    """Fill a stack with a session whose workers the application has no room for."""
    look_often(stack)
    Session(
        stack,
        "Session",
        application=application(stack, maximum_capacity={"cpu": "1 vCPU", "memory": "2 GB"}),
        execution_role=execution_role(stack),
    )


def test_a_session_that_fails_rolls_the_stack_back(deployment: Deployment) -> None:
    said = deployment.fail_to_deploy(session_that_does_not_fit)

    assert "FAILED" in said
    assert "maximum capacity" in said, "the message says what to look at"
    assert deployment.status() == "ROLLBACK_COMPLETE"
    assert deployment.live() == []


def test_a_failing_neighbour_ends_the_session_of_a_new_stack(deployment: Deployment) -> None:
    said = deployment.fail_to_deploy(partial(session_and_tripwire, broken=True))

    assert "the tripwire was told to break" in said
    assert deployment.status() == "ROLLBACK_COMPLETE"
    assert deployment.live() == []


def test_a_failing_neighbour_brings_an_update_back_to_the_very_session(
    deployment: Deployment,
) -> None:
    before = deployment.deploy(partial(session_and_tripwire, broken=False))

    said = deployment.fail_to_deploy(partial(session_and_tripwire, broken=True, idle_minutes=30))

    assert "the tripwire was told to break" in said
    assert deployment.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert deployment.session(before)["state"] in USABLE
    assert [session["sessionId"] for session in deployment.live()] == [before["SessionId"]]
    assert len(deployment.owned()) == 2, "the update had started a session of its own"
