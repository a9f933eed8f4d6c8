"""What an exception means for the person deploying: the reason of an answer of FAILED."""

from __future__ import annotations

from session_handler import reasons
from session_handler.errors import Failure, ServiceError, Unwanted
from session_handler.invocation import Invocation
from session_handler.properties import MalformedRequest


def failed(invocation: Invocation, error: Exception) -> str:
    """The reason; what went wrong is in the log line too."""
    request = invocation.request
    invocation.log_fields["error"] = f"{type(error).__name__}: {error}"
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, MalformedRequest):
        return reasons.malformed(request, error)
    if isinstance(error, Unwanted):
        return reasons.unwanted(request, str(error), invocation.log_fields.get("notEnded"))
    if isinstance(error, ServiceError):
        ends = request.kind == "Delete"
        return reasons.not_ended(request, error) if ends else reasons.refused(request, error, None)
    return reasons.unexpected(request, error)
