"""Every example deploys unchanged by the CDK CLI, and leaves nothing when it is destroyed."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from testbed.cdk_cli import ROOT, CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import LIVE, USABLE, template

EXAMPLES = ROOT / "examples"


@contextmanager
def deployed(cdk_cli: CdkCli, name: str, folder: Path) -> Iterator[dict[str, str]]:
    """Deploy all stacks of an example, hand out its outputs, and destroy them all."""
    assembly = folder / "cdk.out"
    cdk_cli.synth(EXAMPLES / name / "app.py", assembly)
    yield cdk_cli.deploy(assembly)
    cdk_cli.destroy(assembly, "--all")


def session_of(aws: LocalAws, application_id: str, session_id: str) -> dict[str, Any]:
    """Ask the service for a session."""
    answer = aws.client("emr-serverless").get_session(
        applicationId=application_id, sessionId=session_id
    )
    session: dict[str, Any] = answer["session"]
    return session


def assert_over(aws: LocalAws, application_id: str) -> None:
    """Hold that an application is gone with every session that ran on it."""
    client = aws.client("emr-serverless")
    application = client.get_application(applicationId=application_id)["application"]
    sessions = client.list_sessions(applicationId=application_id)["sessions"]
    assert application["state"] == "TERMINATED"
    assert not [session for session in sessions if session["state"] in LIVE]


def test_a_team_connects_to_its_notebook_by_a_role(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    with deployed(cdk_cli, "team_notebook", tmp_path) as outputs:
        session = session_of(aws, outputs["ApplicationId"], outputs["SessionId"])
        assert session["state"] in USABLE
        assert session["tags"]["team"] == "search"

        client = aws.client("emr-serverless")
        application = client.get_application(applicationId=outputs["ApplicationId"])["application"]
        assert application["initialCapacity"]["Executor"]["workerCount"] == 2

        parsed = template(tmp_path / "cdk.out", "EmrServerlessSessionTeamNotebook")
        (policy,) = [
            resource
            for id, resource in parsed["Resources"].items()
            if id.startswith("TeamRoleDefaultPolicy")
        ]
        assert "emr-serverless:GetSessionEndpoint" in str(policy)
        disable_schedules(aws, "EmrServerlessSessionTeamNotebook")
        command_starts_a_successor(aws, outputs["SessionId"])
    assert_over(aws, outputs["ApplicationId"])


def disable_schedules(aws: LocalAws, stack: str) -> None:
    """Have a stack's schedules call no more: by the machine's clock, their time may be now."""
    client = aws.client("scheduler")
    resources = aws.client("cloudformation").describe_stack_resources(StackName=stack)
    for resource in resources["StackResources"]:
        if resource["ResourceType"] == "AWS::Scheduler::Schedule":
            schedule = client.get_schedule(Name=resource["PhysicalResourceId"])
            kept = ("Name", "ScheduleExpression", "FlexibleTimeWindow", "Target")
            client.update_schedule(**{name: schedule[name] for name in kept}, State="DISABLED")


def command_starts_a_successor(aws: LocalAws, session_id: str) -> None:
    """End the session with the command and have it start a successor, by the construct's path."""
    path = "EmrServerlessSessionTeamNotebook/Session"
    assert "keep_alive" in emr_session(aws, "terminate", path, "--yes").stderr
    started = emr_session(aws, "start", path).stdout
    assert f"the successor of {session_id}" in started
    assert "Successor of" in emr_session(aws, "describe", path).stdout
    assert '"requestType": "Create"' in emr_session(aws, "logs", session_id).stdout


def emr_session(aws: LocalAws, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "emr_session", *arguments],
        env=aws.environment(),
        capture_output=True,
        text=True,
        check=True,
    )


def test_a_session_lives_in_another_stack_than_its_application(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    with deployed(cdk_cli, "two_stacks", tmp_path) as outputs:
        session = session_of(aws, outputs["ApplicationId"], outputs["SessionId"])
        assert session["state"] in USABLE
    assert_over(aws, outputs["ApplicationId"])


def test_sessions_of_one_application_have_configurations_of_their_own(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    with deployed(cdk_cli, "several_sessions", tmp_path) as outputs:
        found = {
            purpose: session_of(aws, outputs["ApplicationId"], outputs[f"{purpose}SessionId"])
            for purpose in ("Exploration", "Features", "Dashboards")
        }
        assert {session["state"] for session in found.values()} <= USABLE
        assert {name: session["idleTimeoutMinutes"] for name, session in found.items()} == {
            "Exploration": 30,
            "Features": 120,
            "Dashboards": 240,
        }
        (features,) = found["Features"]["configurationOverrides"]["runtimeConfiguration"]
        assert features["properties"]["spark.executor.memory"] == "48g"
    assert_over(aws, outputs["ApplicationId"])


def test_a_session_starts_in_a_private_network(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    with deployed(cdk_cli, "private_network", tmp_path) as outputs:
        session = session_of(aws, outputs["ApplicationId"], outputs["SessionId"])
        assert session["state"] in USABLE
        client = aws.client("emr-serverless")
        application = client.get_application(applicationId=outputs["ApplicationId"])["application"]
        assert len(application["networkConfiguration"]["subnetIds"]) == 2
    parsed = template(tmp_path / "cdk.out", "EmrServerlessSessionPrivate")
    endpoints = [
        str(resource["Properties"]["ServiceName"])
        for resource in parsed["Resources"].values()
        if resource["Type"] == "AWS::EC2::VPCEndpoint"
    ]
    assert any("emr-serverless-services.sessions" in name for name in endpoints)
    assert_over(aws, outputs["ApplicationId"])


@pytest.mark.xdist_group("with Spark")
def test_a_ci_run_queries_its_session_and_leaves_nothing_behind(
    aws_with_spark: LocalAws,
    cdk_cli_with_spark: CdkCli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aws = aws_with_spark
    monkeypatch.setenv("CI_RUN", "4711")
    # The app reads it: the process of the CLI that is kept has the environment of before.
    cdk_cli = replace(cdk_cli_with_spark, resident=None)
    with deployed(cdk_cli, "ephemeral_ci", tmp_path) as outputs:
        session = session_of(aws, outputs["ApplicationId"], outputs["SessionId"])
        assert session["state"] in USABLE
        assert session["name"] == "ci-4711"
        assert session["tags"]["ci-run"] == "4711"

        (tmp_path / "outputs.json").write_text(json.dumps({"EmrServerlessSessionCi": outputs}))
        queried = subprocess.run(
            [sys.executable, "-W", "ignore", EXAMPLES / "ephemeral_ci" / "query.py"],
            cwd=tmp_path,
            env=aws.environment(),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        assert queried.stdout == "Spark counted to 1000\n"
    assert_over(aws, outputs["ApplicationId"])
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    assert "EmrServerlessSessionCi-4711" not in {stack["StackName"] for stack in stacks}
