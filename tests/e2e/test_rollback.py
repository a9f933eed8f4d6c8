"""Sessions after a deployment that fails."""

from functools import partial

import aws_cdk as cdk

from testbed.apps import one_session, session_that_does_not_fit, tripwire
from tests.e2e.deployment import USABLE, Deployment


def session_and_tripwire(stack: cdk.Stack, *, broken: bool, idle_minutes: int = 60) -> None:
    """Fill a stack with a session and a resource after it, that fails or not."""
    session = one_session(stack, idle_minutes=idle_minutes)
    tripwire(stack, session, broken=broken)


def test_a_session_that_fails_rolls_the_stack_back(deployment: Deployment) -> None:
    said = deployment.fail_to_deploy(session_that_does_not_fit)

    assert "FAILED" in said
    assert "maximum capacity" in said, "the message says what to look at"
    assert deployment.status() == "ROLLBACK_COMPLETE"
    assert [session["state"] for session in deployment.owned()] == ["FAILED"]


def test_a_failing_neighbour_ends_the_session_of_a_new_stack(deployment: Deployment) -> None:
    said = deployment.fail_to_deploy(partial(session_and_tripwire, broken=True))

    assert "the tripwire was told to break" in said
    assert deployment.status() == "ROLLBACK_COMPLETE"
    assert [session["state"] for session in deployment.owned()] == ["TERMINATED"]


def test_a_failing_neighbour_brings_an_update_back_to_the_very_session(
    deployment: Deployment,
) -> None:
    before = deployment.deploy(partial(session_and_tripwire, broken=False))

    said = deployment.fail_to_deploy(partial(session_and_tripwire, broken=True, idle_minutes=30))

    assert "the tripwire was told to break" in said
    assert deployment.status() == "UPDATE_ROLLBACK_COMPLETE"
    assert deployment.session(before)["state"] in USABLE
    assert [session["sessionId"] for session in deployment.live()] == [before["SessionId"]]
    states = {session["sessionId"]: session["state"] for session in deployment.owned()}
    states.pop(before["SessionId"])
    assert list(states.values()) == ["TERMINATED"], "the update had started one of its own"
