"""What happens to a session's resource after the session's end."""

from __future__ import annotations

from botocore.exceptions import ClientError

from .._emr.aws import Aws
from .._emr.inventory import ListedSession
from .._emr.keep_alive import keep_alive_of
from .._emr.stacks import resources_of, template_of

# Of a session with ensure_live_on_deploy: it changes with each synth.
_CHECKED = "CheckedForSynthAt"


def after_the_end(aws: Aws, session: ListedSession) -> str:
    """A sentence that says what starts another session in this one's place.

    Raises:
        botocore.exceptions.ClientError: CloudFormation or the Scheduler is unavailable.
    """
    owner = session.owner
    if owner is None:
        return "No stack started it, so nothing starts another one."
    stack = owner.stack_name
    try:
        resources = resources_of(aws, owner.stack_id) or []
        held = next((one for one in resources if one.logical_id == owner.logical_id), None)
        if held and held.status.endswith("_IN_PROGRESS") and held.physical_id != session.arn:
            return (
                f"Stack {stack} is under way ({held.logical_id} is {held.status}). "
                "A deployment that waits for this session fails."
            )
        if held is None or held.physical_id not in (session.arn, owner.held_arn):
            return f"Stack {stack} doesn't hold it, so nothing starts another one."
        if keep_alive_of(aws, resources, owner.logical_id):
            return f"The schedule of stack {stack} (keep_alive) starts a successor when it is due."
        resource = template_of(aws, owner.stack_id).get(owner.logical_id, {})
        if _CHECKED in resource.get("Properties", {}):
            return f"The next deployment of stack {stack} starts another (ensure_live_on_deploy)."
    except ClientError as error:
        if "AccessDenied" not in error.response["Error"]["Code"]:
            raise
        return f"What stack {stack} does then is unknown: {error.response['Error']['Message']}"
    return (
        f"Stack {stack} keeps it as its resource. The next deployment that changes one of its "
        "properties (a tag is enough) starts another one."
    )
