"""One validator: lengths, ranges and patterns of the service's model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk

from .._emr.model import shape


def shape_problems(name: str, shape_name: str, value: Any) -> Iterator[str]:
    """What is wrong with a text or a number by the length, range and pattern of a shape.

    Values that are only known at deployment, and texts with such values in them, pass.
    """
    if known_later(value):
        return
    constraints = shape(shape_name)
    shown = shown_as(name, value)
    if constraints["type"] == "string":
        if not isinstance(value, str):
            yield f"{name}: {shown}, must be text."
            return
        yield from size_problems(name, shown, len(value), constraints, "characters")
        pattern = constraints.get("pattern")
        if pattern and not re.fullmatch(pattern, value, re.ASCII):
            yield f"{name}: {shown}, must match {pattern}"
    else:
        yield from size_problems(name, shown, value, constraints, "")


def member_problems(name: str, member: str, value: Any) -> list[str]:
    """The same for a member of StartSession's request."""
    members = shape("StartSessionRequest")["members"]
    return list(shape_problems(name, members[member]["shape"], value))


def size_problems(
    name: str, shown: str, size: float, constraints: Mapping[str, Any], unit: str
) -> Iterator[str]:
    """Whether a length, number of entries or number is within a shape's range."""
    suffix = f" {unit}" if unit else ""
    if "min" in constraints and size < constraints["min"]:
        yield f"{name}: {shown}, must be at least {constraints['min']:,}{suffix}."
    if "max" in constraints and size > constraints["max"]:
        yield f"{name}: {shown}, must be at most {constraints['max']:,}{suffix}."


def known_later(value: Any) -> bool:
    """Whether a value is a token; asking the CDK costs time, and text shows it."""
    if isinstance(value, str):
        return "${Token[" in value
    if isinstance(value, (int, float)):
        return value < 0 and cdk.Token.is_unresolved(value)  # tokens are negative numbers
    return cdk.Token.is_unresolved(value)


def shown_as(name: str, value: Any) -> str:
    """The value as messages have it: quoted, cut when long, and never a property's own value."""
    if ".properties[" in name and not name.endswith(" key"):
        # The service's model marks the properties as sensitive.
        return f"{len(value)} characters" if isinstance(value, str) else type(value).__name__
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(str(value)):,} characters)"
