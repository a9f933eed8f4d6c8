"""Long polling: holds a question about a stack until there is news, for a few seconds at most.

The CDK CLI asks every five seconds. When an answer that it has had already is
held back until something changes, it hears of the end at once. What a Lambda
function asks is never held: the handler goes by the clock.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from ministack.core import iam_evaluator, router
from ministack.services import cloudformation
from ministack.services.cloudformation import handlers

from ..iam import role_trusts

HOLD_SECONDS = 4.0
LOOK_SECONDS = 0.05
FUNCTIONS = "lambda.amazonaws.com"

Handler = Callable[[str, str, Any, bytes, Any], Awaitable[Any]]

# What each client was told of a stack last.
_told: dict[tuple[str, str, str], Any] = {}


def held(handle: Handler) -> Handler:
    """The same handler of requests to CloudFormation, which holds some of them."""

    async def handle_or_hold(
        method: str, path: str, headers: Mapping[str, str], body: bytes, query: Mapping[str, Any]
    ) -> Any:
        params = {**query, **parse_qs(body.decode(errors="replace"))}
        news = _NEWS.get(_first(params, "Action"))
        record = handlers._resolve_stack(_first(params, "StackName")) if news else None
        if news and record is not None and not _first(params, "NextToken"):
            access_key = str(router.extract_access_key_id(dict(headers), dict(query)))
            if not _is_function(access_key):
                client = f"{access_key} {headers.get('user-agent', '')}"
                key = (client, news.__name__, str(record["StackId"]))
                await _hold(record, news, key)
        return await handle(method, path, headers, body, query)

    return handle_or_hold


async def _hold(
    record: Mapping[str, Any], news: Callable[[Mapping[str, Any]], Any], key: tuple[str, str, str]
) -> None:
    until = time.monotonic() + HOLD_SECONDS
    while (
        _told.get(key) == news(record)
        and record["StackStatus"].endswith("_IN_PROGRESS")
        and time.monotonic() < until
    ):
        await asyncio.sleep(LOOK_SECONDS)
    _told[key] = news(record)


def _status(record: Mapping[str, Any]) -> Any:
    return record["StackStatus"]


def _events(record: Mapping[str, Any]) -> Any:
    return len(cloudformation._stack_events.get(record["StackId"], []))


_NEWS: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    "DescribeStacks": _status,
    "DescribeStackEvents": _events,
}


def _first(params: Mapping[str, Any], name: str) -> str:
    value = params.get(name, "")
    return str(value[0] if isinstance(value, list) else value)


def _is_function(access_key: str) -> bool:
    """Whether the caller has the credentials of a Lambda function's role."""
    identity = iam_evaluator.resolve_caller_identity(access_key)
    arn = str(identity["userArn"]) if identity else ""
    return ":assumed-role/" in arn and role_trusts(arn.split("/")[1], FUNCTIONS)
