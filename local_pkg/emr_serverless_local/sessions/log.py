"""The service's request log, without tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class LoggedRequest:
    """A request that the service was asked, and how it answered."""

    operation: str
    params: Mapping[str, Any]
    status: int
    error: str | None = None
    result: Mapping[str, Any] | None = None


def log_line(request: LoggedRequest) -> str:
    """A request in one line: operation, what it was about, how it went. Never a token."""
    about = {**request.params, **(request.result or {})}
    nested = (request.result or {}).get("session", {})
    parts = [request.operation]
    parts += [
        f"{label}={value}"
        for label, value in (
            ("application", about.get("applicationId")),
            ("session", about.get("sessionId")),
            ("resource", about.get("resourceArn")),
            ("state", nested.get("state")),
        )
        if value
    ]
    parts.append(f"{request.status}" + (f" {request.error}" if request.error else ""))
    return " ".join(parts)
