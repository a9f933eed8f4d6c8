"""Authorizes requests by MiniStack's IAM.

Touches MiniStack's policy evaluator and its roles, reading only.
"""

import json
from collections.abc import Mapping
from typing import Any

from ministack.core import iam_evaluator, responses, router
from ministack.services import iam

from ..sessions.permissions import SERVICE_PRINCIPAL, Caller, Permission


class IamAuthorizer:
    """Evaluates the policies of whoever signed the request."""

    def arn(self, caller: Caller) -> str:
        """The ARN of the user, role session or root that signed the request."""
        identity = iam_evaluator.resolve_caller_identity(_access_key(caller))
        if identity is None:
            return f"arn:aws:iam::{responses.get_account_id()}:root"
        return str(identity["userArn"])

    def refusal(self, caller: Caller, permission: Permission) -> str | None:
        """AWS's sentence for a permission that the caller doesn't have."""
        denied = iam_evaluator.enforce(
            _access_key(caller),
            permission.action,
            "emr-serverless",
            responses.get_region(),
            resource_arn=permission.resource,
            service_context=dict(permission.context),
        )
        if denied is None:
            return None
        if isinstance(denied, iam_evaluator.AuthError):
            return str(denied.message)
        return (
            f"User: {denied.principal_arn} is not authorized to perform: {permission.action} on "
            f"resource: {permission.resource} {_why(denied, caller, permission)}"
        )

    def role_problem(self, role_arn: str) -> str | None:
        """Why the service can't assume a role: it isn't there, or doesn't trust the service."""
        role = iam._roles.get(role_arn.rsplit("/", 1)[-1])
        if role is None or role.get("Arn", role_arn) != role_arn:
            return f"Execution role {role_arn} does not exist."
        if not _trusts(role.get("AssumeRolePolicyDocument"), SERVICE_PRINCIPAL):
            return (
                f"Could not assume execution role {role_arn}: it doesn't trust {SERVICE_PRINCIPAL}."
            )
        return None


def role_trusts(role_name: str, principal: str) -> bool:
    """Whether a role lets a service assume it."""
    role = iam._roles.get(role_name) or {}
    return _trusts(role.get("AssumeRolePolicyDocument"), principal)


def _why(denied: iam_evaluator.EvalResult, caller: Caller, permission: Permission) -> str:
    """Which kind of policy denies it, in the words of IAM's user guide."""
    account = responses.get_account_id()
    principal = iam_evaluator.resolve_principal(_access_key(caller), account)
    assert isinstance(principal, iam_evaluator.PrincipalInfo), "its policies were evaluated"
    context = iam_evaluator.EvalContext(
        principal_arn=principal.arn,
        principal_type=principal.type,
        principal_account=principal.account,
        action=permission.action,
        resource_arn=permission.resource,
        region=responses.get_region(),
        service_context={key.lower(): value for key, value in permission.context.items()},
        principal_keys=principal.keys,
    )
    own = iam_evaluator.evaluate(context, principal.policies).decision
    if denied.decision == "Deny":
        kind = "an identity-based policy" if own == "Deny" else "a permissions boundary"
        return f"with an explicit deny in {kind}"
    kind = "permissions boundary" if own == "Allow" else "identity-based policy"
    return f"because no {kind} allows the {permission.action} action"


def _access_key(caller: Caller) -> str:
    return str(router.extract_access_key_id(dict(caller.headers), dict(caller.query)))


def _trusts(policy: str | Mapping[str, Any] | None, principal: str) -> bool:
    """Whether a trust policy lets a service assume the role. Conditions are not looked at."""
    document = json.loads(policy) if isinstance(policy, str) else policy or {}
    effects = {
        statement.get("Effect")
        for statement in _listed(document.get("Statement"))
        if {"sts:AssumeRole", "sts:*", "*"} & set(_listed(statement.get("Action")))
        and _names(statement.get("Principal"), principal)
    }
    return "Allow" in effects and "Deny" not in effects


def _names(principals: Any, service: str) -> bool:
    if isinstance(principals, Mapping):
        return service in _listed(principals.get("Service"))
    return bool(principals == "*")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
