"""One validator: lengths, ranges and patterns of the service's model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk

from .._emr.model import shape


def shape_problems(name: str, shape_name: str, value: Any) -> Iterator[str]:
    """What is wrong with a text or a number by the length, range and pattern of a shape.

    Values that are only known at deployment, and texts with such values in them, pass. Whether a
    text is one is checked before, by ``text_problems``.
    """
    if known_later(value):
        return
    constraints = shape(shape_name)
    shown = shown_as(name, value)
    if constraints["type"] == "string":
        problems = list(size_problems(name, shown, len(value), constraints, "characters"))
        pattern = constraints.get("pattern")
        if not problems and pattern and not re.fullmatch(pattern, value, re.ASCII):
            expected = _EXPECTED.get(shape_name) or _MEANING.get(pattern, f"must match {pattern}")
            problems.append(f"{name}: {shown}{_kind_of_arn(value)}, {expected}.")
        yield from problems
    else:
        yield from size_problems(name, shown, value, constraints, "")


# What the patterns of the model mean, by the name of the shape or by the pattern itself.
_EXPECTED = {
    "ApplicationId": "must be an application's id: digits and lower-case letters, such as "
    "00f1abcdef234567",
    "SessionId": "must be a session's id: digits and lower-case letters, such as 00f2abcdef234567",
    "SessionArn": "must be a session's ARN: arn:aws:emr-serverless:REGION:ACCOUNT:/applications/"
    "APPLICATION/sessions/SESSION",
    "IAMRoleArn": "must be a role's ARN: arn:aws:iam::ACCOUNT:role/NAME",
}
_TAG_CHARACTERS = "[A-Za-z0-9 /_.:=+@-]"
_MEANING = {
    r".*\S.*": "must not be blank",
    **{
        _TAG_CHARACTERS + times: "may have letters, digits, spaces and _ . : / = + - @ only"
        for times in "+*"
    },
}
_ARN = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):[\w-]*:\w*:/?(?P<resource>[\w-]+)")


def _kind_of_arn(value: str) -> str:
    found = _ARN.match(value)
    if found is None:
        return ""
    service, resource = found["service"], found["resource"]
    if (service, resource) == ("emr-serverless", "applications"):
        kind = "session" if "/sessions/" in value else "application"
        return f" is the ARN of an EMR Serverless {kind}"
    return f" is the ARN of {service}'s {resource}"


def text_problems(name: str, value: object) -> Iterator[str]:
    """Says what to write instead of what is no text."""
    if isinstance(value, str):
        return
    if known_later(value):
        yield f"{name}: is known at deployment, and no text; write cdk.Token.as_string(…)."
    elif isinstance(value, bool):
        yield f'{name}: {value}; write "{str(value).lower()}".'
    elif isinstance(value, (int, float)):
        yield f'{name}: {value}; write "{value}".'
    else:
        yield f"{name}: {shown_as(name, value)}, must be text."


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
    """Whether a value is known at deployment only: a token, or a dynamic reference.

    Asking the CDK costs time, and text shows it.
    """
    if isinstance(value, str):
        return "${Token[" in value or "{{resolve:" in value
    if isinstance(value, (int, float)):
        return value < 0 and cdk.Token.is_unresolved(value)  # tokens are negative numbers
    return not isinstance(value, (bytes, type)) and cdk.Token.is_unresolved(value)


def shown_as(name: str, value: Any) -> str:
    """The value as messages have it: quoted, cut when long, and never a property's own value."""
    if ".properties[" in name and not name.endswith(" key"):
        # The service's model marks the properties as sensitive.
        return f"{len(value)} characters" if isinstance(value, str) else type(value).__name__
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:60]}… ({len(str(value)):,} characters)"
