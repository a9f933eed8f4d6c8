"""A role's permissions boundary, which MiniStack 1.5.33's CloudFormation leaves out.

Touches MiniStack's ``AWS::IAM::Role``, by standing around its create and update.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

RESOURCE_TYPE = "AWS::IAM::Role"

Properties = Mapping[str, Any]


def install() -> None:
    """Put the departure right. Doing it twice does no harm."""
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE].update(create=_create, update=_update)


def _create(logical_id: str, properties: Properties, stack_name: str) -> Any:
    _check(properties)
    return _bounded(provisioners._iam_role_create(logical_id, properties, stack_name), properties)


def _update(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Any:
    _check(new)
    made = provisioners._iam_role_update(physical_id, old, new, stack_name, logical_id)
    return _bounded(made, new)


def _check(properties: Properties) -> None:
    boundary = properties.get("PermissionsBoundary")
    if boundary and not iam.policy_known(boundary):
        raise ValueError(
            f'Resource handler returned message: "Scope ARN: {boundary} does not exist or is not '
            f'attachable. (Service: Iam, Status Code: 404, Request ID: {uuid.uuid4()})" '
            f"(RequestToken: {uuid.uuid4()}, HandlerErrorCode: NotFound)"
        )


def _bounded(made: tuple[str, dict[str, str]], properties: Properties) -> Any:
    iam._roles[made[0]]["PermissionsBoundary"] = properties.get("PermissionsBoundary")
    return made
