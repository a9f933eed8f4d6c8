"""Log groups: the names that CloudFormation generates, and the one in a function's environment.

MiniStack 1.5.33 names a stack's log group by its logical id alone, so that a policy for AWS's names
doesn't cover it, and a stack that is made again finds the log group that the stack before has
kept. Its functions log to the group of their configuration, and aren't told which that is. A group
that was deleted is made anew by their next line.

Touches MiniStack's ``AWS::Logs::LogGroup``, by standing in front of its create and update, the
environment of its functions, by adding one variable, and what writes their logs.
"""

import secrets
import string
from collections.abc import Mapping
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import cloudwatch_logs, lambda_svc
from ministack.services.cloudformation import provisioners

RESOURCE_TYPE = "AWS::Logs::LogGroup"
VARIABLE = "AWS_LAMBDA_LOG_GROUP_NAME"

Properties = dict[str, Any]

_credentials = lambda_runtime.execution_credentials
_emit_logs = lambda_svc._emit_lambda_logs


def install() -> None:
    """Put both departures right. Doing it twice does no harm."""
    provisioners._RESOURCE_HANDLERS[RESOURCE_TYPE].update(create=_create, update=_update)
    # What every way to run a function adds to its environment.
    lambda_runtime.execution_credentials = _credentials_and_log_group
    lambda_svc.execution_credentials = _credentials_and_log_group
    lambda_svc._emit_lambda_logs = _emit_logs_to_what_is_there


def _create(logical_id: str, properties: Properties, stack_name: str) -> Any:
    if not properties.get("LogGroupName"):
        properties = {**properties, "LogGroupName": _new_name(stack_name, logical_id)}
    return provisioners._cwlogs_create(logical_id, properties, stack_name)


def _update(
    physical_id: str, old: Properties, new: Properties, stack_name: str, logical_id: str
) -> Any:
    if not new.get("LogGroupName"):
        named = bool(old.get("LogGroupName"))
        name = _new_name(stack_name, logical_id) if named else physical_id
        new = {**new, "LogGroupName": name}
    return provisioners._cwlogs_update(physical_id, old, new, stack_name, logical_id)


def _new_name(stack_name: str, logical_id: str) -> str:
    """STACK-LOGICALID-SUFFIX, another one each time."""
    letters = string.ascii_letters + string.digits
    suffix = "".join(secrets.choice(letters) for _ in range(12))
    return f"{stack_name}-{logical_id}-{suffix}"


def _credentials_and_log_group(config: Mapping[str, Any]) -> dict[str, str]:
    logging: Mapping[str, Any] = config.get("LoggingConfig") or {}
    name = logging.get("LogGroup") or f"/aws/lambda/{config.get('FunctionName', '')}"
    return {**_credentials(config), VARIABLE: name}


def _emit_logs_to_what_is_there(func: Mapping[str, Any], *arguments: Any, **more: Any) -> None:
    """A group that a function is configured with is made by whoever may: most roles may not."""
    config: Mapping[str, Any] = func.get("config") or func
    group = (config.get("LoggingConfig") or {}).get("LogGroup")
    if not group or group in cloudwatch_logs._log_groups:
        _emit_logs(func, *arguments, **more)
