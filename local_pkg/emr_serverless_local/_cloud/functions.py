"""Refuses functions that Lambda refuses and MiniStack accepts: no code, no access to its VPC.

Touches MiniStack's ``AWS::Lambda::Function``, by standing in front of its
create and update.
"""

import io
import uuid
import zipfile
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region
from ministack.services import iam, lambda_svc
from ministack.services.cloudformation import provisioners

RESOURCE_TYPE = "AWS::Lambda::Function"
# What AWSLambdaVPCAccessExecutionRole has for it.
_NETWORK_ACTIONS = (
    "CreateNetworkInterface",
    "DescribeNetworkInterfaces",
    "DeleteNetworkInterface",
)

Properties = Mapping[str, Any]


def install() -> None:
    """Stand in front of MiniStack's resource type."""
    handler = provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE]
    create, update = provisioners._lambda_create, provisioners._lambda_update

    def checked_create(logical_id: str, properties: Properties, stack_name: str) -> Any:
        _check(properties)
        return create(logical_id, properties, stack_name)

    def checked_update(
        physical_id: str, old: Properties, new: Properties, *arguments: Any, **named: Any
    ) -> Any:
        _check(new)
        return update(physical_id, old, new, *arguments, **named)

    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE] = {
        **handler,
        "create": checked_create,
        "update": checked_update,
    }


def _check(properties: Properties) -> None:
    code = properties.get("Code") or {}
    if code.get("S3Bucket"):
        _check_archive(
            lambda_svc._fetch_code_from_s3(
                code["S3Bucket"], code["S3Key"], version_id=code.get("S3ObjectVersion")
            )
        )
    if (properties.get("VpcConfig") or {}).get("SubnetIds"):
        _check_network(str(properties.get("Role", "")))


def _check_archive(content: bytes | None) -> None:
    if not content:
        _refuse(
            "Error occurred while GetObject. S3 Error Code: NoSuchKey. S3 Error Message: The "
            "specified key does not exist."
        )
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            empty = not archive.namelist()
    except zipfile.BadZipFile:
        _refuse("Could not unzip uploaded file. Please check your file, then try to upload again.")
        return
    if empty:
        _refuse("Uploaded file must be a non-empty zip")  # aws/aws-cdk issue 15798


def _check_network(role_arn: str) -> None:
    """Refuse a role that can't make network interfaces (aws/aws-cdk issue 23589)."""
    role = role_arn.rpartition("/")[2]
    policies = iam_evaluator._gather_role_policies(role, get_account_id())
    limits = iam_evaluator._permissions_boundary(iam._roles, role, get_account_id())
    for action in _NETWORK_ACTIONS:
        context = iam_evaluator.EvalContext(
            principal_arn=role_arn,
            principal_type="AssumedRole",
            principal_account=get_account_id(),
            action=f"ec2:{action}",
            resource_arn="*",
            region=get_region(),
        )
        if iam_evaluator.evaluate(context, policies, *limits).decision != "Allow":
            _refuse(
                f"The provided execution role does not have permissions to call {action} on EC2"
            )


def _refuse(message: str) -> None:
    raise ValueError(
        f'Resource handler returned message: "{message} (Service: Lambda, Status Code: 400, '
        f'Request ID: {uuid.uuid4()})" (RequestToken: {uuid.uuid4()}, '
        "HandlerErrorCode: InvalidRequest)"
    )
