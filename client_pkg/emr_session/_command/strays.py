"""``strays``: live sessions that carry a stack's owner tags, and that no stack holds (any more).

What a stack has left alone on purpose, by a removal policy of RETAIN, is shown as such.
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from botocore.exceptions import ClientError

from .._emr.aws import Aws
from .._emr.names import LIVE_STATES
from .inventory import Listed, Owner, inventory
from .output import moment, print_rows

FOUND = 3
STRAY, RETAINED, CHANGING = "stray", "retained", "stack is changing"


def strays(aws: Aws, options: Namespace) -> int:
    """Print them, with why, and those that were retained.

    Those of a stack in the middle of an operation are shown unjudged.
    """
    rows = []
    for listed in inventory(aws, application_id=options.application, states=LIVE_STATES):
        judged = listed.owner and judge(aws.of("cloudformation"), listed, listed.owner)
        if listed.owner and judged:
            verdict, why = judged
            rows.append(
                {
                    "verdict": verdict,
                    "session": listed.session_id,
                    "state": listed.state,
                    "stack": listed.owner.stack_name,
                    "resource": listed.owner.logical_id,
                    "why": why,
                    "created": moment(listed.created_at),
                    "arn": listed.arn,
                }
            )
    print_rows(rows, as_json=options.json, nothing="There are no strays.")
    return FOUND if any(row["verdict"] == STRAY for row in rows) else 0


def judge(cloudformation: Any, listed: Listed, owner: Owner) -> tuple[str, str] | None:
    """The verdict on a session and why, or None where its stack holds it.

    Raises:
        botocore.exceptions.ClientError: CloudFormation refuses ``DescribeStacks``,
            ``DescribeStackResource`` or ``DescribeStackEvents``.
    """
    verdict = _by_what_is_held(cloudformation, listed, owner)
    if verdict and verdict[0] == STRAY and _was_left_alone(cloudformation, listed, owner):
        return RETAINED, "the stack left it to its time-outs (DELETE_SKIPPED)"
    return verdict


def _by_what_is_held(cloudformation: Any, listed: Listed, owner: Owner) -> tuple[str, str] | None:
    try:
        (stack,) = cloudformation.describe_stacks(StackName=owner.stack_id)["Stacks"]
    except ClientError as error:
        if not _is_absence(error):
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
        if not _is_absence(error):
            raise
        return STRAY, f"the stack has no resource {owner.logical_id}"
    if resource["ResourceStatus"] in ("DELETE_COMPLETE", "DELETE_SKIPPED"):
        return STRAY, f"the stack has let it go ({resource['ResourceStatus']})"
    held = resource.get("PhysicalResourceId")
    if held and held in (listed.arn, owner.held_arn):
        return None
    return STRAY, f"the stack holds {held or 'nothing'}"


def _was_left_alone(cloudformation: Any, listed: Listed, owner: Owner) -> bool:
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
        if not _is_absence(error):
            raise
        return False


def _is_absence(error: ClientError) -> bool:
    """Whether CloudFormation says that something isn't there. It has no code of its own for it."""
    said = error.response["Error"]
    return said["Code"] == "ValidationError" and (
        "does not exist" in said["Message"] or "not found" in said["Message"]
    )
