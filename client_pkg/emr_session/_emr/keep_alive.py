"""The schedule that keeps a stack's session alive: what it sends, and to which function."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from .aws import Aws
from .stacks import StackResource, region_of

_SCHEDULE_TYPE = "AWS::Scheduler::Schedule"


@dataclass(frozen=True)
class KeepAlive:
    """A schedule of a session."""

    function: str
    call: Mapping[str, Any]

    def call_at(self, now: float) -> bytes:
        """What the schedule would send now.

        The function makes the successor's token from the time. To the minute, so that whoever asks
        twice gets one successor.

        Args:
            now: The time, in seconds since the epoch.
        """
        minute = datetime.fromtimestamp(now, UTC).replace(second=0, microsecond=0)
        scheduled = minute.strftime("%Y-%m-%dT%H:%M:%SZ")
        return json.dumps({**self.call, "ScheduledTime": scheduled}).encode()


def keep_alive_of(
    aws: Aws, resources: Iterable[StackResource], logical_id: str
) -> KeepAlive | None:
    """The schedule of a session, or None where it isn't kept alive.

    Args:
        aws: The clients.
        resources: The resources of the session's stack.
        logical_id: The session's.

    Raises:
        botocore.exceptions.ClientError: EventBridge Scheduler refuses ``GetSchedule``.
    """
    for resource in resources:
        if resource.type == _SCHEDULE_TYPE and resource.physical_id:
            found = aws.of("scheduler", region_of(resource.stack)).get_schedule(
                Name=resource.physical_id
            )["Target"]
            call = _json_object(found.get("Input", ""))
            if call.get("LogicalResourceId") == logical_id and "ScheduledTime" in call:
                return KeepAlive(found["Arn"], call)
    return None


def _json_object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}
