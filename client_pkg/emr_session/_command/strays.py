"""``strays``: live sessions that have a stack's owner tags and that no stack holds.

What a stack has left alone on purpose, by a removal policy of RETAIN, is shown as such.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from .._emr.aws import Aws
from .._emr.inventory import ListedSession, Owner, inventory
from .._emr.names import LIVE_STATES
from .._emr.stacks import is_absence
from .arguments import APPLICATION
from .command import DONE, FOUND, command
from .invocation import Invocation
from .table import Column, table
from .times import timestamp

STRAY, RETAINED, CHANGING = "stray", "retained", "stack is changing"
COLUMNS = (
    Column("VERDICT", styles={STRAY: "bold red", RETAINED: "yellow", CHANGING: "yellow"}),
    Column("SESSION"),
    Column("STATE", rank=2),
    Column("STACK", shortest=20),
    Column("RESOURCE", shortest=20),
    Column("WHY", shortest=20),
    Column("CREATED", rank=1),
    Column("ARN", rank=3),
)


@command(APPLICATION)
def strays(run: Invocation, application: str | None) -> int:
    """List live sessions whose stack is gone or doesn't hold them, and why.

    Retained sessions are shown too, and sessions of a stack that is being changed, without a
    verdict. Needs ListApplications, ListSessions, GetSession, and CloudFormation's
    DescribeStacks, DescribeStackResource and DescribeStackEvents. The exit code is 3 if there are
    strays.
    """
    rows = [
        {
            "verdict": verdict,
            "session": listed.session_id,
            "state": listed.state,
            "stack": owner.stack_name,
            "resource": owner.logical_id,
            "why": why,
            "created": timestamp(listed.created_at),
            "arn": listed.arn,
        }
        for listed, owner, verdict, why in verdicts(run.aws, application)
    ]
    if run.output.as_json:
        run.output.json(rows)
    elif rows:
        cells = [list(row.values()) for row in rows]
        run.output.console.print(table(COLUMNS, cells, run.output.console.width))
    else:
        run.output.line("There are no strays.")
    return FOUND if any(row["verdict"] == STRAY for row in rows) else DONE


def verdicts(
    aws: Aws, application: str | None = None
) -> Iterator[tuple[ListedSession, Owner, str, str]]:
    """The live sessions that no stack holds: each with its owner, the verdict, and why.

    Raises:
        botocore.exceptions.ClientError: EMR Serverless or CloudFormation refuses what is asked.
    """
    for listed in inventory(aws, application_id=application, states=LIVE_STATES):
        judged = listed.owner and judge(aws.of("cloudformation"), listed, listed.owner)
        if listed.owner and judged:
            yield listed, listed.owner, *judged


def judge(cloudformation: Any, listed: ListedSession, owner: Owner) -> tuple[str, str] | None:
    """The verdict on a session and why, or None where its stack holds it.

    Raises:
        botocore.exceptions.ClientError: CloudFormation refuses ``DescribeStacks``,
            ``DescribeStackResource`` or ``DescribeStackEvents``.
    """
    verdict = _by_what_is_held(cloudformation, listed, owner)
    if verdict and verdict[0] == STRAY and _was_left_alone(cloudformation, listed, owner):
        return RETAINED, "the stack left it to its time-outs (DELETE_SKIPPED)"
    return verdict


def _by_what_is_held(
    cloudformation: Any, listed: ListedSession, owner: Owner
) -> tuple[str, str] | None:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=owner.stack_id)["Stacks"]
    except ClientError as error:
        if not is_absence(error):
            raise
        return STRAY, "the stack is gone"
    status = stack["StackStatus"]
    if status == "DELETE_COMPLETE":
        return STRAY, "the stack is gone"
    if status.endswith("_IN_PROGRESS"):
        return CHANGING, f"the stack is {status}"
    try:
        resource = cloudformation.describe_stack_resource(
            StackName=owner.stack_id, LogicalResourceId=owner.logical_id
        )["StackResourceDetail"]
    except ClientError as error:
        if not is_absence(error):
            raise
        return STRAY, f"the stack has no resource {owner.logical_id}"
    if resource["ResourceStatus"] in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
        return STRAY, f"the stack no longer holds it ({resource['ResourceStatus']})"
    held = resource.get("PhysicalResourceId")
    if held and held in (listed.arn, owner.held_arn):
        return None
    return STRAY, f"the stack holds {held or 'nothing'}"


def _was_left_alone(cloudformation: Any, listed: ListedSession, owner: Owner) -> bool:
    """Whether the stack let it, or what it stands in for, go without a Delete.

    The events alone say so of a session that was replaced. CloudFormation keeps those of a stack
    that is gone for 90 days, and a session lives for one.
    """
    pages = cloudformation.get_paginator("describe_stack_events").paginate(StackName=owner.stack_id)
    try:
        return any(
            event["ResourceStatus"] == "DELETE_SKIPPED"
            and event["LogicalResourceId"] == owner.logical_id
            and event.get("PhysicalResourceId") in (listed.arn, owner.held_arn)
            for page in pages
            for event in page["StackEvents"]
        )
    except ClientError as error:
        if not is_absence(error):
            raise
        return False
