"""What can go wrong, and what the person deploying reads about it.

``classify`` is the one place that knows which answers of the service are
definite; ``explain`` and its siblings the one place for the words. They call
nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
)

# CloudFormation takes 4,096 bytes of response; the framework adds its stack trace to the reason.
MAX_MESSAGE_BYTES = 2000
# The service repeats what it refuses, whole: what to do comes after that, and has to fit too.
MAX_SAID_BYTES = 1000

# What takes six bytes in the answer's JSON, or can't be sent at all.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

# What the service says of a token comes under several codes, and no time makes it better.
_TOKEN_REFUSED = re.compile(r"client ?token|idempoten", re.IGNORECASE)

_DENIED_CODES = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnauthorizedException",
    "NotAuthorized",
}
_TRANSIENT_CODES = {
    "InternalServerException",
    "InternalFailure",
    "ServiceUnavailable",
    "ServiceUnavailableException",
    "RequestTimeout",
    "RequestTimeoutException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
    "SlowDown",
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "TransactionInProgressException",
    "LimitExceededException",
}


class SessionFailure(Exception):
    """The operation failed for good; its message is what CloudFormation shows."""

    def __init__(self, message: str) -> None:
        super().__init__(_fit(message))


class ServiceError(Exception):
    """A call to the service that did not succeed."""

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation}: {code}: {message}")
        self.operation = operation
        self.code = code
        self.message = message


class Refused(ServiceError):
    """A definite no: the service did nothing."""


class Denied(Refused):
    """A no for want of permission; IAM may still be catching up."""


class NotFound(Refused):
    """What the call names doesn't exist."""


class Conflict(Refused):
    """The state of the application or the session doesn't allow the call (now)."""


class Unsettled(ServiceError):
    """Not now, or nobody knows: throttled, 5xx, time-out, connection lost, out of time."""

    def __init__(
        self, operation: str, code: str, message: str, *, unreachable: bool = False
    ) -> None:
        super().__init__(operation, code, message)
        self.unreachable = unreachable


def classify(operation: str, error: Exception) -> ServiceError:
    """What an exception of botocore means. What isn't known to be definite is unsettled."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        code = str(details.get("Code") or "Unknown")
        message = str(details.get("Message") or "no message")
        metadata = error.response.get("ResponseMetadata", {})
        status = int(metadata.get("HTTPStatusCode") or 0)
        transient = code in _TRANSIENT_CODES or "throttl" in code.lower()
        # A refusal says nothing of the attempt before it, which may have started a session.
        in_doubt = operation == "StartSession" and metadata.get("RetryAttempts", 0) > 0
        if transient or in_doubt or status in (408, 425, 429) or status >= 500 or status < 400:
            return Unsettled(operation, code, message)
        if code in _DENIED_CODES or status in (401, 403):
            return Denied(operation, code, message)
        if code == "ResourceNotFoundException" or (status == 404 and code in ("404", "Unknown")):
            return NotFound(operation, code, message)
        if _TOKEN_REFUSED.search(message):
            return Refused(operation, code, message)
        if code == "ConflictException" or status == 409:
            return Conflict(operation, code, message)
        return Refused(operation, code, message)
    name = type(error).__name__
    nothing_sent = (
        ParamValidationError,
        NoCredentialsError,
        PartialCredentialsError,
        NoRegionError,
    )
    if isinstance(error, nothing_sent):
        return Refused(operation, name, str(error))
    unreachable = isinstance(error, (ConnectTimeoutError, EndpointConnectionError))
    return Unsettled(operation, name, str(error), unreachable=unreachable)


def start_refused(
    error: ServiceError, session: str, application_id: str, application: Mapping[str, Any] | None
) -> SessionFailure:
    """A call was refused: what was asked, what the service said, what to do now."""
    refused = (
        f"was not started on application {application_id}."
        if error.operation == "StartSession"
        else f"on application {application_id}: {error.operation} was refused."
    )
    return SessionFailure(
        f"The EMR Serverless session {session} {refused} "
        f"The service said: {error.code}: {_said(error.message)} "
        f"What to do: {_advice(error, application_id, application)}"
    )


def session_over(
    session: str, arn: str, application_id: str, state: str, details: str
) -> SessionFailure:
    """The session that was waited for has come to its end."""
    said = _said(details or "(no details)")
    if "role" in details.lower() or "assume" in details.lower():
        advice = (
            "check that the execution role exists, trusts emr-serverless.amazonaws.com and "
            "allows what Spark reads at its start."
        )
    else:
        advice = (
            "check that the application's maximum capacity (maximumCapacity) and the account's "
            "vCPU quota have room for the session's driver and executors (spark.driver.cores and "
            ".memory, spark.executor.cores and .memory), that the execution role trusts "
            "emr-serverless.amazonaws.com, and read the driver's log in the application's "
            "monitoring destination. Then deploy again."
        )
    return SessionFailure(
        f"The EMR Serverless session {session} ({arn}) on application {application_id} is "
        f"{state} and can't be used. The service said: {said} What to do: {advice}"
    )


def not_ready_in_time(
    session: str, arn: str, state: str, details: str, seconds: float
) -> SessionFailure:
    """The session did not become usable within the provider's total time-out."""
    state = f"{state} ({_said(details)})" if details else state
    return SessionFailure(
        f"The EMR Serverless session {session} ({arn}) was still {state} after {seconds:.0f} "
        "seconds, and was given up. What to do: look at the application's capacity and network "
        "(a start takes minutes without pre-initialised capacity), or raise total_timeout of "
        "SessionProvider (at most one hour), and deploy again."
    )


