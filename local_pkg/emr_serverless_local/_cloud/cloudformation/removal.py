"""Deletes a stack's resources: all of them, or those that a change has replaced or removed."""

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from ministack.services.cloudformation import provisioners

from . import exports, nested, resource
from .parallel import reversed_dependencies, visit_all
from .stack import RETAINING_POLICIES, STACK_TYPE, Record, Stack
from .template import Properties, Template

# In a clean-up. What can't be deleted then is nobody's any more.
CLEAN_UP_ATTEMPTS = 3

_log = logging.getLogger("local-aws")


@dataclass(frozen=True)
class Leftover:
    """A physical resource that a change has replaced."""

    logical_id: str
    resource_type: str
    physical_id: str
    properties: Properties
    deletions: list[Callable[[], Any]] = field(default_factory=list)
    retained: bool = False


async def delete_resources(
    stack: Stack,
    template: Template,
    *,
    only: Collection[str] | None = None,
    retained: Callable[[str], bool] = lambda _: False,
    snapshots: bool = False,
) -> list[str]:
    """Delete a stack's resources, dependents first; gives the logical ids of those that stay.

    What a resource depends on stays, too, when the resource can't be deleted.
    """
    known = template.dependencies
    chosen = [i for i in stack.resources if only is None or i in only]
    dependencies = {logical_id: known.get(logical_id, set()) for logical_id in chosen}

    async def visit(logical_id: str) -> bool:
        record = stack.resources[logical_id]
        if retained(logical_id):
            stack.show(logical_id, record["ResourceType"], "DELETE_SKIPPED")
            del stack.resources[logical_id]
            return True
        if not record["PhysicalResourceId"]:  # never made
            del stack.resources[logical_id]
            return True
        if snapshots and _policy(template, stack, logical_id) == "Snapshot":
            provisioners._snapshot_resource(
                record["ResourceType"], record["PhysicalResourceId"], record["Properties"]
            )
        return await _delete_record(stack, logical_id)

    await visit_all(reversed_dependencies(dependencies), visit)
    return [i for i, r in stack.resources.items() if r["ResourceStatus"] == "DELETE_FAILED"]


async def clean_up(
    stack: Stack,
    before: Template,
    after: Template,
    leftovers: Iterable[Leftover],
    retained: Callable[[str], bool],
) -> bool:
    """Delete what a change left over, and the resources that its template has no more.

    Each is tried three times and then skipped: it is no part of the stack any more
    (aws-cloudformation/cloudformation-coverage-roadmap issue 744).

    Returns:
        Whether all of it is deleted.
    """
    kept = after.resources
    nodes: dict[str, set[str]] = {}
    replaced: dict[str, list[Leftover]] = {}
    known = [before.dependencies, after.dependencies]
    for leftover in leftovers:
        replaced.setdefault(leftover.logical_id, []).append(leftover)
    for logical_id in {*replaced, *(stack.resources.keys() - kept.keys())}:
        nodes[logical_id] = set().union(*(of.get(logical_id, set()) for of in known))

    skipped: list[str] = []

    async def visit(logical_id: str) -> bool:
        for leftover in replaced.get(logical_id, []):
            if not await _delete_leftover(stack, leftover):
                skipped.append(logical_id)
        if logical_id in kept or logical_id not in stack.resources:
            return True
        record = stack.resources[logical_id]
        if retained(logical_id):
            stack.show(logical_id, record["ResourceType"], "DELETE_SKIPPED")
        elif record["PhysicalResourceId"]:
            for _ in range(CLEAN_UP_ATTEMPTS):
                if await _delete_record(stack, logical_id):
                    return True
            skipped.append(logical_id)
        del stack.resources[logical_id]
        return True

    await visit_all(reversed_dependencies(nodes), visit)
    return not skipped


async def delete_stack(
    stack: Stack, *, retain: Collection[str] = (), force: bool = False
) -> list[str]:
    """Delete a stack; gives the logical ids of the resources that can't be deleted."""
    template = stack.record.get("_deploying") or stack.template()
    stack.enter("DELETE_IN_PROGRESS")

    def retained(logical_id: str) -> bool:
        return logical_id in retain or _policy(template, stack, logical_id) in RETAINING_POLICIES

    failed = await delete_resources(stack, template, retained=retained, snapshots=True)
    if failed and force:
        for logical_id in list(stack.resources):
            stack.show(logical_id, stack.resources[logical_id]["ResourceType"], "DELETE_SKIPPED")
            del stack.resources[logical_id]
    elif failed:
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        stack.enter("DELETE_FAILED", reason)
        return failed
    exports.withdraw(stack)
    stack.enter("DELETE_COMPLETE")
    return []


def _policy(template: Template, stack: Stack, logical_id: str) -> str:
    return template.policy(logical_id, "DeletionPolicy", stack.resources)


async def _delete_record(stack: Stack, logical_id: str) -> bool:
    record = stack.resources[logical_id]
    kind, physical_id = record["ResourceType"], record["PhysicalResourceId"]
    stack.show(logical_id, kind, "DELETE_IN_PROGRESS")
    try:
        await _delete(stack, logical_id, kind, physical_id, _sent(record))
    except Exception as error:  # noqa: BLE001 - whatever it is, the resource isn't deleted
        _log.warning("Delete of %s (%s) failed: %s", logical_id, physical_id, error)
        stack.show(logical_id, kind, "DELETE_FAILED", reason=str(error))
        return False
    stack.tell(logical_id, kind, "DELETE_COMPLETE", physical_id)
    del stack.resources[logical_id]
    return True


async def _delete_leftover(stack: Stack, leftover: Leftover) -> bool:
    kind, physical_id = leftover.resource_type, leftover.physical_id
    if leftover.retained:
        stack.tell(leftover.logical_id, kind, "DELETE_SKIPPED", physical_id)
        return True
    for _ in range(CLEAN_UP_ATTEMPTS):
        stack.tell(leftover.logical_id, kind, "DELETE_IN_PROGRESS", physical_id)
        try:
            for deletion in leftover.deletions:
                deletion()
            if (
                stack.resources.get(leftover.logical_id, {}).get("PhysicalResourceId")
                != physical_id
            ):
                await _delete(stack, leftover.logical_id, kind, physical_id, leftover.properties)
        except Exception as error:  # noqa: BLE001 - whatever it is, the resource isn't deleted
            _log.warning("Delete of %s (%s) failed: %s", leftover.logical_id, physical_id, error)
            stack.tell(leftover.logical_id, kind, "DELETE_FAILED", physical_id, str(error))
            continue
        stack.tell(leftover.logical_id, kind, "DELETE_COMPLETE", physical_id)
        return True
    return False


async def _delete(
    stack: Stack, logical_id: str, kind: str, physical_id: str, properties: Properties
) -> None:
    if kind != STACK_TYPE:
        await resource.delete(stack, logical_id, kind, physical_id, properties)
        return
    child = nested.find(physical_id)
    failed = await delete_stack(child) if child and child.status != "DELETE_COMPLETE" else []
    if failed:
        raise ValueError(
            f"Embedded stack {physical_id} was not successfully deleted: "
            f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        )


def _sent(record: Record) -> Properties:
    properties: Properties = record.get("_sent") or record.get("Properties") or {}
    return properties
