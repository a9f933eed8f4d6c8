"""Checks that EMR Serverless can assume the execution role."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._emr.aws import Aws
from .finding import Finding, ok, wrong
from .question import Unanswered, ask

PRINCIPAL = "emr-serverless.amazonaws.com"
ROLE = "execution role"


def read_trust(aws: Aws, role_arn: str) -> dict[str, Any] | Unanswered:
    """Ask IAM for a role's trust policy."""
    client = aws.of("iam")
    return ask(
        "iam:GetRole",
        lambda: dict(
            client.get_role(RoleName=role_name(role_arn))["Role"]["AssumeRolePolicyDocument"]
        ),
    )


def role_name(role_arn: str) -> str:
    """The name in a role's ARN, without the path."""
    return role_arn.rpartition("/")[2]


def trust_finding(role_arn: str, trust: Mapping[str, Any] | Unanswered) -> Finding:
    """Whether the role trusts the service."""
    name = role_name(role_arn)
    if isinstance(trust, Unanswered):
        if trust.code == "NoSuchEntity":
            return wrong(
                ROLE,
                f"there is no role {name}: whatever the session's code asks AWS for fails",
                "Start a session with a role that is there.",
            )
        return trust.finding(ROLE)
    allowing = [one for one in _statements(trust) if _names_service(one)]
    if any(one["Effect"] == "Deny" for one in allowing):
        return wrong(
            ROLE,
            f"role {name} denies {PRINCIPAL} to assume it",
            "Take the Deny out of its trust policy.",
        )
    if not allowing:
        return wrong(
            ROLE,
            f"role {name} doesn't trust {PRINCIPAL}: sessions with it fail",
            f"Allow sts:AssumeRole for the service principal {PRINCIPAL} in its trust policy.",
        )
    conditions = "" if any("Condition" not in one for one in allowing) else ", under conditions"
    return ok(ROLE, f"role {name} trusts {PRINCIPAL}{conditions}")


def _statements(policy: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for statement in _listed(policy.get("Statement")):
        if {"sts:assumerole", "sts:*", "*"} & {
            action.lower() for action in _listed(statement.get("Action"))
        }:
            yield statement


def _names_service(statement: Mapping[str, Any]) -> bool:
    principal = statement.get("Principal", {})
    return principal == "*" or PRINCIPAL in _listed(principal.get("Service"))


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
