"""Checks that a session's application and role are in the session's account and region."""

from __future__ import annotations

from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from aws_cdk.interfaces.aws_iam import IRoleRef

from .._template.lookups import cached


def environment_problems(
    stack: cdk.Stack, application: IApplicationRef, execution_role: IRoleRef
) -> list[str]:
    """What of a session is in another account or region than its stack, as far as that is known.

    The functions start sessions where they run. IAM passes roles of the same account only.
    """
    here, there = _environment_of(stack), _environment_of(application)
    problems = []
    if _differ(here, there):
        problems.append(
            f"application: is in {_shown(there)} and the session in {_shown(here)}: sessions "
            "run in the account and region of their application. Declare the session in a stack "
            "there."
        )
    account, owner = here[:1], _environment_of(execution_role)[:1]
    if _differ(account, owner):
        problems.append(
            f"execution_role: is of account {owner[0]} and the session of {account[0]}: a role "
            "can't be passed to another account. Take one of the session's account, which may "
            "assume the other."
        )
    return problems


def _shown(environment: Sequence[str | None]) -> str:
    account, region = environment
    return f"{account or 'an unknown account'}, {region or 'an unknown region'}"


def _differ(here: Sequence[str | None], there: Sequence[str | None]) -> bool:
    return any(
        one is not None and other is not None and one != other
        for one, other in zip(here, there, strict=True)
    )


@cached
def _environment_of(construct: cdk.Stack | IApplicationRef | IRoleRef) -> tuple[str | None, ...]:
    """Account and region, nothing where they are known at deployment only."""
    if isinstance(construct, cdk.Stack):
        found = construct.account, construct.region
    else:
        environment = construct.env
        found = environment.account, environment.region
    return tuple(None if cdk.Token.is_unresolved(value) else value for value in found)
