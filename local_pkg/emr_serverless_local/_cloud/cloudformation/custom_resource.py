"""The protocol of Lambda-backed custom resources.

A request goes to the function asynchronously, as Lambda does it: again, with the
same RequestId, after an invocation died. The answer is what is put to its
ResponseURL first, within the resource's ServiceTimeout. A function that can't
start ends the wait at once, which AWS doesn't do: what Node or Python said is of
more use than an hour's wait.
"""

import asyncio
import contextlib
import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ministack.core.concurrency import run_reentrant
from ministack.core.responses import get_region, new_uuid
from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from .stack import Stack
from .template import Properties

DEFAULT_SERVICE_TIMEOUT = 3600
MAXIMUM_RESPONSE_BYTES = 4096
# Lambda tries twice more, a minute and two minutes later. Shortened.
DELIVERIES = 3
PAUSE_SECONDS = 1.0
THROTTLED_SECONDS = 0.5
# What MiniStack calls an invocation whose process did not come up.
_NOT_STARTED = ("Worker init failed", "Worker process exited immediately", "Unsupported runtime")
_NO_MODULE = re.compile(r"has no stub for '([^']+)'")


class RequestFailed(Exception):
    """A request failed; ``physical_id`` is the id of the answer, if there was one."""

    def __init__(self, reason: str, physical_id: str | None = None) -> None:
        super().__init__(reason)
        self.physical_id = physical_id


@dataclass
class _PendingRequest:
    """A request that waits for its answer. Answers come on threads of their own, too."""

    loop: asyncio.AbstractEventLoop
    answer: "asyncio.Future[dict[str, Any]]"
    lock: threading.Lock = field(default_factory=threading.Lock)

    def settle(self, content: dict[str, Any] | Exception) -> None:
        """Take an answer, unless there was one."""
        self.loop.call_soon_threadsafe(self._settle, content)

    def _settle(self, content: dict[str, Any] | Exception) -> None:
        if self.answer.done():
            return
        if isinstance(content, Exception):
            self.answer.set_exception(content)
        else:
            self.answer.set_result(content)


_waiting: dict[str, _PendingRequest] = {}


def is_custom(resource_type: str) -> bool:
    """Whether a type is a custom resource's."""
    return (
        resource_type.startswith("Custom::")
        or resource_type == "AWS::CloudFormation::CustomResource"
    )


def deliver(token: str, content: dict[str, Any]) -> bool:
    """Take what was put to a ResponseURL; gives whether somebody waits for it."""
    waiting = _waiting.get(token)
    if waiting is None:
        return False
    if len(json.dumps(content, separators=(",", ":"))) > MAXIMUM_RESPONSE_BYTES:
        content = {**content, "Status": "FAILED", "Reason": "Response object is too long."}
    waiting.settle(content)
    return True


def require_same_service_token(old: Properties, new: Properties) -> None:
    """Refuse another service token (aws/aws-cdk issue 25938). Raises RequestFailed."""
    if old.get("ServiceToken") != new.get("ServiceToken"):
        raise RequestFailed("Modifying service token is not allowed.")


