"""List parameters of a template, whose values are known at deployment only, in IAM statements.

A ``CommaDelimitedList`` can't be looped over, and the delimiter of ``Fn::Join`` can't refer to
anything. So what is written around each element is the same for every account and region: a
pattern, which the account and region of the role confine.
"""

from __future__ import annotations

import aws_cdk as cdk


def stack_id_patterns(names: list[str]) -> list[str]:
    """The patterns of the ids of stacks, by their names or patterns for their names."""
    return _each(names, "arn:*:cloudformation:*:*:stack/", "/*")


def application_arn_patterns(ids: list[str]) -> list[str]:
    """The ARNs of applications, by their ids. No id gives an ARN of nothing."""
    return _each(ids, "arn:*:emr-serverless:*:*:/applications/", "")


def with_listed(known: list[str], listed: list[str]) -> list[str]:
    """A list that begins with what is known at synth. No element gives an empty string."""
    return cdk.Fn.split(",", cdk.Fn.join(",", [*known, cdk.Fn.join(",", listed)]))


def _each(elements: list[str], before: str, after: str) -> list[str]:
    joined = cdk.Fn.join(f"{after},{before}", elements)
    return cdk.Fn.split(",", cdk.Fn.join("", [before, joined, after]))
