"""Removed and replaced sessions end, although the same update changes the policies."""

import json
import subprocess
import sys
from functools import partial

import aws_cdk as cdk

from cdk_emr_serverless_session import Session
from testbed.apps import application, execution_role, output
from tests.e2e.deployment import USABLE, Deployment


def sessions(stack: cdk.Stack, *, on: dict[str, str], release: str = "emr-spark-8.1.0") -> None:
    """Fill a stack with two applications and sessions on them, named as in the map."""
    role = execution_role(stack)
    applications = {name: application(stack, name, release_label=release) for name in ("A", "B")}
    for name, place in on.items():
        session = Session(stack, name, application=applications[place], execution_role=role)
        output(stack, session, prefix=name)


def named(outputs: dict[str, str], prefix: str) -> dict[str, str]:
    """Pick the outputs of one session."""
    return {
        name.removeprefix(prefix): value
        for name, value in outputs.items()
        if name.startswith(prefix)
    }


def test_a_dropped_session_ends_and_its_neighbour_stays(deployment: Deployment) -> None:
    before = deployment.deploy(partial(sessions, on={"Kept": "A", "Dropped": "B"}))

    after = deployment.deploy(partial(sessions, on={"Kept": "A"}))

    assert named(after, "Kept") == named(before, "Kept")
    assert deployment.session(named(before, "Dropped"))["state"] == "TERMINATED"
    assert deployment.session(named(after, "Kept"))["state"] in USABLE


def test_a_session_moves_to_another_application(deployment: Deployment) -> None:
    before = deployment.deploy(partial(sessions, on={"Moved": "A"}))

    after = deployment.deploy(partial(sessions, on={"Moved": "B"}))

    assert after["MovedApplicationId"] != before["MovedApplicationId"]
    assert deployment.session(named(before, "Moved"))["state"] == "TERMINATED"
    assert deployment.session(named(after, "Moved"))["state"] in USABLE


def retained(stack: cdk.Stack, *, minutes: int | None) -> None:
    """Fill a stack with an application and, if there are minutes, a session that is left alone."""
    role, place = execution_role(stack), application(stack)
    if minutes is not None:
        session = Session(
            stack,
            "Retained",
            application=place,
            execution_role=role,
            idle_timeout=cdk.Duration.minutes(minutes),
            removal_policy=cdk.RemovalPolicy.RETAIN,
        )
        output(stack, session)


def test_a_retained_session_outlives_its_resource_and_is_no_stray(deployment: Deployment) -> None:
    replaced = deployment.deploy(partial(retained, minutes=60))
    dropped = deployment.deploy(partial(retained, minutes=30))
    deployment.deploy(partial(retained, minutes=None))

    live = {session["arn"] for session in deployment.live()}
    assert live == {replaced["SessionArn"], dropped["SessionArn"]}
    command = ("strays", "--json", "--application", replaced["ApplicationId"])
    said = subprocess.run(
        [sys.executable, "-m", "emr_session", *command],
        env=deployment.aws.environment(),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert {row["arn"]: row["verdict"] for row in json.loads(said.stdout)} == dict.fromkeys(
        live, "retained"
    )


def renamed(stack: cdk.Stack, *, application_name: str) -> None:
    """Fill a stack with a session on an application whose name, if changed, replaces it."""
    session = Session(
        stack,
        "Session",
        application=application(stack, name=application_name),
        execution_role=execution_role(stack),
    )
    output(stack, session)


def test_a_replaced_application_leaves_nothing_behind(deployment: Deployment) -> None:
    before = deployment.deploy(partial(renamed, application_name="first"))

    after = deployment.deploy(partial(renamed, application_name="second"))

    assert after["ApplicationId"] != before["ApplicationId"]
    assert deployment.session()["state"] in USABLE
    assert [session["sessionId"] for session in deployment.live()] == [after["SessionId"]]
    assert deployment.application_state(before) == "TERMINATED", "it was deleted"
