"""The sessions that a stack holds, as CloudFormation shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from .aws import Aws
from .names import RESOURCE_TYPE

_PATH = "aws:cdk:path"


@dataclass(frozen=True)
class StackResource:
    """A resource of a stack."""

    stack: str
    logical_id: str
    physical_id: str
    type: str
    status: str

    def __str__(self) -> str:
        return f"{self.stack}/{self.logical_id}"


def resources_of(aws: Aws, stack: str) -> list[StackResource] | None:
    """The resources of a stack that are there, or None where there is no such stack.

    Args:
        aws: The clients.
        stack: The stack's name or id.

    Raises:
        botocore.exceptions.ClientError: CloudFormation refuses ``ListStackResources``.
    """
    client = aws.of("cloudformation", region_of(stack))
    pages = client.get_paginator("list_stack_resources")
    try:
        return [
            StackResource(
                stack=stack,
                logical_id=one["LogicalResourceId"],
                physical_id=one.get("PhysicalResourceId", ""),
                type=one["ResourceType"],
                status=one["ResourceStatus"],
            )
            for page in pages.paginate(StackName=stack)
            for one in page["StackResourceSummaries"]
            if one["ResourceStatus"] != "DELETE_COMPLETE"
        ]
    except ClientError as error:
        if not is_absence(error):
            raise
        return None


def sessions_of(aws: Aws, stack: str) -> list[StackResource] | None:
    """The resources of a stack that are sessions, or None where there is no such stack.

    Raises:
        botocore.exceptions.ClientError: CloudFormation refuses ``ListStackResources``.
    """
    resources = resources_of(aws, stack)
    if resources is None:
        return None
    return [one for one in resources if one.type == RESOURCE_TYPE]


def template_of(aws: Aws, stack: str) -> Mapping[str, Any]:
    """The resources of a stack's template; none of one in YAML, which no CDK app makes.

    Raises:
        botocore.exceptions.ClientError: CloudFormation refuses ``GetTemplate``.
    """
    client = aws.of("cloudformation", region_of(stack))
    body = client.get_template(StackName=stack)["TemplateBody"]
    resources: Mapping[str, Any] = body.get("Resources", {}) if isinstance(body, Mapping) else {}
    return resources


def construct_path(template: Mapping[str, Any], logical_id: str) -> str:
    """The path of the construct that a resource was made by, where the template has it."""
    return str(template.get(logical_id, {}).get("Metadata", {}).get(_PATH, ""))


def region_of(name: str) -> str | None:
    """The region in an ARN, or None for a name of boto3's region."""
    parts = name.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 3 else None


def is_absence(error: ClientError) -> bool:
    """Whether CloudFormation says that something isn't there. It has no code of its own for it."""
    said = error.response["Error"]
    return said["Code"] == "ValidationError" and (
        "does not exist" in said["Message"] or "not found" in said["Message"]
    )
