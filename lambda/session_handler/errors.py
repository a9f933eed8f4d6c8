"""What can go wrong. ``classify`` alone knows which answers of a service are definite."""

import re

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

# What the service says of a token comes under several codes, and no time makes it better.
TOKEN_REFUSED = re.compile(r"client ?token|idempoten", re.IGNORECASE)

_DENIED_CODES = {"AccessDenied", "AccessDeniedException"}
_TRANSIENT_CODES = {
    "RequestTimeout",
    "RequestTimeoutException",
    "TooManyRequestsException",
    "LimitExceededException",
}
_NEVER_SENT = (ParamValidationError, NoCredentialsError, PartialCredentialsError, NoRegionError)


class Failure(Exception):
    """The request has failed for good; the message is the answer's reason."""


class Unwanted(Exception):
    """CloudFormation doesn't want the request's outcome any more; the message says why."""


class ServiceError(Exception):
    """A call that did not succeed."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


class Refused(ServiceError):
    """A definite no: the service did nothing."""


class Denied(Refused):
    """A no for want of permission; IAM may still be catching up.

    AWS mostly says which kind of policy it is: "because no identity-based policy allows …", "with
    an explicit deny in a permissions boundary", and so on.
    """

    @property
    def is_of_the_boundary(self) -> bool:
        """Whether it is the role's permissions boundary that doesn't allow it."""
        return "permissions boundary" in self.message

    @property
    def is_of_the_role(self) -> bool:
        """Whether it is the role's own policies that don't allow it."""
        return "identity-based policy" in self.message


class NotFound(Refused):
    """What the call names doesn't exist."""


class Conflict(Refused):
    """The state of the application or the session doesn't allow the call (now)."""


class Unclear(ServiceError):
    """Not now, or nobody knows: throttled, 5xx, time-out, connection lost, unreadable answer."""


class Unreachable(Unclear):
    """No connection was made: nothing was sent."""


def classify(operation: str, error: Exception) -> ServiceError:
    """What an exception of botocore means. What isn't known to be definite is unclear."""
    if isinstance(error, ClientError):
        return _classify_answer(operation, error)
    name = type(error).__name__
    if isinstance(error, _NEVER_SENT):
        return Refused(operation, name, str(error))
    if isinstance(error, (ConnectTimeoutError, EndpointConnectionError)):
        return Unreachable(operation, name, str(error))
    return Unclear(operation, name, str(error))


def unreadable(operation: str, what: str) -> Unclear:
    """An answer without what it must have: the outcome is unknown."""
    return Unclear(operation, "UnreadableAnswer", f"the answer has no {what}")


def _classify_answer(operation: str, error: ClientError) -> ServiceError:
    details = error.response.get("Error", {})
    code = str(details.get("Code") or "Unknown")
    message = str(details.get("Message") or "no message")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    # Throttling comes as HTTP 400 too: the code counts first.
    transient = code in _TRANSIENT_CODES or "throttl" in code.lower()
    if transient or status in (408, 425, 429) or status >= 500 or status < 400:
        return Unclear(operation, code, message)
    if code in _DENIED_CODES or status in (401, 403):
        return Denied(operation, code, message)
    if code == "ResourceNotFoundException" or (status == 404 and code in ("404", "Unknown")):
        return NotFound(operation, code, message)
    if TOKEN_REFUSED.search(message):
        return Refused(operation, code, message)
    if code == "ConflictException" or status == 409:
        return Conflict(operation, code, message)
    return Refused(operation, code, message)
