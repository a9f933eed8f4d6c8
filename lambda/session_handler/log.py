"""The handler's log: one JSON object a line (rule 19)."""

import json
import re
import sys
from typing import Any

from session_handler.identity import SessionArn, TokenId
from session_handler.request import Request

# A client token, wherever the service or an id quotes it, and whatever it is quoted in.
_TOKEN = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")


def line(request: Request | None, **log_fields: Any) -> None:
    """Write one line. Never give it an event's URL, an endpoint token or a whole event."""
    record: dict[str, Any] = {}
    if request is not None:
        arn, other = SessionArn.parse(request.physical_id), request.physical_id
        record = {
            "requestType": request.kind,
            "stackId": request.owner.stack_id,
            "logicalId": request.owner.logical_id,
            "physicalId": None if arn or TokenId.parse(other) else other,
            "sessionId": arn.session_id if arn else None,
        }
    record |= log_fields
    shown = {k: v for k, v in record.items() if v is not None}
    # Before JSON escapes what stands beside a token.
    for key, value in shown.items():
        if isinstance(value, str):
            shown[key] = redacted(value)
    sys.stdout.write(json.dumps(shown, default=str) + "\n")
    sys.stdout.flush()


def redacted(text: str) -> str:
    """Without client tokens."""
    return _TOKEN.sub("(token)", text)
