"""Checks that EMR Serverless can assume the execution role, if this app declares it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aws_cdk.interfaces.aws_iam import IRoleRef

from .._template.findings import ID_PREFIX, Finding
from .._template.rendered import Templates
from .._template.role_names import declared_in

EXECUTION_ROLE_TRUST = ID_PREFIX + "executionRoleTrust"

_SERVICE = "emr-serverless.amazonaws.com"


def role_findings(role: IRoleRef, templates: Templates) -> Iterator[Finding]:
    """What is wrong with a role. One of elsewhere, or known at deployment only, passes.

    Raises:
        RuntimeError: The role's template can't be read.
    """
    declared = declared_in(role)
    if declared is None:
        return
    properties = (templates.declaration(declared) or {}).get("Properties", {})
    document = properties.get("AssumeRolePolicyDocument")
    statements = document.get("Statement") if isinstance(document, dict) else None
    principals = [
        principal
        for statement in (statements if isinstance(statements, list) else [statements])
        if isinstance(statement, dict) and statement.get("Effect", "Allow") == "Allow"
        for principal in _principals(statement.get("Principal"))
    ]
    if principals and all(isinstance(one, str) for one in principals):
        if any(one in ("*", _SERVICE) for one in principals):
            return
        yield Finding(
            EXECUTION_ROLE_TRUST,
            f"execution_role: {declared.node.path} trusts {', '.join(principals)}; it must trust "
            f"{_SERVICE}: write assumed_by=iam.ServicePrincipal({_SERVICE!r}).",
            True,
        )


def _principals(principal: Any) -> Iterator[Any]:
    """Services and wildcards as they are; accounts and users by name; what isn't known as it is."""
    if isinstance(principal, str):
        yield principal
    elif isinstance(principal, dict):
        for kind, value in principal.items():
            if kind in ("Service", "AWS", "Federated", "CanonicalUser"):
                for one in value if isinstance(value, list) else [value]:
                    yield one if kind == "Service" or isinstance(one, str) else kind
            else:
                yield principal
