"""The logs after a failed deployment, and after a stack's deletion."""

import json
import re
from collections.abc import Iterator
from typing import Any

from testbed.apps import one_session, session_that_does_not_fit
from tests.e2e.deployment import Deployment


def log_lines(deployment: Deployment, log_group: str) -> list[dict[str, Any]]:
    """Return the lines of a log group that the handler wrote."""
    client = deployment.aws.client("logs")
    events = client.filter_log_events(logGroupName=log_group)["events"]
    lines = [line for event in events for line in event["message"].splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def resources_of_the_stack(deployment: Deployment) -> Iterator[str]:
    """Yield functions, roles and schedules that have the stack's name, and what they are."""
    aws, begins = deployment.aws, f"{deployment.name}-"
    for function in aws.client("lambda").list_functions()["Functions"]:
        if function["FunctionName"].startswith(begins):
            yield f"function {function['FunctionName']}"
    for role in aws.client("iam").list_roles()["Roles"]:
        if role["RoleName"].startswith(begins):
            yield f"role {role['RoleName']}"
    for schedule in aws.client("scheduler").list_schedules()["Schedules"]:
        if schedule["Name"].startswith(begins):
            yield f"schedule {schedule['Name']}"


def log_groups_of_the_stack(deployment: Deployment) -> list[dict[str, Any]]:
    """Return the log groups that have the stack's name."""
    groups = deployment.aws.client("logs").describe_log_groups()["logGroups"]
    return [group for group in groups if f"{deployment.name}-" in group["logGroupName"]]


def test_the_reason_of_a_failed_first_deployment_leads_to_its_log(deployment: Deployment) -> None:
    assembly = deployment.synth(session_that_does_not_fit)
    said = deployment.cdk.try_deploy(assembly, deployment.name)

    (event,) = [
        event
        for event in deployment.events()
        if event["ResourceType"] == "Custom::EMRServerlessSession"
        and event["ResourceStatus"] == "CREATE_FAILED"
    ]
    reason = event["ResourceStatusReason"]
    assert reason.count("maximum capacity") == 1, "the reason says it once"
    assert not re.search(r"Traceback|\n\s+at |\.py\b|\.js:", reason), "it has no stack trace"
    assert "Log group: " in reason
    for event in deployment.events():
        assert event["ResourceStatus"] != "DELETE_FAILED"
    assert "Traceback" not in said

    # The stack has been rolled back by now: what made the log group with it.
    log_group = reason.partition("Log group: ")[2].split()[0].rstrip(".)")
    (session,) = deployment.owned()
    created = [
        line for line in log_lines(deployment, log_group) if line.get("requestType") == "Create"
    ]
    assert created, "the log can still be read"
    assert {line.get("sessionId") for line in created} == {session["sessionId"]}
    assert created[-1]["status"] == "FAILED"
    assert created[-1]["state"] == "FAILED"
    assert isinstance(created[-1]["milliseconds"], float)


def test_a_destroyed_stack_leaves_only_a_log_that_expires(deployment: Deployment) -> None:
    outputs = deployment.deploy(one_session)
    assert list(resources_of_the_stack(deployment)) != []
    (group,) = log_groups_of_the_stack(deployment)

    deployment.destroy()

    assert deployment.status() == "absent"
    assert list(resources_of_the_stack(deployment)) == []
    assert deployment.live() == []
    assert deployment.application_state(outputs) == "TERMINATED"
    assert [g["logGroupName"] for g in log_groups_of_the_stack(deployment)] == [
        group["logGroupName"]
    ]
    assert group["retentionInDays"] == 30
    lines = log_lines(deployment, group["logGroupName"])
    answered = {line["requestType"]: line for line in lines if line.get("event") == "answered"}
    assert answered.keys() == {"Create", "Delete"}
    for line in answered.values():
        assert line["status"] == "SUCCESS"
        assert line["sessionId"] == outputs["SessionId"]


def test_a_log_group_that_stayed_is_in_the_way_of_no_deployment(deployment: Deployment) -> None:
    assembly = deployment.synth(session_that_does_not_fit)
    deployment.cdk.try_deploy(assembly, deployment.name)
    (before,) = log_groups_of_the_stack(deployment)

    # The CLI deletes a stack whose creation was rolled back, and makes another.
    deployment.deploy(one_session)

    names = {group["logGroupName"] for group in log_groups_of_the_stack(deployment)}
    assert before["logGroupName"] in names
    assert len(names) == 2
