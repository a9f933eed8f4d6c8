"""Findings that are attached to a construct and can be acknowledged by id."""

from __future__ import annotations

from dataclasses import dataclass

import aws_cdk as cdk
from constructs import IConstruct

ID_PREFIX = "cdk-emr-serverless-session:"


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or could be.

    Attributes:
        id: What it is acknowledged by; never changes.
        message: What is wrong, and what to do.
        is_error: Whether it fails the synth.
    """

    id: str
    message: str
    is_error: bool


def report(construct: IConstruct, finding: Finding) -> None:
    """Attaches a finding, unless it is acknowledged there or further up.

    Errors can be acknowledged too: what is known here of the service may be overtaken by it.
    """
    validations = cdk.Validations.of(construct)
    if not finding.is_error:
        validations.add_warning(finding.id, finding.message)
    elif not is_acknowledged(construct, finding.id):
        validations.add_error(finding.id, finding.message)


def is_acknowledged(construct: IConstruct, id: str) -> bool:
    """Whether an error is acknowledged on a construct or further up.

    The CDK itself drops acknowledged warnings only.
    """
    rule = f"Annotation::{id}"
    return any(
        rule in entry.data
        for scope in construct.node.scopes
        for entry in scope.node.metadata
        if entry.type == "aws:cdk:acknowledged-rules"
    )
