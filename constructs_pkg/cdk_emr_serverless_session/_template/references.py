"""The references in a piece of a template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_IN_TEXT = re.compile(r"\$\{(\w+)(?:\.([\w.]+))?\}")


class Reference(NamedTuple):
    """A reference to a resource or a parameter.

    Attributes:
        logical_id: What it refers to.
        attribute: The attribute; empty for ``Ref``.
    """

    logical_id: str
    attribute: str


def references_in(value: Any) -> Iterator[Reference]:
    """Every ``Ref``, ``Fn::GetAtt`` and ``Fn::Sub`` in a value of a template."""
    if isinstance(value, list):
        for one in value:
            yield from references_in(one)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _references_of(key, inner)


def _references_of(key: str, inner: Any) -> Iterator[Reference]:
    if key == "Ref" and isinstance(inner, str):
        yield Reference(inner, "")
    elif key == "Fn::GetAtt" and isinstance(inner, (str, list)):
        parts = inner.split(".") if isinstance(inner, str) else [str(part) for part in inner]
        yield Reference(parts[0], ".".join(parts[1:]))
    elif key == "Fn::Sub":
        text = inner[0] if isinstance(inner, list) and inner else inner
        for found in _IN_TEXT.finditer(text) if isinstance(text, str) else ():
            yield Reference(found[1], found[2] or "")
        if isinstance(inner, list):
            yield from references_in(inner[1:])
    else:
        yield from references_in(inner)


def dependents_of(logical_id: str, awaited: Mapping[str, set[str]]) -> set[str]:
    """The resources of a template that wait for one of them, directly or by way of others.

    Args:
        logical_id: What is waited for.
        awaited: What each resource waits for directly.
    """
    found: set[str] = set()
    latest = {logical_id}
    while latest:
        found |= latest
        latest = {
            id for id, ids in awaited.items() if id not in found and not latest.isdisjoint(ids)
        }
    return found - {logical_id}


def awaited_by_each(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """What each resource of a template waits for directly, by logical ids."""
    return {id: _awaited_by(resource) for id, resource in resources.items()}


def _awaited_by(resource: Mapping[str, Any]) -> set[str]:
    named = resource.get("DependsOn", [])
    return {
        *(reference.logical_id for reference in references_in(resource)),
        *(named if isinstance(named, list) else [named]),
    }
