"""The handler's log: one JSON object a line, of fields named here and no others."""

from __future__ import annotations

import json
import sys
from typing import Any

from session_handler.event import Event
from session_handler.identity import SessionArn


def line(event: Event | None, entry: str, milliseconds: float, **facts: Any) -> None:
    """Write one line. Never given an event's URL, an endpoint token or a whole event."""
    record: dict[str, Any] = {"entry": entry, "milliseconds": round(milliseconds, 1)}
    if event is not None:
        arn = SessionArn.parse(event.physical_id)
        record |= {
            "requestType": event.request_type,
            "stackId": event.owner.stack_id,
            "logicalId": event.owner.logical_id,
            "sessionId": arn.session_id if arn else None,
        }
    record |= {name: value for name, value in facts.items() if value is not None}
    sys.stdout.write(json.dumps(record, ensure_ascii=True, default=str) + "\n")
    sys.stdout.flush()
