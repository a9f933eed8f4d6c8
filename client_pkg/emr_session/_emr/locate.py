"""From what the caller names to a session's ARN: the ARN itself, or an SSM parameter's value."""

from __future__ import annotations

from botocore.exceptions import ClientError

from ..errors import ConnectError
from .aws import Aws
from .names import SessionArn


def locate(target: str, aws: Aws) -> SessionArn:
    """The session that an ARN, or the value of an SSM parameter, names.

    Raises:
        ConnectError: There is no such parameter, or its value is no session's ARN.
        botocore.exceptions.ClientError: Systems Manager refuses ``GetParameter``.
    """
    named = SessionArn.parse(target)
    if named:
        return named
    if target.startswith("arn:") and ":emr-serverless:" in target:
        raise ConnectError(
            f"{target} is not a session's ARN, which is arn:PARTITION:emr-serverless:REGION:"
            "ACCOUNT:/applications/APPLICATION/sessions/SESSION. Take it from the stack's outputs."
        )
    try:
        value = str(aws.of("ssm").get_parameter(Name=target)["Parameter"]["Value"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ParameterNotFound":
            raise
        raise ConnectError(
            f"There is no SSM parameter {target} in {aws.of('ssm').meta.region_name}. Check name "
            "and region; a stack's parameter goes with the stack."
        ) from error
    found = SessionArn.parse(value)
    if not found:
        raise ConnectError(
            f"The SSM parameter {target} doesn't hold a session's ARN. Name the parameter of the "
            "session, or give its ARN."
        )
    return found
