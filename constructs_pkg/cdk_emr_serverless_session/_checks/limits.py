"""One validator: lengths, ranges and patterns of the service's model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import aws_cdk as cdk

from .._emr.model import shape
from .._template.lookups import as_construct, path_of


def shape_problems(name: str, shape_name: str, value: Any) -> Iterator[str]:
    """What is wrong with a text or a number by the length, range and pattern of a shape.

    Values that are only known at deployment, and texts with such values in them, pass. Whether a
    text is one is checked before, by ``text_problems``.
    """
    if known_later(value):
        return
    constraints = shape(shape_name)
    shown = shown_as(name, value)
    if constraints["type"] != "string":
        yield from size_problems(name, shown, value, constraints, "")
        return
    pattern: str = constraints.get("pattern", r"[\s\S]*")
    fits = re.fullmatch(pattern, value, re.ASCII) is not None
    expected = _EXPECTED.get(shape_name)
    if expected and not fits:
        # What a value is says more than how long it is.
        yield f"{name}: {shown}{_kind_of(value)}, {expected}{_advice(name, value)}."
        return
    problems = list(size_problems(name, shown, len(value), constraints, "characters"))
    if not problems and not fits:
        problems.append(f"{name}: {shown}, {_meaning(pattern, value)}.")
    yield from problems


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
    _TAG_CHARACTERS + times: "may have letters, digits, spaces and _ . : / = + - @ only"
    for times in "+*"
}
_IN_ONE_LINE = r".*\S.*"


def _meaning(pattern: str, value: str) -> str:
    if pattern == _IN_ONE_LINE:
        has_text = re.search(r"\S", value, re.ASCII)
        return "must not have line breaks" if has_text else "must not be blank"
    return _MEANING.get(pattern, f"must match {pattern}")


_ID = re.compile("00[0-9a-z]+")
_ARN = re.compile(r"arn:[\w-]+:(?P<service>[\w-]+):[\w-]*:\w*:/?(?P<resource>[\w-]+).*")
_OF_AN_APPLICATION = re.compile(
    r"arn:[\w-]+:emr-serverless:[\w-]*:\w*:/applications/\w+(?:/(?P<part>\w+)/\w+)?"
)
_PARTS = {None: "application", "sessions": "session", "jobruns": "job run"}


def _kind_of(value: str) -> str:
    """What a value is that isn't what it has to be, as far as that shows."""
    if _ID.fullmatch(value):
        return " is an id"
    if (found := _OF_AN_APPLICATION.fullmatch(value)) and found["part"] in _PARTS:
        return f" is the ARN of an EMR Serverless {_PARTS[found['part']]}"
    if (found := _ARN.fullmatch(value)) and found["service"] != "emr-serverless":
        return f" is the ARN of {found['service']}'s {found['resource']}"
    return ""


_WITH_ARN = {
    "application": "the ARN, use CfnApplication.from_application_arn(…)",
    "application_id": "the session's ARN, use Session.from_session_arn(…)",
    "session_id": "the session's ARN, use Session.from_session_arn(…)",
}
_WITH_ID = {"session_arn": "ids, use Session.from_session_attributes(…)"}


def _advice(name: str, value: str) -> str:
    """What takes what was given for an argument."""
    ways = _WITH_ARN if value.startswith("arn:") else _WITH_ID if _ID.fullmatch(value) else {}
    return f"; with {ways[name]}" if name in ways else ""


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
    text = _written(value)
    length = len(value if isinstance(value, str) else text)
    return text if len(text) <= 80 else f"{text[:60]}… ({length:,} characters)"


def _written(value: Any) -> str:
    """Text, numbers and lists as in Python, constructs by path, and others by type."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_written, value))}]"
    if value is None or isinstance(value, (str, bytes, int, float)):
        return repr(value)
    if isinstance(value, type):
        return value.__name__
    construct = as_construct(value)
    return type(value).__name__ if construct is None else path_of(construct)
