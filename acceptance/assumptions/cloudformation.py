"""Assumptions about CloudFormation: which physical id a stack holds after what went wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from ..assumption import Answer, Assumption, answer
from ..stage import PREFIX, Stage, as_list, delete_stack

FAILED_UPDATE = Assumption(
    "failed-update",
    "CloudFormation takes over the physical id that a FAILED answer to an Update has.",
)
EXPRESS = Assumption(
    "express-replacement",
    "In Express mode CloudFormation takes a custom resource's replacement (another physical id).",
)
CANCELLED = Assumption(
    "cancelled-create",
    "The Delete after a cancelled Create has a physical id that CloudFormation made up: the "
    "stack's name, the logical id, a suffix.",
)
# Custom resources by logical id, with what the probe is told.
Probes = Mapping[str, Mapping[str, str]]


def failed_update(stage: Stage) -> Answer:
    """Let an Update fail with another id, rollback off, and see which one the stack holds."""
    name = f"{PREFIX}-{stage.account.run}-failed-update"
    _create(stage, name, {"Thing": {"Status": "SUCCESS", "Id": "first"}})
    probes = {"Thing": {"Status": "FAILED", "Id": "second"}}
    stage.account.client("cloudformation").update_stack(
        StackName=name, TemplateBody=_template(stage, probes), DisableRollback=True
    )
    status = stage.wait_for_stack(name)["StackStatus"]
    held = _held(stage, name, "Thing")
    _delete(stage, name)
    return answer(
        FAILED_UPDATE,
        f"{status}, and the stack holds {held}",
        {"second": True, "first": False}.get(held) if status == "UPDATE_FAILED" else None,
    )


def express_replacement(stage: Stage) -> Answer:
    """Replace a custom resource in Express mode, where rollback is off."""
    name = f"{PREFIX}-{stage.account.run}-express"
    express = {"DeploymentConfig": {"Mode": "EXPRESS", "DisableRollback": True}}
    _create(stage, name, {"Thing": {"Status": "SUCCESS", "Id": "first"}}, **express)
    probes = {"Thing": {"Status": "SUCCESS", "Id": "second"}}
    try:
        stage.account.client("cloudformation").update_stack(
            StackName=name, TemplateBody=_template(stage, probes), **express
        )
    except ClientError as error:
        _delete(stage, name)
        return answer(EXPRESS, str(error), False)
    status = stage.wait_for_stack(name)["StackStatus"]
    held = _held(stage, name, "Thing")
    reasons = _reasons(stage, name, "Thing")
    _delete(stage, name)
    observed = f"{status}, and the stack holds {held}{f' ({reasons})' if reasons else ''}"
    return answer(EXPRESS, observed, status == "UPDATE_COMPLETE" and held == "second")


def cancelled_create(stage: Stage) -> Answer:
    """Let a resource fail while its neighbour is being made, and see the neighbour's Delete."""
    name = f"{PREFIX}-{stage.account.run}-cancelled"
    probes = {
        "Slow": {"Status": "SUCCESS", "Id": "own", "Seconds": f"{stage.waits.slow_resource:g}"},
        "Broken": {"Status": "FAILED", "Id": "broken"},
    }
    _create(stage, name, probes)
    client = stage.account.client("cloudformation")
    events = client.describe_stack_events(StackName=name)["StackEvents"]
    ids = {
        event.get("PhysicalResourceId", "")
        for event in events
        if event["LogicalResourceId"] == "Slow" and event["ResourceStatus"].startswith("DELETE_")
    }
    _delete(stage, name)
    made_up = re.compile(rf"{re.escape(name)}-Slow-\w+")
    observed = f"Delete of {', '.join(sorted(ids)) or 'nothing'}"
    return answer(CANCELLED, observed, all(map(made_up.fullmatch, ids)) if ids else None)


def _create(stage: Stage, name: str, probes: Probes, **more: Any) -> None:
    stage.account.client("cloudformation").create_stack(
        StackName=name,
        TemplateBody=_template(stage, probes),
        Tags=as_list(stage.account.tags),
        **more,
    )
    stage.wait_for_stack(name)


def _delete(stage: Stage, name: str) -> None:
    delete_stack(stage.account, name)
    stage.wait_for_stack(name)


def _template(stage: Stage, probes: Probes) -> str:
    resources = {
        logical_id: {
            "Type": "Custom::Probe",
            "Properties": {"ServiceToken": stage.probe, "ServiceTimeout": "300", **told},
        }
        for logical_id, told in probes.items()
    }
    return json.dumps({"Resources": resources})


def _held(stage: Stage, name: str, logical_id: str) -> str:
    detail = stage.account.client("cloudformation").describe_stack_resource(
        StackName=name, LogicalResourceId=logical_id
    )["StackResourceDetail"]
    return str(detail.get("PhysicalResourceId"))


def _reasons(stage: Stage, name: str, logical_id: str) -> str:
    events = stage.account.client("cloudformation").describe_stack_events(StackName=name)
    return "; ".join(
        event["ResourceStatusReason"]
        for event in events["StackEvents"]
        if event["LogicalResourceId"] == logical_id and "ResourceStatusReason" in event
    )
