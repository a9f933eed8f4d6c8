"""Express mode, as CloudFormation's API shows it: ``cdk deploy --express``.

Rollback is off unless ``DisableRollback`` is false in the deployment's configuration. What that
means to an operation is said where rollback is off for any other reason. A stack that failed takes
only express operations, and can't be rolled back later (aws/aws-cdk-cli issue 1739).

Operations end when AWS's standard mode ends them: nothing here takes time to be ready.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ministack.services.cloudformation import changesets, handlers, helpers

from .stack import add_to_each

Params = Mapping[str, Any]
Response = tuple[int, dict[str, str], bytes]
Action = Callable[[Params], Response]

# aws/aws-cdk-cli issue 1739
NEEDS_EXPRESS = (
    "This stack is in a {status} state from a previous operation that used EXPRESS deployment mode "
    "with disable-rollback. Follow-up operations must use the same DeploymentConfig (mode=EXPRESS) "
    "until the stack reaches a *_COMPLETE state."
)
NOT_ROLLED_BACK = (
    "RollbackStack is not supported for stacks that were last updated using EXPRESS deployment "
    "mode and are in a failed state"
)
FAILED = ("CREATE_FAILED", "UPDATE_FAILED")
# On MiniStack's records of stacks and change sets.
_CONFIG = "_deployment_config"


def in_express_mode(actions: Mapping[str, Action]) -> dict[str, Action]:
    """These actions of the API with what Express mode adds; others as they are."""
    return {name: _WRAPPERS[name](do) if name in _WRAPPERS else do for name, do in actions.items()}


def _direct(action: Action) -> Action:
    """CreateStack or UpdateStack."""

    def wrapped(params: Params) -> Response:
        config = _config(params)
        refusal = _refusal(params, config)
        answer = refusal or action(_with_rollback(params, config))
        _note(params, config, answer)
        return answer

    return wrapped


def _create_change_set(action: Action) -> Action:
    def wrapped(params: Params) -> Response:
        config = _config(params)
        answer = _refusal(params, config) or action(params)
        change_set = _change_set(params)
        if answer[0] == 200 and change_set is not None:
            change_set[_CONFIG] = config
        return answer

    return wrapped


def _execute_change_set(action: Action) -> Action:
    def wrapped(params: Params) -> Response:
        change_set = _change_set(params)
        config = (change_set or {}).get(_CONFIG, {})
        answer = action(_with_rollback(params, config))
        _note(params, config, answer)
        return answer

    return wrapped


def _describe_change_set(action: Action) -> Action:
    def wrapped(params: Params) -> Response:
        status, headers, body = action(params)
        change_set = _change_set(params)
        shown = _as_xml((change_set or {}).get(_CONFIG, {}))
        end = b"</DescribeChangeSetResult>"
        return status, headers, body.replace(end, shown + end)

    return wrapped


def _describe_stacks(action: Action) -> Action:
    def wrapped(params: Params) -> Response:
        status, headers, body = action(params)
        return status, headers, add_to_each(body, lambda stack: _as_xml(stack.get(_CONFIG, {})))

    return wrapped


def _rollback_stack(action: Action) -> Action:
    def wrapped(params: Params) -> Response:
        stack = _stack(params) or {}
        if stack.get(_CONFIG) and stack["StackStatus"] in FAILED:
            return _error(NOT_ROLLED_BACK)
        return action(params)

    return wrapped


def _config(params: Params) -> dict[str, str]:
    """What a request asks for; empty in standard mode."""
    if helpers._p(params, "DeploymentConfig.Mode", "STANDARD") != "EXPRESS":
        return {}
    config = {"Mode": "EXPRESS"}
    disable_rollback = helpers._p(params, "DeploymentConfig.DisableRollback")
    if disable_rollback:
        config["DisableRollback"] = str(disable_rollback).lower()
    return config


def _with_rollback(params: Params, config: Mapping[str, str]) -> Params:
    if not config:
        return params
    return {**params, "DisableRollback": config.get("DisableRollback", "true")}


def _refusal(params: Params, config: Mapping[str, str]) -> Response | None:
    stack = _stack(params) or {}
    if stack.get(_CONFIG) and not config and stack["StackStatus"] in FAILED:
        return _error(NEEDS_EXPRESS.format(status=stack["StackStatus"]))
    return None


def _note(params: Params, config: Mapping[str, str], answer: Response) -> None:
    stack = _stack(params)
    if answer[0] == 200 and stack is not None:
        stack[_CONFIG] = config


def _as_xml(config: Mapping[str, str]) -> bytes:
    members = "".join(f"<{name}>{value}</{name}>" for name, value in config.items())
    return f"<DeploymentConfig>{members}</DeploymentConfig>".encode() if config else b""


def _stack(params: Params) -> dict[str, Any] | None:
    name = helpers._p(params, "StackName")
    found: dict[str, Any] | None = handlers._resolve_stack(name) if name else None
    return found


def _change_set(params: Params) -> dict[str, Any] | None:
    stack = _stack(params) or {}
    name = helpers._p(params, "ChangeSetName")
    _, found = changesets._find_change_set(name, stack.get("StackName", ""))
    change_set: dict[str, Any] | None = found
    return change_set


def _error(message: str) -> Response:
    status, headers, body = helpers._error("ValidationError", message)
    return status, headers, body


_WRAPPERS: Mapping[str, Callable[[Action], Action]] = {
    "CreateStack": _direct,
    "UpdateStack": _direct,
    "CreateChangeSet": _create_change_set,
    "ExecuteChangeSet": _execute_change_set,
    "DescribeChangeSet": _describe_change_set,
    "DescribeStacks": _describe_stacks,
    "RollbackStack": _rollback_stack,
}
