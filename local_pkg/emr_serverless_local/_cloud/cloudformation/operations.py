"""The operations on stacks: create, update, roll back, continue a rollback, delete.

They stand in for MiniStack's own, under the names and with the arguments that
its API calls them by (``install``).
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ministack.services.cloudformation import changesets, handlers, stacks

from . import removal
from .change import Change
from .imports import is_imported, settle_import
from .stack import Record, Stack, add_event
from .template import Template

# From a failure to the first Delete. AWS takes two to four seconds.
ROLLBACK_SECONDS = 0.5
# What RollbackStack and the next update go by, on the record of a stack.
_FAILED_OPERATION = "_failed_operation"

_running: dict[str, "_RunningOperation"] = {}


@dataclass
class Options:
    """What AWS doesn't publish, or does on its own."""

    refuses_custom_replacements: bool = False


@dataclass
class _RunningOperation:
    """A create or an update that is in progress, and whether it may roll back."""

    change: Change
    done: asyncio.Event
    abandoned: bool = False


options = Options()


def install() -> None:
    """Replace MiniStack's functions with these. Idempotent."""
    module: Any
    for module in (stacks, handlers, changesets):
        module._deploy_stack_async = deploy
        module._add_event = add_event
    for module in (stacks, handlers):
        module._delete_stack_async = delete
        module._roll_back_operation = roll_back
        module._continue_update_rollback_async = continue_rollback


def has_failed(record: Mapping[str, Any]) -> bool:
    """Whether a stack's last operation failed with rollback off."""
    return _FAILED_OPERATION in record


def cancel_update(stack_id: str) -> None:
    """Cancel an update that is in progress: it rolls back."""
    if stack_id in _running:
        _running[stack_id].change.cancel("User Initiated")


async def deploy(
    stack_name: str,
    stack_id: str,
    template: Record,
    param_values: Record,
    disable_rollback: bool,
    tags: list[dict[str, str]],  # noqa: ARG001
    is_update: bool = False,
    previous_stack: Record | None = None,
    retain_except_on_create: bool = False,
    imports: Record | None = None,
) -> None:
    """Create or update a stack, with what is to be imported by logical id."""
    stack = Stack(stack_name)
    target = Template(stack.name, stack.id, template, param_values, stack.record.get("Tags") or [])
    verb = "UPDATE" if is_update else "CREATE"
    # After an operation that failed with rollback off, the way back is to what was before that.
    failed = stack.record.pop(_FAILED_OPERATION, None)
    operation = {
        "is_update": bool(failed["is_update"]) if failed else is_update,
        "previous_stack": failed["previous_stack"] if failed else previous_stack,
        "target": target,
        "retain_except_on_create": retain_except_on_create,
    }
    before = previous_stack if is_update else None
    if _is_refused(stack, target, disable_rollback, before, verb, imports or {}):
        if stack.status.endswith("_FAILED"):
            stack.record[_FAILED_OPERATION] = operation
        return
    change = Change(
        stack,
        target,
        rollback_is_off=disable_rollback,
        refuses_custom_replacements=options.refuses_custom_replacements,
        imports=imports,
    )
    running = _running[stack.id] = _RunningOperation(change, asyncio.Event())
    stack.record["_deploying"] = target
    try:
        await _delete_failed_creates(stack)
        done = await change.run()
        if done:
            del stack.record["_deploying"]
            await _finish(stack, change, verb)
        elif running.abandoned:
            return
        elif disable_rollback:
            stack.record[_FAILED_OPERATION] = operation
            stack.enter(f"{verb}_FAILED", change.failure())
        else:
            reason = change.failure()
            if not is_update and change.failed_to_create:
                reason += "Rollback requested by user."
            await roll_back(stack_name, stack_id, stack.record, operation, reason)
    finally:
        del _running[stack.id]
        running.done.set()


