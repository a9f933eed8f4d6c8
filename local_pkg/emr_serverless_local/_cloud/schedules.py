"""EventBridge Scheduler's context attributes, which MiniStack 1.5.33 hands on as they are written.

Touches MiniStack's ``eventbridge`` module, which fires schedules too, by replacing one function.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ministack.services import eventbridge

SCHEDULED_TIME = "<aws.scheduler.scheduled-time>"

_invoke_target: Callable[..., None] = eventbridge._invoke_target


def install() -> None:
    """Put the departure right. Doing it twice does no harm."""
    eventbridge._invoke_target = _invoke_with_attributes


def _invoke_with_attributes(
    target: dict[str, Any], event: dict[str, Any], *rest: Any, **more: Any
) -> None:
    if event.get("Source") == "aws.scheduler" and isinstance(target.get("Input"), str):
        scheduled = datetime.fromtimestamp(event["Time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        target = {**target, "Input": target["Input"].replace(SCHEDULED_TIME, scheduled)}
    _invoke_target(target, event, *rest, **more)
