"""Whom the provider serves, where it was deployed from its template. This module calls nothing.

The template's function is told what the parameter StackNames lists. IAM goes by the same list; only
it takes four minutes to be sure that a refusal is meant, and doesn't know the parameters' names.
"""

from __future__ import annotations

import os
from fnmatch import fnmatchcase

from session_handler.errors import Denied

_PARAMETERS = {
    "iam:PassRole": "its execution role in ExecutionRoleArns",
    "emr-serverless:StartSession": "its application in ApplicationIds",
    "emr-serverless:TagResource": "the keys of its tags in TagKeys",
}


def refusal(stack_id: str) -> str | None:
    """Why a stack's sessions are not started; None where they are, or IAM alone says."""
    missing = missing_stack(stack_id)
    if missing is None:
        return None
    return (
        f"the provider doesn't serve the stack {_name(stack_id)}. What to do: {missing} "
        "and deploy again."
    )


def missing_stack(stack_id: str) -> str | None:
    """What to do about a stack that the parameters don't list; None where they do."""
    served = os.environ.get("SERVED_STACKS")
    name = _name(stack_id)
    if not served or any(fnmatchcase(name, pattern) for pattern in served.split(",")):
        return None
    return f"add {name} to the parameter StackNames of the stack {_provider()}, update it"


def advice(error: Denied) -> str | None:
    """Which parameter lacks what a refusal for want of permission names."""
    missing = next((where for what, where in _PARAMETERS.items() if what in error.message), None)
    if missing is None or not os.environ.get("PROVIDER_STACK"):
        return None
    update = (
        f"name {missing}, a parameter of the stack {_provider()}; update that stack, and deploy "
        "again."
    )
    if error.is_of_the_role:
        return update
    return (
        f"{update} Where it is named already, look for a permissions boundary or an "
        "organisation's policy that takes the action from the handler's role."
    )


def _name(stack_id: str) -> str:
    return stack_id.split(":stack/")[-1].split("/")[0]


def _provider() -> str:
    return os.environ.get("PROVIDER_STACK", "of the provider")
