"""Whom the provider serves, as its function is told. This module calls nothing.

The function of the template is told what the parameter StackNames lists. IAM goes by the same list;
only it takes four minutes to be sure that a refusal is meant, and doesn't know the parameters'
names.

The function of an app is told which stacks the app has named. A stack of the app that is deployed
alone, before the provider's, may be served and not be listed: so IAM says, and is given less time.
"""

import os
from fnmatch import fnmatchcase

from session_handler.errors import Denied

_PARAMETERS = {
    "iam:PassRole": "its execution role in ExecutionRoleArns",
    "emr-serverless:StartSession": "its application in ApplicationIds",
    "emr-serverless:TagResource": "the keys of its tags in TagKeys",
}


def is_listed(stack_id: str) -> bool:
    """Whether the provider serves a stack as far as it is told; also where it isn't told."""
    served = os.environ.get("SERVED_STACKS", "*").split(",")
    return any(fnmatchcase(_name(stack_id), pattern) for pattern in served)


def refusal(stack_id: str) -> str | None:
    """Why a stack's sessions are not started; None where they are, or IAM alone says."""
    if is_listed(stack_id) or not _is_of_the_template():
        return None
    return (
        f"the provider doesn't serve the stack {_name(stack_id)}. What to do: "
        f"{_how_to_serve(stack_id)} and deploy again."
    )


def unlisted(stack_id: str) -> str | None:
    """What to do about a refusal to a stack that isn't listed; None where it is."""
    if is_listed(stack_id):
        return None
    return f"the provider doesn't serve the stack {_name(stack_id)}: {_how_to_serve(stack_id)}"


def _how_to_serve(stack_id: str) -> str:
    name = _name(stack_id)
    if _is_of_the_template():
        return f"add {name} to the parameter StackNames of the stack {_provider()}, update it"
    return (
        f'add provider.serve(stack_name="{name}", …) to the app of the provider, unless the stack '
        "is of that app; deploy the provider's stack"
    )


def advice(error: Denied) -> str | None:
    """Which parameter lacks what a refusal for want of permission names."""
    missing = next((where for what, where in _PARAMETERS.items() if what in error.message), None)
    if missing is None or not _is_of_the_template():
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


def _is_of_the_template() -> bool:
    return bool(os.environ.get("PROVIDER_STACK"))


def _provider() -> str:
    return os.environ.get("PROVIDER_STACK", "of the provider")
