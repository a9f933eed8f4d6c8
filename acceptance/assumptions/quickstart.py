"""Assumptions about a first deployment: how soon the session starts, and its createdBy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from testbed.cdk_cli import ROOT, CdkCli

from ..account import Account
from ..assumption import Answer, Assumption, answer

STACK = "EmrServerlessSessionQuickstart"
APP = ROOT / "examples" / "quickstart" / "app.py"
SESSION_TYPE = "Custom::EMRServerlessSession"
FUNCTION_TYPE = "AWS::Lambda::Function"

CREATED_BY = Assumption(
    "created-by",
    "createdBy of a session is arn:PARTITION:sts::ACCOUNT:assumed-role/ROLE/FUNCTION, with the "
    "name of the function that started it.",
)
CHAIN = Assumption(
    "first-deployment",
    "The quickstart's first deployment starts its session within a minute, and takes no more "
    "than five minutes.",
)


@dataclass(frozen=True)
class Deployed:
    """What was observed of the quickstart's first deployment.

    Attributes:
        created_by: The session's ``createdBy``.
        function: The name of the function in the stack.
        until_session: Seconds from the start of the stack's creation to that of the session's.
        until_complete: Seconds that the stack's creation took.
        slowest: The resources that took longest, with their seconds.
    """

    created_by: str
    function: str
    until_session: float
    until_complete: float
    slowest: str


@contextmanager
def quickstart(account: Account) -> Iterator[Deployed]:
    """Deploy the quickstart by the CDK CLI, and destroy it.

    Raises:
        RuntimeError: There is a stack of that name already.
    """
    if _exists(account):
        raise RuntimeError(
            f"There is a stack {STACK} in {account.region} already: destroy it, or use another "
            "region."
        )
    cdk = CdkCli(account)
    assembly = account.folder / "cdk.out"
    cdk.synth(APP, assembly)
    try:
        outputs = cdk.deploy(assembly, STACK, tags=account.tags)
        yield _observe(account, outputs)
    finally:
        cdk.destroy(assembly, STACK)


def created_by(deployed: Deployed) -> Answer:
    """Who made the session, as the service says."""
    parts = deployed.created_by.split("/")
    holds = ":assumed-role" in parts[0] and parts[-1] == deployed.function
    return answer(CREATED_BY, f"{deployed.created_by}; function {deployed.function}", holds)


def first_deployment(deployed: Deployed) -> Answer:
    """How long the first deployment took."""
    observed = (
        f"the session began after {deployed.until_session:.0f} s, the stack was complete after "
        f"{deployed.until_complete:.0f} s; slowest: {deployed.slowest}"
    )
    holds = deployed.until_session <= 60 and deployed.until_complete <= 300
    return answer(CHAIN, observed, holds)


def _exists(account: Account) -> bool:
    try:
        stacks = account.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return False
    return any(stack["StackStatus"] != "DELETE_COMPLETE" for stack in stacks)


def _observe(account: Account, outputs: dict[str, str]) -> Deployed:
    client = account.client("cloudformation")
    pages = client.get_paginator("describe_stack_events").paginate(StackName=STACK)
    events = [event for page in pages for event in page["StackEvents"]]
    begins = _times(events, "CREATE_IN_PROGRESS", earliest=True)
    ends = _times(events, "CREATE_COMPLETE", earliest=False)
    types = {event["LogicalResourceId"]: event["ResourceType"] for event in events}
    session = next(name for name, kind in types.items() if kind == SESSION_TYPE)
    took = {
        name: (ends[name] - begins[name]).total_seconds()
        for name in begins.keys() & ends.keys() - {STACK}
    }
    slowest = sorted(took.items(), key=lambda one: -one[1])[:5]
    described = account.client("emr-serverless").get_session(
        applicationId=outputs["ApplicationId"], sessionId=outputs["SessionId"]
    )["session"]
    resources = client.describe_stack_resources(StackName=STACK)["StackResources"]
    return Deployed(
        created_by=described["createdBy"],
        function=next(
            one["PhysicalResourceId"] for one in resources if one["ResourceType"] == FUNCTION_TYPE
        ),
        until_session=(begins[session] - begins[STACK]).total_seconds(),
        until_complete=(ends[STACK] - begins[STACK]).total_seconds(),
        slowest=", ".join(f"{name} {seconds:.0f} s" for name, seconds in slowest),
    )


def _times(events: list[dict[str, Any]], status: str, *, earliest: bool) -> dict[str, datetime]:
    """When each resource was first, or last, in a status. Events are the newest first."""
    found: dict[str, datetime] = {}
    for event in events if earliest else reversed(events):
        if event["ResourceStatus"] == status:
            found[event["LogicalResourceId"]] = event["Timestamp"]
    return found
