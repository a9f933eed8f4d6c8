"""The longest chain of resources in a template, by typical creation times.

CloudFormation makes resources in parallel, unless one depends on another: by a reference, or by
DependsOn. What a deployment takes is its longest chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

# Seconds until CREATE_COMPLETE. Those of IAM are what CloudFormation waits for its changes to
# spread: 16 for roles (events in aws/aws-cdk issue 7964), 15 to 17 for policies (events in
# aws-samples/websearch_agent issue 3). The others are typical of stack events, by experience; a
# wrong one moves all compared chains alike. What isn't named takes two.
SECONDS = {
    "AWS::IAM::Role": 16.0,
    "AWS::IAM::Policy": 16.0,
    "AWS::IAM::ManagedPolicy": 16.0,
    "AWS::Lambda::Function": 8.0,
    "AWS::StepFunctions::StateMachine": 3.0,
    "AWS::Logs::LogGroup": 3.0,
    "AWS::EMRServerless::Application": 5.0,
}
OTHERS = 2.0


@dataclass(frozen=True)
class Chain:
    """Resources that wait for each other, in the order in which they are made."""

    ids: tuple[str, ...]
    types: tuple[str, ...]
    seconds: float


def before_first(template: Mapping[str, Any], resource_type: str) -> Chain:
    """The longest chain before the first resource of a type can begin.

    Args:
        template: A synthesized template.
        resource_type: The type; for several resources of it, the one that begins first counts.

    Returns:
        The chain, without that resource.
    """
    resources: Mapping[str, Any] = template["Resources"]

    @cache
    def until_begins(id: str) -> tuple[float, tuple[str, ...]]:
        waits = [until_complete(other) for other in sorted(dependencies(template, id))]
        return max(waits, default=(0.0, ()))

    def until_complete(id: str) -> tuple[float, tuple[str, ...]]:
        seconds, ids = until_begins(id)
        return seconds + SECONDS.get(resources[id]["Type"], OTHERS), (*ids, id)

    seconds, ids = min(
        until_begins(id) for id, found in resources.items() if found["Type"] == resource_type
    )
    return Chain(ids, tuple(resources[id]["Type"] for id in ids), seconds)


def between(template: Mapping[str, Any], first: str, last: str) -> set[str]:
    """The types of what a deletion has to delete after one type and before another.

    Deletion goes the other way: what depends on something is deleted before it.
    """
    resources = template["Resources"]
    after = set[str]()
    pending = [id for id, found in resources.items() if found["Type"] == first]
    while pending:
        new = dependencies(template, pending.pop()) - after
        after |= new
        pending += new
    return {
        resources[id]["Type"]
        for id in after
        if any(resources[other]["Type"] == last for other in _reached(template, id))
    }


def _reached(template: Mapping[str, Any], id: str) -> set[str]:
    reached = set[str]()
    pending = [id]
    while pending:
        new = dependencies(template, pending.pop()) - reached
        reached |= new
        pending += new
    return reached


def dependencies(template: Mapping[str, Any], id: str) -> set[str]:
    """The resources that one waits for directly."""
    resource = template["Resources"][id]
    depends_on = resource.get("DependsOn", [])
    named = {depends_on} if isinstance(depends_on, str) else set(depends_on)
    named.update(references(resource.get("Properties", {})))
    return {other for other in named if other in template["Resources"]}


def references(node: Any) -> Iterator[str]:
    """The logical ids, parameters and pseudo parameters that a value refers to."""
    if isinstance(node, list):
        for item in node:
            yield from references(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "Ref":
                yield value
            elif key == "Fn::GetAtt":
                yield value[0] if isinstance(value, list) else value.split(".")[0]
            elif key == "Fn::Sub":
                text = value if isinstance(value, str) else value[0]
                yield from (name.split(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))
                yield from references(value[1:] if isinstance(value, list) else [])
            else:
                yield from references(value)
