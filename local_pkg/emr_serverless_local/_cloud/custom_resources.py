"""Custom resources as AWS rolls them back, where MiniStack does otherwise.

What AWS does and MiniStack 1.5.33 doesn't:

- A Create that fails is followed by a Delete, with the PhysicalResourceId that
  the failure named, or one that CloudFormation makes up if none was named: in
  the rollback, or if that is switched off when the stack is deleted.
- An Update that fails under a new PhysicalResourceId, or that succeeded under
  one before something else failed, is rolled back by an Update the other way,
  with that id; the clean-up then deletes whichever id is no longer current.
- A response is at most 4,096 bytes.

Touches MiniStack's ``custom_resource``, ``handlers`` and ``stacks`` modules, by
replacing functions in them. Everything else about a rollback is left to MiniStack.
"""

import json
import secrets
import string
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import custom_resource, handlers, stacks

MAXIMUM_RESPONSE_BYTES = 4096

# Marks the record of an id that a rollback has to delete beside the resource's own record.
_SUPERSEDED = " (superseded)"


@dataclass(frozen=True)
class Failure:
    """A request to a custom resource that failed: the id it answered with, and what was asked."""

    physical_id: str | None
    properties: dict[str, Any]


_invocation = threading.local()
_responses: dict[str, dict[str, Any]] = {}
_failures: dict[tuple[str, str], "Failure"] = {}

_invoke: Callable[..., Any] = custom_resource.invoke_custom_resource
_register_token: Callable[[str], threading.Event] = custom_resource.register_token
_deliver_response: Callable[[str, dict[str, Any]], bool] = custom_resource.deliver_response
_roll_back: Callable[..., Awaitable[None]] = stacks._roll_back_operation
_delete_stack: Callable[..., Awaitable[None]] = stacks._delete_stack_async
_delete_resource: Callable[..., None] = stacks._delete_resource
_add_event: Callable[..., None] = stacks._add_event


def install() -> None:
    """Put the departures right. Doing it twice does no harm."""
    custom_resource.invoke_custom_resource = _invoke_and_remember
    custom_resource.register_token = _register_and_remember
    custom_resource.deliver_response = _deliver_if_short
    stacks._roll_back_operation = _roll_back_as_aws
    handlers._roll_back_operation = _roll_back_as_aws
    handlers._delete_stack_async = _delete_stack_as_aws
    stacks._delete_resource = _delete_unless_current
    stacks._add_event = _add_event_unless_current


def _is_custom(resource_type: str) -> bool:
    return (
        resource_type.startswith("Custom::")
        or resource_type == "AWS::CloudFormation::CustomResource"
    )


def _register_and_remember(token: str) -> threading.Event:
    _invocation.token = token
    return _register_token(token)


def _deliver_if_short(token: str, response: dict[str, Any]) -> bool:
    if len(json.dumps(response, separators=(",", ":"))) > MAXIMUM_RESPONSE_BYTES:
        response = {**response, "Status": "FAILED", "Reason": "Response object is too long."}
    _responses[token] = response
    awaited = _deliver_response(token, response)
    if not awaited:
        _responses.pop(token, None)
    return awaited


