"""Why a deployment failed: stack events, the handler's log, the local AWS's log."""

import json
from collections.abc import Iterator

from botocore.exceptions import ClientError

from testbed.local_aws import LocalAws


def evidence(aws: LocalAws) -> str:
    """Gather what a reader wants to see after a failure."""
    parts = {
        "stack events": "\n".join(failed_events(aws)),
        "handler": "\n".join(handler_lines(aws)[-40:]),
        "local AWS": aws.log(last_lines=40),
    }
    return "\n\n".join(f"--- {name}\n{text or '(nothing)'}" for name, text in parts.items())


def failed_events(aws: LocalAws) -> Iterator[str]:
    """Yield the events of all stacks that say something failed, oldest first."""
    client = aws.client("cloudformation")
    for stack in client.describe_stacks()["Stacks"]:
        events = client.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
        for event in reversed(events):
            status = event.get("ResourceStatus", "")
            if "FAILED" in status or "ROLLBACK" in status:
                reason = event.get("ResourceStatusReason", "")
                yield f"{stack['StackName']}/{event['LogicalResourceId']} {status} {reason}"


def handler_lines(aws: LocalAws) -> list[str]:
    """Return the JSON lines that the handler's functions logged."""
    return [line for line in function_lines(aws) if is_handler_line(line)]


def function_lines(aws: LocalAws) -> Iterator[str]:
    """Yield every line that the Lambda functions logged, of all stacks that are there."""
    client = aws.client("logs")
    groups = client.describe_log_groups()["logGroups"]
    for group in groups:
        name = group["logGroupName"]
        try:
            pages = client.get_paginator("filter_log_events").paginate(logGroupName=name)
            for page in pages:
                for event in page["events"]:
                    yield from event["message"].splitlines()
        except ClientError as error:  # A group that was deleted meanwhile has nothing to say.
            if error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise


def is_handler_line(line: str) -> bool:
    """Whether a log line is one of the handler's: a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
