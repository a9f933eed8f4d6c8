"""Acknowledged findings of cdk-nag, each with its reason.

They are acknowledged where they arise, for exactly the resource that was found, so that a rule
still speaks up for whatever else an app adds.
"""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

_PACK = "AwsSolutions::AwsSolutions-"
_VPC_POLICY = "service-role/AWSLambdaVPCAccessExecutionRole"


def acknowledge_wildcard(scope: IConstruct, arn: str, reason: str) -> None:
    """Acknowledges a wildcard in a resource that a policy under the scope names."""
    resource = _as_shown(cdk.Stack.of(scope).resolve(arn))
    _acknowledge(scope, f"IAM5[Resource::{resource}]", reason)


def acknowledge_vpc_policy(scope: IConstruct) -> None:
    """Acknowledges the managed policy that the CDK gives functions in a VPC."""
    _acknowledge(
        scope,
        f"IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/{_VPC_POLICY}]",
        "The network interfaces of a function in a VPC have no ARN to name beforehand.",
    )


def _acknowledge(scope: IConstruct, rule: str, reason: str) -> None:
    cdk.Validations.of(scope).acknowledge(cdk.Acknowledgment(id=_PACK + rule, reason=reason))


def _as_shown(value: Any) -> str:
    """A resolved value as cdk-nag writes it: references in angle brackets."""
    if isinstance(value, str):
        return value
    ((function, argument),) = value.items()
    if function == "Fn::Join":
        separator, parts = argument
        return str(separator).join(_as_shown(part) for part in parts)
    if function == "Fn::GetAtt":
        return f"<{'.'.join(argument)}>"
    return f"<{argument}>"