def _invoke_and_remember(
    request_type: str,
    logical_id: str,
    props: dict[str, Any],
    stack_name: str,
    stack_id: str,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Invoke, and if that fails keep the id that the failure named."""
    _invocation.token = None
    key = (stack_id, logical_id)
    _failures.pop(key, None)
    try:
        return _invoke(request_type, logical_id, props, stack_name, stack_id, *args, **kwargs)
    except Exception:
        answer = _responses.get(_invocation.token or "", {})
        _failures[key] = Failure(answer.get("PhysicalResourceId"), props)
        raise
    finally:
        _responses.pop(_invocation.token or "", None)


async def _roll_back_as_aws(
    stack_name: str,
    stack_id: str,
    stack: dict[str, Any],
    operation: dict[str, Any],
    *args: Any,
    **kwargs: Any,
) -> None:
    """MiniStack's rollback, of an operation that says what AWS would roll back."""
    before = (operation.get("previous_stack") or {}).get("_resources", {})
    records = stack.setdefault("_resources", {})
    for logical_id in list(operation["created"]):
        record, previous = records[logical_id], before.get(logical_id)
        if _is_custom(record["ResourceType"]) and previous:
            _take_back(operation, records, previous, logical_id, record)
    if operation.get("failed_update"):
        _take_back_failed_update(stack_id, operation, records, before)
    else:
        _add_failed_create(stack_name, stack_id, operation, records, before)
    await _roll_back(stack_name, stack_id, stack, operation, *args, **kwargs)


async def _delete_stack_as_aws(stack_name: str, stack_id: str, *args: Any, **kwargs: Any) -> None:
    """MiniStack's deletion of a stack, of a Create that failed and wasn't rolled back too."""
    stack = cloudformation._stacks.get(stack_name) or {}
    operation = stack.get("_failed_operation")
    if operation:
        before = (operation.get("previous_stack") or {}).get("_resources", {})
        records = stack.setdefault("_resources", {})
        _add_failed_create(stack_name, stack_id, operation, records, before)
    await _delete_stack(stack_name, stack_id, *args, **kwargs)


def _take_back(
    operation: dict[str, Any],
    records: dict[str, Any],
    previous: dict[str, Any],
    logical_id: str,
    record: dict[str, Any],
) -> None:
    """Send an Update back under the new id, and delete that id unless it stays current."""
    if previous["PhysicalResourceId"] == record["PhysicalResourceId"]:
        return
    operation["replaced_ids"] = [i for i in operation["replaced_ids"] if i != logical_id]
    previous["PhysicalResourceId"] = record["PhysicalResourceId"]
    superseded = logical_id + _SUPERSEDED
    records[superseded] = {**record, "_current": previous}
    operation["created"].insert(operation["created"].index(logical_id) + 1, superseded)


def _take_back_failed_update(
    stack_id: str, operation: dict[str, Any], records: dict[str, Any], before: dict[str, Any]
) -> None:
    """The same for an Update that failed, if it named another id."""
    logical_id, resource_type, old_id, applied, reverted, attributes = operation["failed_update"]
    failure = _failures.pop((stack_id, logical_id), None)
    new_id = failure.physical_id if failure else None
    if applied is None or not new_id or new_id == old_id:
        return
    operation["failed_update"] = [
        logical_id, resource_type, new_id, applied, reverted, attributes,
    ]  # fmt: skip
    previous = before[logical_id]
    previous["PhysicalResourceId"] = new_id
    superseded = logical_id + _SUPERSEDED
    records[superseded] = {
        "PhysicalResourceId": new_id,
        "ResourceType": resource_type,
        "Properties": applied,
        "_current": previous,
    }
    operation["created"].append(superseded)


def _add_failed_create(
    stack_name: str,
    stack_id: str,
    operation: dict[str, Any],
    records: dict[str, Any],
    before: dict[str, Any],
) -> None:
    """Make a Create that failed part of what the rollback deletes."""
    logical_id = operation.get("failed_logical_id") or ""
    failure = _failures.pop((stack_id, logical_id), None)
    if failure is None or logical_id in before:
        return
    records[logical_id] = {
        "PhysicalResourceId": failure.physical_id or _made_up_id(stack_name, logical_id),
        "ResourceType": operation["template"]["Resources"][logical_id]["Type"],
        "ResourceStatus": "CREATE_FAILED",
        "LogicalResourceId": logical_id,
        "Properties": failure.properties,
        "Attributes": {},
    }
    operation["created"].append(logical_id)


def _made_up_id(stack_name: str, logical_id: str) -> str:
    alphabet = string.ascii_uppercase + string.digits
    tail = "".join(secrets.choice(alphabet) for _ in range(12))
    return f"{stack_name}-{logical_id}-{tail}"


def _delete_unless_current(
    resource_type: str,
    physical_id: str,
    props: dict[str, Any],
    stack_name: str = "",
    logical_id: str = "",
) -> None:
    if _stays(stack_name, logical_id, physical_id):
        return
    name = logical_id.removesuffix(_SUPERSEDED)
    _delete_resource(resource_type, physical_id, props, stack_name, name)


def _add_event_unless_current(
    stack_id: str,
    stack_name: str,
    logical_id: str,
    resource_type: str,
    status: str,
    reason: str = "",
    physical_id: str = "",
    detailed_status: str = "",
) -> None:
    if _stays(stack_name, logical_id, physical_id):
        return
    name = logical_id.removesuffix(_SUPERSEDED)
    _add_event(
        stack_id, stack_name, name, resource_type, status, reason, physical_id, detailed_status
    )


def _stays(stack_name: str, logical_id: str, physical_id: str) -> bool:
    """Whether a rollback came back to the id that it would have deleted."""
    if not logical_id.endswith(_SUPERSEDED):
        return False
    record = cloudformation._stacks[stack_name]["_resources"][logical_id]
    return bool(record["_current"]["PhysicalResourceId"] == physical_id)
