"""Checks for sessions that no stack holds any more, and for a day that costs too much.

Publishes what it finds to a topic, and nothing when there is nothing. Reads only.
"""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from botocore.exceptions import ClientError

LIVE = ("SUBMITTED", "STARTING", "STARTED", "IDLE", "BUSY")
# Whose a session is: the tags that the constructs' function sets.
STACK = "emr-serverless-session:stack-id"
LOGICAL_ID = "emr-serverless-session:logical-id"
HELD = "emr-serverless-session:held-arn"
RETAINED = "emr-serverless-session:retained"
GONE = ("DELETE_COMPLETE", "DELETE_SKIPPED")


def handle(event: object, context: object) -> dict[str, Any]:  # noqa: ARG001
    """Look once; returns what was found."""
    day = datetime.now(UTC) - timedelta(hours=24)
    sessions = list(_sessions_since(day))
    cloudformation = boto3.client("cloudformation")
    strays = [
        f"{session['arn']} is {session['state']}, and {why}"
        for session in sessions
        if session["state"] in LIVE and (why := _why_stray(cloudformation, session))
    ]
    cost = sum(map(_cost, sessions))
    limit = float(os.environ["DAILY_LIMIT_USD"])
    lines = list(strays)
    if cost > limit:
        lines.append(f"Sessions of the last 24 hours cost USD {cost:.2f}; the limit is {limit:.2f}")
    if lines:
        lines.append("emr-session strays says more; emr-session terminate ends a session.")
        boto3.client("sns").publish(
            TopicArn=os.environ["TOPIC_ARN"],
            Subject=f"EMR Serverless sessions in {os.environ['AWS_REGION']}",
            Message="\n".join(lines),
        )
    return {"strays": strays, "cost": round(cost, 6)}


def _sessions_since(begin: datetime) -> Iterator[dict[str, Any]]:
    """Every session that was started since then. None lives longer than a day."""
    client: Any = boto3.client("emr-serverless")
    for page in client.get_paginator("list_applications").paginate():
        for application in page["applications"]:
            pages = client.get_paginator("list_sessions").paginate(
                applicationId=application["id"], createdAtAfter=begin
            )
            for listed in (one for page in pages for one in page["sessions"]):
                # Tags and costs aren't in the list.
                yield client.get_session(
                    applicationId=application["id"], sessionId=listed["sessionId"]
                )["session"]


def _why_stray(cloudformation: Any, session: dict[str, Any]) -> str | None:
    """Why no stack holds a session that was started for one; None where one does."""
    tags = session.get("tags", {})
    if STACK not in tags or tags.get(RETAINED) == "true":
        return None
    try:
        (stack,) = cloudformation.describe_stacks(StackName=tags[STACK])["Stacks"]
        if stack["StackStatus"] == "DELETE_COMPLETE":
            return "its stack is gone"
        if stack["StackStatus"].endswith("_IN_PROGRESS"):
            return None
        resource = cloudformation.describe_stack_resource(
            StackName=tags[STACK], LogicalResourceId=tags[LOGICAL_ID]
        )["StackResourceDetail"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return "its stack or its resource is gone"
    held = resource.get("PhysicalResourceId")
    if resource["ResourceStatus"] not in GONE and held in (session["arn"], tags.get(HELD)):
        return None
    return f"its stack holds {held or 'nothing'}"


def _cost(session: dict[str, Any]) -> float:
    """What a session has cost so far in USD, by the prices that the function was given."""
    used = session.get("billedResourceUtilization", {})
    return sum(
        float(used.get(name, 0)) * float(os.environ[price])
        for name, price in (
            ("vCPUHour", "USD_PER_VCPU_HOUR"),
            ("memoryGBHour", "USD_PER_GB_HOUR"),
            ("storageGBHour", "USD_PER_STORAGE_GB_HOUR"),
        )
    )