async def request(
    stack: Stack,
    kind: str,
    logical_id: str,
    resource_type: str,
    properties: Properties,
    *,
    physical_id: str | None = None,
    old_properties: Properties | None = None,
) -> tuple[str, dict[str, Any]]:
    """Send Create, Update or Delete, and wait for the answer.

    Returns:
        The physical id and the attributes of the answer.

    Raises:
        RequestFailed: The answer is FAILED, or doesn't come in time.
    """
    function, config = _function(str(properties.get("ServiceToken", "")))
    token, request_id = new_uuid(), new_uuid()
    event: dict[str, Any] = {
        "RequestType": kind,
        "ServiceToken": properties.get("ServiceToken"),
        "ResponseURL": custom_resource._response_url(token),
        "StackId": stack.id,
        "RequestId": request_id,
        "LogicalResourceId": logical_id,
        "ResourceType": resource_type,
        "ResourceProperties": custom_resource._normalise_resource_properties(properties),
    }
    if physical_id is not None:
        event["PhysicalResourceId"] = physical_id
    if old_properties is not None:
        event["OldResourceProperties"] = custom_resource._normalise_resource_properties(
            old_properties
        )
    loop = asyncio.get_running_loop()
    waiting = _waiting[token] = _PendingRequest(loop, loop.create_future())
    delivering = asyncio.create_task(_deliver_event(function, config, event, waiting))
    try:
        answer = await asyncio.wait_for(waiting.answer, _service_timeout(properties))
    except TimeoutError:
        raise RequestFailed(
            "CloudFormation did not receive a response from your Custom Resource. Please check "
            f"your logs for requestId [{request_id}]."
        ) from None
    finally:
        del _waiting[token]
        # The invocation goes on, as on AWS; nobody waits for it.
        delivering.add_done_callback(_ignore)
    return _outcome(answer, request_id)


def _outcome(answer: Mapping[str, Any], request_id: str) -> tuple[str, dict[str, Any]]:
    answered = str(answer.get("PhysicalResourceId") or "")
    if answer.get("Status") != "SUCCESS":
        raise RequestFailed(
            "Received response status [FAILED] from custom resource. Message returned: "
            f"{answer.get('Reason', '')} (RequestId: {request_id})",
            answered or None,
        )
    if not answered:
        # remind101/empire issue 918
        raise RequestFailed("Invalid PhysicalResourceId")
    return answered, answer.get("Data") or {}


async def _deliver_event(
    function: Any, config: Any, event: dict[str, Any], waiting: _PendingRequest
) -> None:
    """Invoke the function, and again when the invocation dies."""
    record = lambda_svc._execution_record_for_config(function, config)
    deliveries = 0
    while deliveries < DELIVERIES:
        result = await run_reentrant(lambda_svc._execute_function_with_config_scope, record, event)
        if result.get("throttle"):
            await asyncio.sleep(THROTTLED_SECONDS)
            continue
        if not result.get("error"):
            return
        said = _error_message(result)
        if said.startswith(_NOT_STARTED):
            name = (record.get("config") or record).get("FunctionName")
            waiting.settle(RequestFailed(f"The function {name} can't start: {_advised(said)}"))
            return
        deliveries += 1
        await asyncio.sleep(PAUSE_SECONDS)


def _error_message(result: Mapping[str, Any]) -> str:
    body = result.get("body")
    return str(body.get("errorMessage", "")) if isinstance(body, Mapping) else str(body)


def _advised(said: str) -> str:
    """What to do about a module that Lambda's Node.js has and this machine's hasn't."""
    missing = _NO_MODULE.search(said)
    if missing is None:
        return said
    return (
        f"Node.js found no module {missing[1]}, which Lambda has. Install it (npm install "
        f"{missing[1]}) and start the local AWS with NODE_PATH set to that node_modules."
    )


def _function(service_token: str) -> tuple[Any, Any]:
    """The record and the configuration of the function that a service token names."""
    region = service_token.split(":")[3] if service_token.count(":") > 5 else get_region()
    if region != get_region():
        raise RequestFailed(
            f"ServiceToken {service_token} must be in the region of the stack, {get_region()}."
        )
    record, config, _ = lambda_svc._get_func_record_for_ref(service_token)
    if record is None or config is None:
        raise RequestFailed(f"ServiceToken {service_token} is no Lambda function that there is.")
    return record, config


def _service_timeout(properties: Properties) -> int:
    with contextlib.suppress(TypeError, ValueError):
        return int(properties.get("ServiceTimeout", DEFAULT_SERVICE_TIMEOUT))
    return DEFAULT_SERVICE_TIMEOUT


def _ignore(task: "asyncio.Task[None]") -> None:
    if not task.cancelled():
        task.exception()
