"""``make acceptance`` on the local AWS: it tests every assumption, and leaves nothing."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from testbed.cdk_cli import ROOT, CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import LIVE

ACCOUNT = "000000000000"
TAG = "cdk-emr-serverless-session:acceptance"
# An hour is seven seconds.
SCALE = "0.002"


@contextmanager
def acceptance(
    aws: LocalAws, command: str, *arguments: str, typed: str = ""
) -> Iterator[subprocess.Popen[str]]:
    """Run a command of it, with what is typed."""
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "acceptance", command),
            *("--region", "us-east-1", "--scale-waits", SCALE, *arguments),
        ],
        cwd=ROOT,
        env={**aws.environment(), "PYTHONPATH": ":".join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdin
    process.stdin.write(f"{typed}\n")
    process.stdin.close()
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def left_in(aws: LocalAws) -> set[str]:
    """The stacks of runs that are there."""
    pages = aws.client("cloudformation").get_paginator("describe_stacks").paginate()
    return {
        stack["StackName"]
        for page in pages
        for stack in page["Stacks"]
        if TAG in {tag["Key"] for tag in stack.get("Tags", [])}
        and stack["StackStatus"] != "DELETE_COMPLETE"
    }


def live_sessions_of(aws: LocalAws, prefixes: tuple[str, ...]) -> list[dict[str, Any]]:
    """The sessions that live on applications with some names."""
    client = aws.client("emr-serverless")
    applications = [
        one
        for page in client.get_paginator("list_applications").paginate()
        for one in page["applications"]
        if str(one.get("name")).startswith(prefixes)
    ]
    assert applications
    return [
        session
        for one in applications
        for session in client.list_sessions(applicationId=one["id"])["sessions"]
        if session["state"] in LIVE
    ]


def said_by(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    said = process.stdout.read()
    process.wait()
    return said


@pytest.mark.slow
def test_every_assumption_is_asked_and_nothing_is_left(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    assert cdk_cli
    with acceptance(aws, "run", "--reports", str(tmp_path), typed=ACCOUNT) as process:
        said = said_by(process)

    assert "costs at most USD" in said
    (machine,) = tmp_path.glob("*.json")
    report = json.loads(machine.read_text())
    answers = {one["assumption"]: one for one in report["answers"]}
    # What the local AWS does. None of it confirms anything of AWS.
    assert {assumption: one["confirmed"] for assumption, one in answers.items()} == {
        "created-by": "yes",
        "first-deployment": "yes",
        "start-time": "yes",
        "listed": "yes",
        "ended-twice": "yes",
        "tagged-on": "yes",
        "application-state": "yes",
        "failed-update": "yes",
        "express-replacement": "yes",
        "cancelled-create": "yes",
        "idle-zero": "yes",
        "client-token": "yes",
    }, said
    assert process.returncode == 0
    (markdown,) = tmp_path.glob("*.md")
    assert all(f"`{assumption}`" in markdown.read_text() for assumption in answers)
    page = (ROOT / "docs" / "assumptions.md").read_text().replace("`", "")
    told = {name: f"| {name} | {one['text']} |" for name, one in answers.items()}
    assert [name for name, row in told.items() if row not in page] == []
    assert left_in(aws) == set()
    assert live_sessions_of(aws, ("acceptance-", "quickstart")) == []


def test_what_an_interrupted_run_has_left_is_swept(aws: LocalAws, cdk_cli: CdkCli) -> None:
    assert cdk_cli
    with acceptance(aws, "run", typed=ACCOUNT) as process:
        assert process.stdout
        assert any(line.startswith("created-by") for line in process.stdout)
    assert left_in(aws) == {"EmrServerlessSessionQuickstart"}

    with acceptance(aws, "sweep") as process:
        said_by(process)
    assert process.returncode == 0
    assert left_in(aws) == set()
    assert live_sessions_of(aws, ("quickstart",)) == []


def test_nothing_is_done_before_the_accounts_number_is_typed(aws: LocalAws) -> None:
    before = aws.client("cloudformation").describe_stacks()["Stacks"]

    with acceptance(aws, "run", typed="yes") as process:
        said = said_by(process)
    assert process.returncode == 2
    assert said.endswith("Nothing was done.\n")
    assert aws.client("cloudformation").describe_stacks()["Stacks"] == before
