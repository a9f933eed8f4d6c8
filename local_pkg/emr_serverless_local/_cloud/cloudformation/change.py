"""Changes a stack's resources to those of a template, and rolls back.

Resources that don't depend on each other are worked on in parallel. When one
fails, those that are in progress are cancelled, unless rollback is off: then the
other paths go on (user guide, stack failure options).

A rollback is a change, too: to the template of before, from what is there.
"""

import asyncio
import contextlib
import logging
from collections.abc import Collection
from typing import Any

from . import exports, nested, resource
from .custom_resource import RequestFailed, is_custom, require_same_service_token
from .imports import is_imported, take
from .parallel import visit_all
from .removal import Leftover, clean_up
from .resource import Outcome
from .stack import RETAINING_POLICIES, STACK_TYPE, Record, Stack
from .template import Properties, Template

# aws-cloudformation/cloudformation-coverage-roadmap issue 1814
CREATION_CANCELLED = "Resource creation cancelled"
UPDATE_CANCELLED = "Resource update cancelled"
# aws/aws-cdk issue 30546
REPLACEMENT_REFUSED = "Replacement type updates not supported on stack with disable-rollback."
# serverless/serverless issue 9144
SOME_NOT_DELETED = "Update successful. One or more resources could not be deleted."

_log = logging.getLogger("local-aws")


