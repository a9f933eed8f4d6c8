"""The actions of CloudFormation's API in which AWS differs from MiniStack.

Wraps MiniStack's handlers of the actions (``install``); what is no concern of
these goes to them unchanged.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import changesets, custom_resource, handlers, helpers

from . import custom_resource as protocol
from . import exports, express, operations
from .stack import DELETION_TIME, Record, Stack, add_to_each

Params = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]

# aws/aws-cdk issue 30546
NEEDS_DISABLE_ROLLBACK = (
    "This stack is currently in a non-terminal [{status}] state. To update the stack from this "
    "state, please use the disable-rollback parameter with update-stack API. To rollback to the "
    "last known good state, use the rollback-stack API"
)
_FAILED = ("CREATE_FAILED", "UPDATE_FAILED")
# juspay/hyperswitch-cdk issue 114, widdix/cfn-create-or-update issue 3
NOT_UPDATED = "Stack:{id} is in {status} state and can not be updated."
_NOT_UPDATED = ("DELETE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED")

_update_stack: Callable[[Params], Response] = handlers._update_stack
_create_change_set: Callable[[Params], Response] = changesets._create_change_set
_describe_stacks: Callable[[Params], Response] = handlers._describe_stacks
_delete_stack: Callable[[Params], Response] = handlers._delete_stack
_execute_change_set: Callable[[Params], Response] = changesets._execute_change_set
_cancel_update_stack: Callable[[Params], Response] = handlers._cancel_update_stack
_stack_has_no_updates: Callable[..., bool] = handlers._stack_has_no_updates


def install() -> None:
    """Replace MiniStack's functions with these. Idempotent."""
    operations.install()
    custom_resource.deliver_response = protocol.deliver
    handlers._stack_has_no_updates = has_no_updates
    handlers._ACTION_HANDLERS.update(
        express.in_express_mode(
            {
                "CreateStack": handlers._create_stack,
                "UpdateStack": update_stack,
                "DeleteStack": delete_stack,
                "CancelUpdateStack": cancel_update_stack,
                "CreateChangeSet": create_change_set,
                "DescribeChangeSet": changesets._describe_change_set,
                "ExecuteChangeSet": execute_change_set,
                "DescribeStacks": describe_stacks,
                "RollbackStack": handlers._rollback_stack,
            }
        )
    )


def update_stack(params: Params) -> Response:
    """Update a stack; one that failed with rollback off, only with rollback off."""
    stack = _stack(params)
    if stack is None or stack.status not in _FAILED:
        return _refusal(stack) or _update_stack(params)
    refusal = _needs_disable_rollback(stack, params)
    if refusal:
        return refusal
    # MiniStack updates from other states alone.
    status, stack.record["StackStatus"] = stack.status, "UPDATE_COMPLETE"
    answer = _update_stack(params)
    if answer[0] != 200:
        stack.record["StackStatus"] = status
    return answer


def create_change_set(params: Params) -> Response:
    """Make a change set, unless the stack can't be updated from its state."""
    return _refusal(_stack(params)) or _create_change_set(params)


def describe_stacks(params: Params) -> Response:
    """Show stacks, also since when they are deleted."""

    def deletion_time(record: Record) -> bytes:
        since = record.get(DELETION_TIME)
        return f"<{DELETION_TIME}>{since}</{DELETION_TIME}>".encode() if since else b""

    status, headers, body = _describe_stacks(params)
    return status, headers, add_to_each(body, deletion_time)


def has_no_updates(stack: Mapping[str, Any], *arguments: Any) -> bool:
    """Whether an update would change nothing; one of a stack that failed brings it back.

    aws/aws-cdk-cli pull request 1970
    """
    return not operations.has_failed(stack) and _stack_has_no_updates(stack, *arguments)


def execute_change_set(params: Params) -> Response:
    """Execute a change set; on a stack that failed with rollback off, only with rollback off."""
    stack = _stack(params)
    if stack is not None and stack.status in _FAILED:
        refusal = _needs_disable_rollback(stack, params)
        if refusal:
            return refusal
    return _execute_change_set(params)


def delete_stack(params: Params) -> Response:
    """Delete a stack, unless it is being updated or another one imports its exports."""
    stack = _stack(params)
    if stack is None:
        return _delete_stack(params)
    if stack.status.endswith("_IN_PROGRESS") and stack.status not in (
        "CREATE_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
    ):
        return _error(f"Stack [{stack.name}] cannot be deleted while in status {stack.status}")
    refusal = exports.refusal(stack, {})
    if refusal:
        # It stays in the state that it is in (aws/aws-cdk issue 604).
        stack.enter(stack.status, refusal)
        return _empty("DeleteStack")
    if stack.status == "DELETE_IN_PROGRESS":
        return _empty("DeleteStack")
    return _delete_stack(params)


def cancel_update_stack(params: Params) -> Response:
    """Cancel an update, at once."""
    answer = _cancel_update_stack(params)
    stack = _stack(params)
    if answer[0] == 200 and stack is not None:
        operations.cancel_update(stack.id)
    return answer


def _refusal(stack: Stack | None) -> Response | None:
    if stack is None or stack.status not in _NOT_UPDATED:
        return None
    return _error(NOT_UPDATED.format(id=stack.id, status=stack.status))


def _needs_disable_rollback(stack: Stack, params: Params) -> Response | None:
    if str(helpers._p(params, "DisableRollback", "false")).lower() == "true":
        return None
    return _error(NEEDS_DISABLE_ROLLBACK.format(status=stack.status))


def _stack(params: Params) -> Stack | None:
    name = helpers._p(params, "StackName")
    record = handlers._resolve_stack(name) if name else None
    return Stack(record["StackName"]) if record else None


def _error(message: str) -> Response:
    status, headers, body = helpers._error("ValidationError", message)
    return status, headers, body


def _empty(action: str) -> Response:
    status, headers, body = helpers._xml(200, f"{action}Response", "")
    return status, headers, body
