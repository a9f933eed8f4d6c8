"""Nested stacks: the record of a child, from the properties of ``AWS::CloudFormation::Stack``."""

from typing import Any

from ministack.core.responses import get_account_id, get_region, new_uuid, now_iso
from ministack.services import cloudformation
from ministack.services.cloudformation import engine, helpers, provisioners

from .stack import Stack
from .template import Properties, Template


def prepare(
    parent: Stack, logical_id: str, physical_id: str, properties: Properties
) -> tuple[Stack, Template]:
    """The child, made if it has no physical id yet, and the template that it is to have.

    Raises:
        ValueError: The template can't be fetched, or asks for more than was acknowledged.
    """
    url = properties.get("TemplateURL")
    text, problem = helpers._resolve_template({"TemplateURL": [url]}) if url else ("", None)
    if problem is not None or not text:
        raise ValueError(f"S3 error: the template at {url} can't be fetched")
    body = engine._parse_template(text)
    provisioners._check_nested_stack_capabilities(parent.name, body)
    given = [
        {"Key": name, "Value": "" if value is None else str(value)}
        for name, value in (properties.get("Parameters") or {}).items()
    ]
    parameters = engine._resolve_parameters(body, given)
    tags = [
        {"Key": key, "Value": value}
        for key, value in provisioners._tag_map(properties.get("Tags")).items()
        if not key.startswith("aws:")
    ]
    child = find(physical_id) or _make(parent, logical_id)
    child.record.update(
        Description=body.get("Description", ""),
        LastUpdatedTime=now_iso(),
        Parameters=[
            {"ParameterKey": name, "ParameterValue": p["Value"], "NoEcho": p["NoEcho"]}
            for name, p in parameters.items()
        ],
        Tags=tags,
        _template_body=text,
        _conditions=engine._evaluate_conditions(body, parameters),
        Capabilities=provisioners._inherited_capabilities(parent.name),
    )
    return child, Template(child.name, child.id, body, parameters, tags)


def find(physical_id: str) -> Stack | None:
    """The child with this physical id, a stack's ARN."""
    for name, record in cloudformation._stacks.items():
        if record["StackId"] == physical_id:
            return Stack(name)
    return None


def attributes(child: Stack) -> dict[str, Any]:
    """What ``Fn::GetAtt`` gives of a child."""
    return {f"Outputs.{o['OutputKey']}": o["OutputValue"] for o in child.record["Outputs"]}


def _make(parent: Stack, logical_id: str) -> Stack:
    name = f"{parent.name}-{logical_id}-{new_uuid()[:12]}"
    arn = f"arn:aws:cloudformation:{get_region()}:{get_account_id()}:stack/{name}/{new_uuid()}"
    cloudformation._stacks[name] = {
        "StackName": name,
        "StackId": arn,
        "StackStatus": "CREATE_IN_PROGRESS",
        "StackStatusReason": "",
        "CreationTime": now_iso(),
        "Outputs": [],
        "DisableRollback": True,
        "RootId": parent.record.get("RootId") or parent.id,
        "ParentId": parent.id,
        "_parent_stack_name": parent.name,
        "_region": get_region(),
        "_resources": {},
    }
    cloudformation._stack_events.setdefault(arn, [])
    return Stack(name)