async def roll_back(
    stack_name: str,
    stack_id: str,  # noqa: ARG001
    stack: Record,  # noqa: ARG001
    operation: Record,
    reason_override: str = "",
) -> None:
    """Go back from a create or an update that failed."""
    rolled = Stack(stack_name)
    rolled.record.pop(_FAILED_OPERATION, None)
    prefix = "UPDATE_ROLLBACK" if operation["is_update"] else "ROLLBACK"
    rolled.enter(f"{prefix}_IN_PROGRESS", reason_override)
    await asyncio.sleep(ROLLBACK_SECONDS)
    if operation["is_update"]:
        await _go_back(rolled, operation)
        return
    target: Template = operation["target"]

    def retained(logical_id: str) -> bool:
        if is_imported(rolled.resources[logical_id]):
            return True
        policy = target.policy(logical_id, "DeletionPolicy", rolled.resources)
        return policy == "Retain" and not operation["retain_except_on_create"]

    failed = await removal.delete_resources(rolled, target, retained=retained)
    if failed:
        reason = f"The following resource(s) failed to delete: [{', '.join(failed)}]. "
        rolled.enter("ROLLBACK_FAILED", reason)
    else:
        rolled.enter("ROLLBACK_COMPLETE")


async def continue_rollback(
    stack_name: str,
    stack_id: str,  # noqa: ARG001
    resources_to_skip: Collection[str],
) -> None:
    """Try a rollback again that failed, but for the resources to skip."""
    stack = Stack(stack_name)
    stack.enter("UPDATE_ROLLBACK_IN_PROGRESS", "User Initiated")
    stack.record.pop("_rollback_failed", None)
    await _go_back(stack, stack.record["_rollback"], resources_to_skip)


async def delete(
    stack_name: str,
    stack_id: str,
    retain_resources: Collection[str] = (),
    force: bool = False,
) -> None:
    """Delete a stack; a create that is in progress is given up for it."""
    running = _running.get(stack_id)
    if running:
        running.abandoned = True
        running.change.cancel()
        await running.done.wait()
    await removal.delete_stack(Stack(stack_name), retain=retain_resources, force=force)


def _is_refused(
    stack: Stack,
    target: Template,
    disable_rollback: bool,
    previous: Record | None,
    verb: str,
    imports: Record,
) -> bool:
    """Fail a template that can't be begun with at all; gives whether it is one."""
    try:
        # What is there already is no reason to refuse what is to be imported.
        ordered = [logical_id for logical_id in target.resources if logical_id not in imports]
    except ValueError as error:
        stack.enter(f"{verb}_FAILED", str(error))
        return True
    return not stack.record.get("_disable_validation") and bool(
        stacks._fail_property_validation(
            stack.record,
            stack.id,
            stack.name,
            target.body.get("Resources", {}),
            ordered,
            target.parameters,
            target.conditions,
            target.mappings,
            disable_rollback,
            previous_stack=previous,
        )
    )


async def _delete_failed_creates(stack: Stack) -> None:
    """Delete what was left in CREATE_FAILED with rollback off.

    "Resources without a last known stable state will be deleted upon the next stack operation"
    (user guide, stack failure options).
    """
    failed = {i for i, r in stack.resources.items() if r["ResourceStatus"] == "CREATE_FAILED"}
    await removal.delete_resources(stack, stack.template(), only=failed)


async def _finish(stack: Stack, change: Change, verb: str) -> None:
    reason = ""
    if verb == "UPDATE":
        stack.enter("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
        reason = await change.clean_up()
    for record in stack.resources.values():
        record.pop("_replaced", None)
        settle_import(record)
    stack.enter(f"{verb}_COMPLETE", reason)


async def _go_back(stack: Stack, operation: Record, skipped: Collection[str] = ()) -> None:
    """Bring a stack back to what it was before an update, and clean up."""
    previous: Record = operation["previous_stack"]
    for name in ("_template_body", "Parameters", "Tags", "_conditions"):
        if name in previous:
            stack.record[name] = previous[name]
    target = Template(
        stack.name,
        stack.id,
        previous.get("_template") or {},
        previous.get("_resolved_params") or {},
        previous.get("Tags") or [],
    )
    back = Change(
        stack,
        target,
        before=operation["target"],
        goes_back=True,
        retain_except_on_create=operation["retain_except_on_create"],
        skipped=skipped,
    )
    if not await back.run():
        failed = back.failed_to_update + back.failed_to_create
        stack.record["_rollback"] = operation
        stack.record["_rollback_failed"] = {i: stack.resources[i] for i in failed}
        stack.enter("UPDATE_ROLLBACK_FAILED", back.failure())
        return
    stack.record.pop("_rollback", None)
    stack.record.pop("_deploying", None)
    stack.enter("UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
    await back.clean_up()
    for record in stack.resources.values():
        record.pop("_replaced", None)
    stack.enter("UPDATE_ROLLBACK_COMPLETE")