def not_settled_in_time(
    session: str, application_id: str, error: ServiceError, seconds: float
) -> SessionFailure:
    """The service could not be brought to a clear answer."""
    if isinstance(error, Unsettled) and error.unreachable:
        advice = (
            "the functions have no route to the service. In a VPC they need a NAT gateway or an "
            "interface endpoint for com.amazonaws.REGION.emr-serverless whose security group "
            "admits them on port 443."
        )
    elif isinstance(error, Denied):
        advice = _advice(error, application_id, None)
    else:
        advice = "the service is busy or disturbed; deploy again later."
    return SessionFailure(
        f"The EMR Serverless session {session} on application {application_id}: no clear answer "
        f"in {seconds:.0f} seconds. {error.operation} last said: {error.code}: "
        f"{_said(error.message)} "
        f"What to do: {advice}"
    )


def not_ended_in_time(session: str, what: str, last: str, seconds: float) -> SessionFailure:
    """A Delete that could not see the end of what it ends."""
    return SessionFailure(
        f"Deleting the EMR Serverless session {session}: {what} was not over after "
        f"{seconds:.0f} seconds ({_cut(last, MAX_SAID_BYTES)}). It may still cost money. "
        "What to do: delete the stack again; or end the session by hand: aws emr-serverless "
        "terminate-session --application-id … --session-id …"
    )


def not_allowed_to_end(session: str, what: str, error: ServiceError) -> SessionFailure:
    """A Delete (or a clean-up) that is refused."""
    return SessionFailure(
        f"The EMR Serverless session {session}: {what} could not be ended. {error.operation} "
        f"said: {error.code}: {_said(error.message)} It may still be live and cost money. "
        "What to do: "
        "give the handler's role that permission and delete again, or end the session by hand: "
        "aws emr-serverless terminate-session --application-id … --session-id …"
    )


def _advice(error: ServiceError, application_id: str, application: Mapping[str, Any] | None) -> str:
    if isinstance(error, NotFound):
        return (
            f"check that the application {application_id} exists in this account and region, "
            "and has not been deleted."
        )
    if isinstance(error, Denied):
        if "passrole" in error.message.lower():
            return (
                "the handler may only pass the execution roles of this stack's sessions, to "
                "emr-serverless.amazonaws.com: give the role as execution_role, and look for a "
                "permissions boundary or an organisation's policy that denies iam:PassRole."
            )
        return (
            "look for a permissions boundary or an organisation's policy that takes the named "
            "action from the handler's role; it did not come into force within a minute."
        )
    if _TOKEN_REFUSED.search(error.message):
        return "deploy again: another CloudFormation request has another token."
    if error.code == "ServiceQuotaExceededException":
        return (
            "an application runs 25 sessions at once by default, and a replacement needs one "
            "more while it starts: end sessions that are not needed (aws emr-serverless "
            "list-sessions), use another application, or ask for a higher quota in Service Quotas."
        )
    return _application_advice(application) or (
        "correct what the service names in the Session's properties and deploy again."
    )


def _application_advice(application: Mapping[str, Any] | None) -> str | None:
    if application is None:
        return None
    release = str(application.get("releaseLabel", ""))
    state = str(application.get("state", ""))
    if str(application.get("type", "")).upper() != "SPARK":
        return (
            f"the application's type is {application.get('type')}; sessions need an application "
            "of type SPARK."
        )
    if not supports_sessions(release):
        return (
            f"the application's release is {release}; sessions need emr-7.13.0 or later: set "
            "release_label and deploy again."
        )
    if not application.get("interactiveConfiguration", {}).get("sessionEnabled"):
        return (
            "the application does not have interactive sessions enabled: set "
            "interactiveConfiguration.sessionEnabled to true (possible while it is CREATED or "
            "STOPPED)."
        )
    if state in ("CREATED", "STOPPED", "STOPPING") and not auto_starts(application):
        return (
            f"the application is {state} and its auto-start is off: start it (aws emr-serverless "
            "start-application) or switch auto-start on."
        )
    if state == "TERMINATED":
        return "the application is TERMINATED: use another one."
    return None


def supports_sessions(release_label: str) -> bool:
    """Whether an EMR release has interactive sessions: emr-7.13.0 or later."""
    numbers = release_label.removeprefix("emr-").split("-")[0].split(".")
    try:
        return tuple(int(number) for number in numbers) >= (7, 13, 0)
    except ValueError:
        return True  # a label of another form: the service knows better


def auto_starts(application: Mapping[str, Any]) -> bool:
    """Whether an application starts by itself; on unless switched off."""
    return bool(application.get("autoStartConfiguration", {}).get("enabled", True))


def on_its_way(application: Mapping[str, Any]) -> bool:
    """Whether an application will be usable without anybody doing anything."""
    state = application.get("state")
    return state in ("STARTING", "STARTED") or (
        state in ("CREATING", "CREATED", "STOPPING", "STOPPED") and auto_starts(application)
    )


def _said(words: str) -> str:
    """The service's words as a sentence, cut where they are long."""
    said = _cut(words, MAX_SAID_BYTES)
    return said if said.endswith((".", "!", "?", ")")) else f"{said}."


def _fit(message: str) -> str:
    return _cut(message, MAX_MESSAGE_BYTES)


def _cut(text: str, size: int) -> str:
    text = _UNPRINTABLE.sub("?", text)
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    return encoded[: size - 3].decode(errors="ignore") + "..."