class Change:
    """One change of a stack.

    Args:
        stack: The stack.
        target: The template to bring it to.
        before: The template that defines what the target has no more.
        goes_back: Whether it rolls another change back.
        rollback_is_off: Whether a failure leaves everything as it is.
        refuses_custom_replacements: Whether a custom resource, too, can't be replaced while
            rollback is off. What AWS does isn't published.
        retain_except_on_create: Whether what a failed operation made is deleted whatever its
            policy says.
        skipped: Logical ids that are to be left as they are.
        imports: The identifiers of resources that exist and are to be imported, by logical id.
    """

    def __init__(
        self,
        stack: Stack,
        target: Template,
        *,
        before: Template | None = None,
        goes_back: bool = False,
        rollback_is_off: bool = False,
        refuses_custom_replacements: bool = False,
        retain_except_on_create: bool = False,
        skipped: Collection[str] = (),
        imports: Record | None = None,
    ) -> None:
        self.stack = stack
        self.target = target
        self.failed_to_create: list[str] = []
        self.failed_to_update: list[str] = []
        self.reason = ""
        self._before = before or stack.template()
        self._goes_back = goes_back
        self._rollback_is_off = rollback_is_off
        self._refuses_custom_replacements = refuses_custom_replacements
        self._retain_except_on_create = retain_except_on_create
        self._skipped = skipped
        self._imports = imports or {}
        self._leftovers: list[Leftover] = []
        self._children: list[Change] = []
        self._under_way: dict[str, asyncio.Task[Any]] = {}
        self._stopped = False

    async def run(self) -> bool:
        """Do it; gives whether all of it is done."""
        done = await visit_all(self.target.dependencies, self._visit, stopped=lambda: self._stopped)
        if not done:
            return False
        try:
            kept = self.target.resources
            records = {i: r for i, r in self.stack.resources.items() if i in kept}
            outputs, wanted = self.target.outputs(records)
        except ValueError as error:
            self.reason = str(error)
            return False
        refusal = exports.refusal(self.stack, wanted)
        if refusal and not self._goes_back:
            self.reason = refusal
            return False
        exports.publish(self.stack, wanted)
        self.stack.record.update(
            Outputs=outputs, _template=self.target.body, _resolved_params=self.target.parameters
        )
        return True

    def cancel(self, reason: str = "") -> None:
        """Cancel what is in progress, and begin nothing more."""
        self._stopped = True
        self.reason = self.reason or reason
        for task in self._under_way.values():
            task.cancel()

    def failure(self) -> str:
        """Why it isn't done, as the stack's status reason."""
        failed = (("create", self.failed_to_create), ("update", self.failed_to_update))
        said = "".join(
            f"The following resource(s) failed to {verb}: [{', '.join(logical_ids)}]. "
            for verb, logical_ids in failed
            if logical_ids
        )
        return said or self.reason

    async def clean_up(self) -> str:
        """Delete what it left over, once it is done; gives the stack's status reason."""
        for child in self._children:
            await child.clean_up()

        def retained(logical_id: str) -> bool:
            if is_imported(self.stack.resources[logical_id]):
                return True
            policy = self._before.policy(logical_id, "DeletionPolicy", self.stack.resources)
            if self._goes_back and (self._retain_except_on_create or policy != "Retain"):
                return False
            return policy in RETAINING_POLICIES

        done = await clean_up(self.stack, self._before, self.target, self._leftovers, retained)
        return "" if done else SOME_NOT_DELETED

    async def _visit(self, logical_id: str) -> bool:
        await asyncio.sleep(0)
        if logical_id in self._skipped:
            record = self.stack.resources[logical_id]
            record.pop("_attempted", None)
            self.stack.show(logical_id, record["ResourceType"], "UPDATE_COMPLETE")
            return True
        task = asyncio.current_task()
        if task:
            self._under_way[logical_id] = task
        try:
            await self._bring(logical_id)
        except asyncio.CancelledError:
            self._fail(logical_id, None, None)
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the resource failed
            _log.warning("%s of %s failed: %s", logical_id, self.stack.name, error)
            answered = error.physical_id if isinstance(error, RequestFailed) else None
            self._under_way.pop(logical_id, None)
            self._fail(logical_id, str(error), answered)
            if not self._rollback_is_off and not self._goes_back:
                self.cancel()
            return False
        finally:
            self._under_way.pop(logical_id, None)
        return True

    async def _bring(self, logical_id: str) -> None:
        resource_type = self.target.resources[logical_id]["Type"]
        properties, dynamic = self.target.properties(logical_id, self.stack.resources, self._before)
        tagged = self.target.with_tags(logical_id, resource_type, properties)
        record = self.stack.resources.get(logical_id)
        if record is None and logical_id in self._imports:
            made = Outcome(*take(self.stack, logical_id, resource_type, self._imports[logical_id]))
            status = "UPDATE_COMPLETE"
        elif record is None:
            made = await self._create(logical_id, resource_type, properties, tagged)
            status = "CREATE_COMPLETE"
        else:
            if record["ResourceType"] != resource_type:
                raise ValueError(
                    "Update of resource type is not permitted. The new template modifies resource "
                    f"type of the following resources: [{logical_id}]"
                )
            if self._goes_back and "_replaced" in record:
                self._restore(logical_id, record)
                return
            updated = await self._update(logical_id, record, tagged)
            if updated is None:
                return
            made, status = updated, "UPDATE_COMPLETE"
        record = self.stack.resources[logical_id]
        record["Properties"], record["_sent"] = properties, tagged
        record["Attributes"] = made.attributes
        record.pop("_attempted", None)
        for name, value in (("_dynamic", dynamic), ("_name_seed", made.name_seed)):
            if value:
                record[name] = value
        self.stack.show(logical_id, resource_type, status, physical_id=made.physical_id)

    async def _create(
        self, logical_id: str, resource_type: str, properties: Properties, tagged: Properties
    ) -> Outcome:
        record = self.stack.show(logical_id, resource_type, "CREATE_IN_PROGRESS")
        record["Properties"], record["_sent"] = properties, tagged
        if resource_type == STACK_TYPE:
            return await self._change_child(logical_id, record, tagged)
        return await resource.create(self.stack, logical_id, resource_type, tagged)

    async def _update(self, logical_id: str, record: Record, new: Properties) -> Outcome | None:
        """Update a resource; None where there is nothing to do."""
        kind, old_id = record["ResourceType"], record["PhysicalResourceId"]
        old = record.get("_sent") or record["Properties"]
        if self._goes_back and (is_custom(kind) or kind == STACK_TYPE):
            # Its provider may have changed something before it failed.
            old = record.get("_attempted", old)
        if old == new:
            if record["ResourceStatus"].endswith("_FAILED"):
                record.pop("_attempted", None)
                self.stack.show(logical_id, kind, "UPDATE_COMPLETE")
            return None
        if is_custom(kind):
            require_same_service_token(old, new)
        replaces = resource.replaces(kind, old, new)
        reason = resource.CREATION_OF_ANOTHER if replaces else ""
        before = dict(record)
        self.stack.show(logical_id, kind, "UPDATE_IN_PROGRESS", reason=reason)
        if not self._goes_back:
            record["_attempted"] = new
        if replaces and self._rollback_is_off:
            raise ValueError(REPLACEMENT_REFUSED)
        policy = self.target.policy(logical_id, "UpdateReplacePolicy", self.stack.resources)
        retained = policy in RETAINING_POLICIES and not self._goes_back
        if kind == STACK_TYPE:
            return await self._change_child(logical_id, record, new)
        made = await resource.update(
            self.stack, logical_id, record, old, new, retain_replaced=retained
        )
        if made.physical_id == old_id and not made.deletions:
            return made
        if is_custom(kind):
            if self._rollback_is_off and self._refuses_custom_replacements:
                raise ValueError(REPLACEMENT_REFUSED)
        else:
            record["_replaced"] = before
        self._leftovers.append(Leftover(logical_id, kind, old_id, old, made.deletions, retained))
        return made

    def _restore(self, logical_id: str, record: Record) -> None:
        """Go back to the physical resource that CloudFormation itself replaced: it is there yet."""
        kind = record["ResourceType"]
        self._leftovers.append(
            Leftover(logical_id, kind, record["PhysicalResourceId"], record["_sent"])
        )
        self.stack.resources[logical_id] = record["_replaced"]
        self.stack.show(logical_id, kind, "UPDATE_COMPLETE")

    def _fail(self, logical_id: str, reason: str | None, answered: str | None) -> None:
        """Show that a resource failed, or was cancelled where there is no reason."""
        record = self.stack.resources.get(logical_id)
        begun = "CREATE_IN_PROGRESS" if record is None else record["ResourceStatus"]
        creates = begun in ("CREATE_IN_PROGRESS", "IMPORT_IN_PROGRESS")
        kind = self.target.body["Resources"][logical_id]["Type"]
        physical_id = None
        if creates:
            self.failed_to_create.append(logical_id)
            if is_custom(kind) and record is not None:
                physical_id = answered or self.stack.made_up_id(logical_id)
        else:
            self.failed_to_update.append(logical_id)
            # It is taken over even from a failure (aws/aws-cdk issues 13527, 30012).
            physical_id = answered
        said = reason or (CREATION_CANCELLED if creates else UPDATE_CANCELLED)
        if reason:
            self.reason = self.reason or reason
        status = begun.replace("IN_PROGRESS", "FAILED") if creates else "UPDATE_FAILED"
        self.stack.show(logical_id, kind, status, reason=said, physical_id=physical_id)

    async def _change_child(
        self, logical_id: str, record: Record, properties: Properties
    ) -> Outcome:
        """Create or update a nested stack. Raises ValueError."""
        creates = not record["PhysicalResourceId"]
        child, target = nested.prepare(
            self.stack, logical_id, record["PhysicalResourceId"], properties
        )
        record["PhysicalResourceId"] = child.id
        verb = "CREATE" if creates else "UPDATE_ROLLBACK" if self._goes_back else "UPDATE"
        child.enter(f"{verb}_IN_PROGRESS")
        change = Change(
            child,
            target,
            goes_back=self._goes_back,
            rollback_is_off=self._rollback_is_off,
            refuses_custom_replacements=self._refuses_custom_replacements,
            retain_except_on_create=self._retain_except_on_create,
        )
        child.record["_deploying"] = target
        done = False
        try:
            done = await change.run()
        finally:
            child.enter(f"{verb}_COMPLETE" if done else f"{verb}_FAILED", change.failure())
        if not done:
            raise ValueError(
                f"Embedded stack {child.id} was not successfully "
                f"{'created' if creates else 'updated'}: {change.failure()}"
            )
        with contextlib.suppress(KeyError):
            del child.record["_deploying"]
        self._children.append(change)
        return Outcome(child.id, nested.attributes(child))
