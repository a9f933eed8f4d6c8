"""Errors: which are definite, and what the person deploying is told to do."""

import json
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)

from session_handler import errors
from session_handler.errors import Conflict, Denied, NotFound, Refused, ServiceError, Unsettled

APPLICATION: dict[str, Any] = {
    "type": "SPARK",
    "releaseLabel": "emr-7.13.0",
    "interactiveConfiguration": {"sessionEnabled": True},
    "state": "STARTED",
}
SAYS = Refused("StartSession", "ValidationException", "No.")


def answer(code: str, status: int, retries: int = 0, operation: str = "StartSession") -> Any:
    metadata = {"HTTPStatusCode": status, "RetryAttempts": retries}
    response: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": metadata}
    return errors.classify(operation, ClientError(response, operation))


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ValidationException", 400, Refused),
        ("ServiceQuotaExceededException", 402, Refused),
        ("AccessDeniedException", 403, Denied),
        ("ResourceNotFoundException", 404, NotFound),
        ("ConflictException", 409, Conflict),
        ("InternalServerException", 500, Unsettled),
        ("ThrottlingException", 400, Unsettled),
        ("TooManyRequestsException", 429, Unsettled),
        ("Unknown", 503, Unsettled),
        ("Unknown", 418, Refused),
    ],
)
def test_an_answer_is_definite_or_not(code: str, status: int, kind: type[ServiceError]) -> None:
    assert type(answer(code, status)) is kind


def test_a_refusal_after_another_attempt_says_nothing_of_the_first() -> None:
    assert isinstance(answer("ValidationException", 400, retries=1), Unsettled)
    assert isinstance(answer("ValidationException", 400, 1, "TerminateSession"), Refused)


@pytest.mark.parametrize(
    ("error", "unreachable"),
    [
        (ReadTimeoutError(endpoint_url="u"), False),
        (ConnectionClosedError(endpoint_url="u"), False),
        (ConnectTimeoutError(endpoint_url="u"), True),
        (EndpointConnectionError(endpoint_url="u"), True),
        (ValueError("what nobody thought of"), False),
    ],
)
def test_no_answer_is_never_definite(error: Exception, unreachable: bool) -> None:
    kind = errors.classify("StartSession", error)
    assert isinstance(kind, Unsettled)
    assert kind.unreachable is unreachable


def test_what_was_never_sent_is_definite() -> None:
    kind = errors.classify("StartSession", ParamValidationError(report="bad"))
    assert isinstance(kind, Refused)


@pytest.mark.parametrize(
    ("error", "application", "advice"),
    [
        (NotFound("StartSession", "ResourceNotFoundException", "No."), None, "exists in this"),
        (SAYS, {**APPLICATION, "releaseLabel": "emr-7.12.0"}, "emr-7.13.0 or later"),
        (SAYS, {**APPLICATION, "interactiveConfiguration": {}}, "sessionEnabled"),
        (SAYS, {**APPLICATION, "type": "Hive"}, "of type SPARK"),
        (
            SAYS,
            {**APPLICATION, "state": "STOPPED", "autoStartConfiguration": {"enabled": False}},
            "auto-start is off",
        ),
        (SAYS, {**APPLICATION, "state": "TERMINATED"}, "use another one"),
        (Refused("StartSession", "ServiceQuotaExceededException", "No."), None, "higher quota"),
        (Denied("StartSession", "AccessDenied", "on iam:PassRole"), None, "execution_role"),
        (Denied("StartSession", "AccessDenied", "no"), None, "permissions boundary"),
        (SAYS, APPLICATION, "correct what the service names"),
    ],
)
def test_a_refused_start_says_what_to_do(
    error: ServiceError, application: Any, advice: str
) -> None:
    message = str(errors.start_refused(error, "Session", "00a1", application))
    assert "Session" in message
    assert "00a1" in message
    assert error.message in message
    assert advice in message


def test_a_refused_change_of_tags_does_not_say_that_nothing_was_started() -> None:
    error = Refused("TagResource", "ValidationException", "A tag's value is too long.")
    message = str(errors.start_refused(error, "Session", "00a1", APPLICATION))
    assert "not started" not in message
    assert "TagResource was refused" in message
    assert all(part in message for part in ("Session", "00a1", error.message, "What to do"))


@pytest.mark.parametrize(
    ("details", "advice"),
    [
        ("Session failed.", "maximumCapacity"),
        ("", "maximumCapacity"),
        ("Could not assume the role", "trusts emr-serverless.amazonaws.com"),
    ],
)
def test_a_session_that_failed_says_what_to_do(details: str, advice: str) -> None:
    message = str(errors.session_over("Session", "arn:x", "00a1", "FAILED", details))
    assert all(part in message for part in ("Session", "arn:x", "00a1", "FAILED", details, advice))


def test_no_route_to_the_service_is_named() -> None:
    error = Unsettled("StartSession", "ConnectTimeoutError", "m", unreachable=True)
    message = str(errors.not_settled_in_time("Session", "00a1", error, 120))
    assert "interface endpoint" in message


@pytest.mark.parametrize("letter", ["x", "ü", "界"])
def test_a_long_message_fits_into_the_answer(letter: str) -> None:
    message = str(errors.session_over("Session", "arn:x", "00a1", "FAILED", letter * 5000))
    assert len(message.encode()) <= errors.MAX_MESSAGE_BYTES


@pytest.mark.parametrize("letter", ["\x01", "\udc80", '"', "\\", "\n"])
def test_a_message_fits_as_json_whatever_the_service_says(letter: str) -> None:
    """The framework sends it as JSON, and has some thousand bytes of its own to say."""
    message = str(errors.session_over("Session", "arn:x", "00a1", "FAILED", letter * 5000))
    assert len(json.dumps(message, ensure_ascii=False).encode()) <= 3000
    assert "What to do" in message


@pytest.mark.parametrize(
    ("label", "supported"),
    [
        ("emr-7.12.0", False),
        ("emr-7.13.0", True),
        ("emr-7.13.1", True),
        ("emr-8.0.0", True),
        ("emr-6.15.0", False),
        ("emr-7.13.0-latest", True),
        ("emr-spark-8.0", True),
    ],
)
def test_releases_with_sessions(label: str, supported: bool) -> None:
    assert errors.supports_sessions(label) is supported
