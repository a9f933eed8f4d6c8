"""Checks the caller's permissions to connect, to start a session and to pass its role.

The simulator evaluates the caller's own policies. Resource policies and some conditions it can't
know: what it can't decide isn't called wrong.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._emr.aws import Aws
from .caller import Caller
from .finding import Finding, Level, not_checked, ok
from .question import Unanswered, ask
from .role import PRINCIPAL, role_name

CONNECT = ("emr-serverless:GetSession", "emr-serverless:GetSessionEndpoint")
START = ("emr-serverless:StartSession",)
PASS = ("iam:PassRole",)
_ASSUMED = re.compile(
    r"arn:(?P<partition>[^:]+):sts::(?P<account>\d+):assumed-role/(?P<role>[^/]+)/"
)


@dataclass(frozen=True)
class Simulation:
    """What IAM's simulator says of some actions: those denied, and those it couldn't decide."""

    denied: tuple[str, ...] = ()
    undecided: tuple[str, ...] = ()


def read_principal(aws: Aws, caller: Caller) -> str:
    """The ARN of the user or role behind the caller's, as the simulator takes it."""
    match = _ASSUMED.match(caller.arn)
    if not match:
        return caller.arn
    # Only IAM knows the role's path, which roles of IAM Identity Center have.
    role = ask("iam:GetRole", lambda: aws.of("iam").get_role(RoleName=match["role"])["Role"]["Arn"])
    if isinstance(role, Unanswered):
        return f"arn:{match['partition']}:iam::{match['account']}:role/{match['role']}"
    return str(role)


def simulate(
    aws: Aws,
    principal: str,
    actions: Sequence[str],
    resource: str,
    context: Mapping[str, str],
) -> Simulation | Unanswered:
    """Ask IAM whether a user or role may do something.

    Args:
        aws: The clients.
        principal: The ARN of the user or role.
        actions: The actions.
        resource: The ARN of what they are done to.
        context: Condition keys and their values.
    """
    client = aws.of("iam")
    answer = ask(
        "iam:SimulatePrincipalPolicy",
        lambda: client.simulate_principal_policy(
            PolicySourceArn=principal,
            ActionNames=list(actions),
            ResourceArns=[resource],
            ContextEntries=[
                {"ContextKeyName": key, "ContextKeyValues": [value], "ContextKeyType": "string"}
                for key, value in context.items()
            ],
        )["EvaluationResults"],
    )
    if isinstance(answer, Unanswered):
        return answer
    refused = [one for one in answer if one["EvalDecision"] != "allowed"]
    undecided = [
        one
        for one in refused
        if one["EvalDecision"] == "implicitDeny" and one.get("MissingContextValues")
    ]
    return Simulation(
        tuple(one["EvalActionName"] for one in refused if one not in undecided),
        tuple(one["EvalActionName"] for one in undecided),
    )


def tag_context(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags of a resource as condition keys."""
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def pass_context() -> dict[str, str]:
    """The condition key that says to whom a role is passed."""
    return {"iam:PassedToService": PRINCIPAL}


def permission_finding(
    check: str, simulated: Simulation | Unanswered, able: str, remedy: str, level: Level
) -> Finding:
    """Judge what the simulator said.

    Args:
        check: The check's name.
        simulated: What was said.
        able: What the caller can do with the permissions.
        remedy: What to do without them.
        level: How much it matters when they are missing.
    """
    if isinstance(simulated, Unanswered):
        return simulated.finding(check)
    if simulated.denied:
        return Finding(check, level, f"you may not {' and '.join(simulated.denied)}", remedy)
    if simulated.undecided:
        return not_checked(
            check,
            f"{' and '.join(simulated.undecided)}: IAM's simulator can't decide it",
            "Try it: your policies have conditions that the simulator doesn't know.",
        )
    return ok(check, f"you may {able}")


def passed(role_arn: str) -> str:
    """What the permission to pass a role is for."""
    return f"start sessions with role {role_name(role_arn)}"
