"""The types of a provider's arguments."""

from __future__ import annotations

import re

from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs

from .kinds import Kind, having, instance_of, list_of
from .limits import known_later

LOG_GROUP = having("log_group_name", "pass a logs.LogGroup", is_optional=True)
LOG_RETENTION = instance_of(logs.RetentionDays, "write logs.RetentionDays.ONE_MONTH or another")
VPC = having("vpc_id", "pass an ec2.Vpc, or ec2.Vpc.from_lookup(…)", is_optional=True)
SUBNETS = Kind(
    lambda value: isinstance(value, (ec2.SubnetSelection, dict)),
    lambda _: "write ec2.SubnetSelection(…)",
)
SECURITY_GROUPS = list_of(having("security_group_id", ""), "write a list of ec2.SecurityGroup")
BOUNDARY = having(
    "managed_policy_arn",
    "pass an iam.ManagedPolicy, or iam.ManagedPolicy.from_managed_policy_name(…)",
    is_optional=True,
)
KEY = having("key_arn", "pass a kms.Key", is_optional=True)
TEXTS = list_of(instance_of(str, ""), "write a list of text", is_optional=False)


def _text(pattern: str, write: str) -> Kind:
    """Text, which has a pattern if it is known at synth."""

    def fits(value: str) -> bool:
        return known_later(value) or re.fullmatch(pattern, value, re.DOTALL) is not None

    return Kind(lambda value: isinstance(value, str), lambda _: write, fits=fits)


def _arns(service: str, write: str) -> Kind:
    arn = _text(rf"arn:(.*:)?{service}:.*", "")
    return list_of(arn, f"write a list of {write}", is_optional=False)


STACK_NAME = _text(
    "[A-Za-z*][A-Za-z0-9*-]*", "write a stack's name, in which * stands for any characters"
)
STACK_ID = _text("(?=.*:cloudformation:)(?=.*:stack/).*", "write a stack's ARN")
ROLE_ARNS = _arns("iam", "roles' ARNs")
APPLICATION_ARNS = _arns("emr-serverless", "applications' ARNs")
