"""Deletes what runs have created: stacks with the tag, and the sessions on their applications."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from emr_session import Clock

from .account import TAG, Account
from .stage import OVER, delete_stack, stack_at_rest
from .waits import Waits, wait_for

APPLICATION_TYPE = "AWS::EMRServerless::Application"


def sweep(
    account: Account,
    clock: Clock,
    waits: Waits,
    say: Callable[[str], None],
    run: str | None = None,
) -> list[str]:
    """Delete every stack of a run, with the sessions on its applications.

    Args:
        account: The account.
        clock: Time.
        waits: How long to wait.
        say: Told what is deleted.
        run: Whose; of every run if None.

    Returns:
        The stacks that could not be deleted, with why.
    """
    left = []
    # The custom resources of the probe first: they need its function to be deleted.
    for stack in sorted(_stacks(account, run), key=lambda one: -len(one["StackName"])):
        name = stack["StackName"]
        say(f"deleting stack {name}")
        try:
            _end_sessions(account, name, clock, waits)
            delete_stack(account, name)
            status = stack_at_rest(account, name, clock, waits)["StackStatus"]
        except (BotoCoreError, ClientError, TimeoutError) as error:
            status = str(error)
        if status != "DELETE_COMPLETE":
            left.append(f"{name} ({status})")
    return left


def _stacks(account: Account, run: str | None) -> Iterator[dict[str, Any]]:
    pages = account.client("cloudformation").get_paginator("describe_stacks").paginate()
    for stack in (one for page in pages for one in page["Stacks"]):
        tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
        if (
            TAG in tags
            and run in (None, tags[TAG])
            and stack["StackStatus"] != "DELETE_COMPLETE"
            and "ParentId" not in stack
        ):
            yield stack


def _end_sessions(account: Account, stack: str, clock: Clock, waits: Waits) -> None:
    """End every session on a stack's applications, and stop these: they can be deleted then."""
    client = account.client("emr-serverless")
    resources = account.client("cloudformation").describe_stack_resources(StackName=stack)
    for resource in resources["StackResources"]:
        application_id = resource.get("PhysicalResourceId", "")
        if resource["ResourceType"] != APPLICATION_TYPE or not application_id:
            continue

        def look(application_id: str = application_id) -> bool | None:
            application = client.get_application(applicationId=application_id)["application"]
            if application["state"] in ("CREATED", "STOPPED", "TERMINATED"):
                return True
            pages = client.get_paginator("list_sessions").paginate(applicationId=application_id)
            sessions = [one for page in pages for one in page["sessions"]]
            live = [one for one in sessions if one["state"] not in OVER]
            for one in live:
                if one["state"] != "TERMINATING":
                    client.terminate_session(
                        applicationId=application_id, sessionId=one["sessionId"]
                    )
            if not live and application["state"] == "STARTED":
                client.stop_application(applicationId=application_id)
            return None

        wait_for(
            f"application {application_id} at rest",
            look,
            clock,
            poll=waits.poll,
            at_most=waits.state,
        )
