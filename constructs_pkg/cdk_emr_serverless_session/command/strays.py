"""``strays``: live sessions that carry a stack's owner tags, and that no stack holds (any more)."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from botocore.exceptions import ClientError

from ..client.aws import Aws
from ..client.state import LIVE
from .inventory import Listed, Owner, inventory
from .output import moment, print_rows

FOUND = 3
STRAY, CHANGING = "stray", "stack is changing"


def strays(aws: Aws, options: Namespace) -> int:
    """Print them, with why. Those of a stack in the middle of an operation are shown unjudged."""
    rows = []
    for listed in inventory(aws, application_id=options.application, states=LIVE):
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
        botocore.exceptions.ClientError: CloudFormation refuses ``DescribeStacks`` or
            ``DescribeStackResource``.
    """
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


def _is_absence(error: ClientError) -> bool:
    """Whether CloudFormation says that something isn't there. It has no code of its own for it."""
    said = error.response["Error"]
    return said["Code"] == "ValidationError" and (
        "does not exist" in said["Message"] or "not found" in said["Message"]
    )
