"""Checks the types of arguments: a construct, a duration, a switch, text.

A type checker sees it first. Whoever has none is told what to write.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk

from ..errors import SessionValidationError
from .limits import known_later, shown_as


@dataclass(frozen=True)
class Kind:
    """A kind of argument.

    Attributes:
        accepts: Whether a value is of this kind.
        write: What to write instead of a value.
        is_optional: Whether None stands for the default.
        fits: Whether a value of this kind is right.
    """

    accepts: Callable[[object], bool]
    write: Callable[[object], str]
    is_optional: bool = True
    fits: Callable[[Any], bool] = lambda _: True


def list_of(element: Kind, write: str, *, is_optional: bool = True) -> Kind:
    """Lists, and what is like them but text."""

    def accepts(value: object) -> bool:
        if isinstance(value, (str, bytes)) or not isinstance(value, Sequence):
            return False
        return all(map(element.accepts, value))

    def fits(value: Sequence[object]) -> bool:
        return all(map(element.fits, value))

    return Kind(accepts, lambda _: write, is_optional, fits)


def having(attribute: str, write: str, *, is_optional: bool = False) -> Kind:
    """What implements an interface, known by one of its members."""
    return Kind(lambda value: _has(value, attribute), lambda _: write, is_optional)


def instance_of(kind: type, write: str, *, is_optional: bool = True) -> Kind:
    """Objects of a class."""
    return Kind(lambda value: isinstance(value, kind), lambda _: write, is_optional)


def duration(unit: str) -> Kind:
    """A duration, for which a bare number is easily given."""
    return Kind(lambda value: isinstance(value, cdk.Duration), lambda value: _duration(unit, value))


APPLICATION = having(
    "application_ref",
    "pass an emrserverless.CfnApplication, or CfnApplication.from_application_arn(…) or "
    "from_application_id(…)",
)
ROLE = having("role_ref", "pass an iam.Role, or iam.Role.from_role_arn(…)")
GRANTEE = having("grant_principal", "pass a role or user, such as iam.Role.from_role_arn(…)")
# A schedule of EventBridge rules has an expression, too, but no time zone.
SCHEDULE = having("time_zone", "pass a scheduler.ScheduleExpression")
SWITCH = Kind(lambda value: isinstance(value, bool), lambda _: "write True or False", False)
SWITCH_OR_DEFAULT = Kind(SWITCH.accepts, SWITCH.write)
ID = Kind(lambda value: isinstance(value, str) and value != "", lambda _: "write text", False)
SCOPE = Kind(
    lambda value: _has(value, "node") and not isinstance(value, cdk.Stage),
    lambda _: "pass the stack, or another construct in it",
    False,
)
REMOVAL_POLICY = Kind(
    lambda value: isinstance(value, cdk.RemovalPolicy),
    lambda _: "write cdk.RemovalPolicy.RETAIN or cdk.RemovalPolicy.DESTROY",
)


def check_kinds(path: str, *found: str, **arguments: tuple[object, Kind]) -> None:
    """Checks arguments.

    Args:
        path: The path of the construct.
        found: Problems of the same sort that were found before.
        arguments: What was given for each argument, and what it must be.

    Raises:
        SessionValidationError: All arguments of another kind.
    """
    problems = [
        _problem(name, value, kind)
        for name, (value, kind) in arguments.items()
        if not (value is None and kind.is_optional) and not kind.accepts(value)
    ]
    problems += found
    if problems:
        raise SessionValidationError(path, problems)


def value_problems(**arguments: tuple[object, Kind]) -> list[str]:
    """Which arguments are of their kind, and wrong all the same."""
    return [
        _problem(name, value, kind)
        for name, (value, kind) in arguments.items()
        if value is not None and not kind.fits(value)
    ]


def check_scope(scope: object, id: object) -> None:
    """Checks what a construct's path is made of.

    Raises:
        SessionValidationError: The scope is no construct, or the id no text.
    """
    check_kinds(
        str(id),
        scope=(scope, SCOPE),
        id=(id, ID),
    )


def _has(value: object, attribute: str) -> bool:
    # The class is asked first: the value of a property would come from the CDK's process.
    return hasattr(type(value), attribute) or (
        not isinstance(value, (str, int, float, type)) and hasattr(value, attribute)
    )


def _problem(name: str, value: object, kind: Kind) -> str:
    return f"{name}: {_shown(name, value)}; {kind.write(value)}."


def _shown(name: str, value: object) -> str:
    if value is None:
        return "is required"
    if isinstance(value, type):
        return f"is the class {value.__name__}"
    if isinstance(value, str) and known_later(value):
        return "is text that is known at deployment, such as an id or an ARN"
    if isinstance(value, (int, float)) and known_later(value):
        return "is a number that is known at deployment"
    if isinstance(value, (str, int, float, list, tuple)):
        return shown_as(name, value)
    return f"is of type {type(value).__name__}"


def _duration(unit: str, value: object) -> str:
    amount = "…"
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf:
        amount = str(math.ceil(value))
    return f"write cdk.Duration.{unit}({amount})"
