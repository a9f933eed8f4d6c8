"""Create, update and delete one resource: a custom one, or of one of MiniStack's own types.

MiniStack's types go to its provisioners, in a thread where they may block.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.services.cloudformation import provisioners, stacks

from . import custom_resource
from .custom_resource import is_custom
from .stack import Record, Stack
from .template import Properties

CREATION_OF_ANOTHER = (
    "Requested update requires the creation of a new physical resource; hence creating one."
)


@dataclass(frozen=True)
class Outcome:
    """What a Create or an Update came to."""

    physical_id: str
    attributes: dict[str, Any]
    # MiniStack's random part of a generated name.
    name_seed: str = ""
    # Deletions that the type's handler wants when the operation is done.
    deletions: list[Callable[[], Any]] = field(default_factory=list)


async def create(
    stack: Stack, logical_id: str, resource_type: str, properties: Properties
) -> Outcome:
    """Create it. Raises whatever says why it can't be."""
    if is_custom(resource_type):
        made = await custom_resource.request(stack, "Create", logical_id, resource_type, properties)
        return Outcome(*made)
    (physical_id, attributes), seed = await _run(
        resource_type,
        stacks._provision_keeping_seed,
        resource_type,
        logical_id,
        properties,
        stack.name,
    )
    return Outcome(physical_id, attributes, seed)


async def update(
    stack: Stack,
    logical_id: str,
    record: Record,
    old: Properties,
    new: Properties,
    *,
    retain_replaced: bool = False,
) -> Outcome:
    """Update it. Raises whatever says why it can't be."""
    resource_type, physical_id = record["ResourceType"], record["PhysicalResourceId"]
    if is_custom(resource_type):
        made = await custom_resource.request(
            stack,
            "Update",
            logical_id,
            resource_type,
            new,
            physical_id=physical_id,
            old_properties=old,
        )
        return Outcome(*made)
    queued: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
    with (
        _set(provisioners._RETAIN_REPLACED, retain_replaced),
        _set(provisioners._DEFERRED_PREDECESSOR_DELETES, queued),
        _set(provisioners._NAME_SEED, record.get("_name_seed", "")),
    ):
        (made_id, attributes), seed = await _run(
            resource_type,
            stacks._update_keeping_seed,
            resource_type,
            physical_id,
            old,
            new,
            stack.name,
            logical_id,
            record.get("Attributes", {}),
        )
    deletions = [_bound(*deletion) for deletion in queued]
    return Outcome(made_id, attributes, seed, deletions)


async def delete(
    stack: Stack, logical_id: str, resource_type: str, physical_id: str, properties: Properties
) -> None:
    """Delete it. Raises whatever says why it can't be."""
    if is_custom(resource_type):
        await custom_resource.request(
            stack, "Delete", logical_id, resource_type, properties, physical_id=physical_id
        )
    else:
        await _run(
            resource_type,
            provisioners._delete_resource,
            resource_type,
            physical_id,
            properties,
            stack.name,
            logical_id,
        )


def replaces(resource_type: str, old: Properties, new: Properties) -> bool:
    """Whether CloudFormation itself makes another resource for this change."""
    return not is_custom(resource_type) and bool(
        provisioners._replacing_change(resource_type, old, new)
    )


async def _run(resource_type: str, function: Callable[..., Any], *arguments: Any) -> Any:
    if stacks._runs_on_worker_thread(resource_type):
        return await run_reentrant(function, *arguments)
    return function(*arguments)


@contextlib.contextmanager
def _set(variable: Any, value: Any) -> Any:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _bound(
    function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]
) -> Callable[[], Any]:
    return lambda: function(*arguments, **named)
