"""Deployments by the CDK CLI on the local AWS, and how soon CloudFormation knows of a session.

The handler runs there in the local AWS's Lambda.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from benchmarks.process import Quartiles
from cdk_emr_serverless_session import Session
from testbed.apps import application, execution_role
from testbed.cdk_cli import CdkCli
from testbed.local_aws import LocalAws

MANY = 25
DEPLOYS_OF_ONE = 3
START_SECONDS = 3.0


@dataclass(frozen=True)
class Deployments:
    """Seconds of whole deployments, and of the wait after sessions were usable."""

    seconds: dict[int, list[float]]
    seconds_to_know: Quartiles
    longest_to_know: float


def measure(say: Callable[[str], None]) -> Deployments:
    """Deploy one session, a few times, and then many in one stack."""
    seconds: dict[int, list[float]] = {1: [], MANY: []}
    waits: list[float] = []
    with tempfile.TemporaryDirectory(prefix="emr-serverless-session-bench-") as folder:
        home = Path(folder)
        with LocalAws(home, session_start_seconds=START_SECONDS) as aws:
            cli = CdkCli(aws)
            cli.bootstrap()
            one, many = _synth(home, 1), _synth(home, MANY)
            for number in range(1, DEPLOYS_OF_ONE + 1):
                say(f"one session, {number} of {DEPLOYS_OF_ONE}")
                seconds[1].append(_seconds(cli, one))
                waits += _waits(aws, "Sessions1")
                cli.destroy(one)
            say(f"{MANY} sessions")
            seconds[MANY].append(_seconds(cli, many))
            waits += _waits(aws, f"Sessions{MANY}")
    return Deployments(seconds, Quartiles.of(waits), max(waits))


def _seconds(cli: CdkCli, assembly: Path) -> float:
    began = time.monotonic()
    cli.deploy(assembly)
    return time.monotonic() - began


def _synth(home: Path, count: int) -> Path:
    assembly = home / f"{count}.cdk.out"
    app = cdk.App(outdir=str(assembly), analytics_reporting=False)
    stack = cdk.Stack(app, f"Sessions{count}")
    shared, role = application(stack), execution_role(stack)
    for number in range(count):
        Session(
            stack,
            f"Session{number}",
            application=shared,
            execution_role=role,
            idle_timeout=cdk.Duration.minutes(30),
        )
    app.synth()
    return assembly


def _waits(aws: LocalAws, stack: str) -> list[float]:
    """Seconds between each session being usable and its resource being complete."""
    events: list[dict[str, Any]] = aws.client("cloudformation").describe_stack_events(
        StackName=stack
    )["StackEvents"]
    service = aws.client("emr-serverless")
    waits = []
    for event in events:
        arn = event.get("PhysicalResourceId") or ""
        if event["ResourceStatus"] == "CREATE_COMPLETE" and "/sessions/" in arn:
            _, _, application_id, _, session_id = arn.split(":", 5)[5].split("/")
            found = service.get_session(applicationId=application_id, sessionId=session_id)
            usable = found["session"]["startedAt"]
            waits.append((event["Timestamp"] - usable).total_seconds())
    return waits
