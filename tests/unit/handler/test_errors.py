"""Errors: which are definite, and what the person deploying is told to do."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ReadTimeoutError,
)

from session_handler import errors, reasons
from session_handler.errors import (
    Conflict,
    Denied,
    NotFound,
    Refused,
    ServiceError,
    Unclear,
    Unreachable,
)
from session_handler.identity import SessionArn
from session_handler.request import Request
from session_handler.sessions import Session

ARN = SessionArn("arn:x", "00a1", "00s1")
REQUEST = Request.read(
    {
        "RequestType": "Create",
        "LogicalResourceId": "Session",
        "ResourceProperties": {"ApplicationId": "00a1"},
    }
)
APPLICATION: dict[str, Any] = {
    "type": "SPARK",
    "releaseLabel": "emr-7.13.0",
    "interactiveConfiguration": {"sessionEnabled": True},
    "state": "STARTED",
}
SAYS = Refused("StartSession", "ValidationException", "No.")


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ValidationException", 400, Refused),
        ("ValidationException", 404, Refused),
        ("ServiceQuotaExceededException", 402, Refused),
        ("AccessDeniedException", 403, Denied),
        ("AccessDenied", 400, Denied),
        ("Odd", 401, Denied),
        ("Odd", 403, Denied),
        ("ResourceNotFoundException", 404, NotFound),
        ("404", 404, NotFound),
        (None, 404, NotFound),
        ("ConflictException", 409, Conflict),
        ("ConflictException", 400, Conflict),
        ("Odd", 409, Conflict),
        ("InternalServerException", 500, Unclear),
        ("ThrottlingException", 400, Unclear),
        ("TooManyRequestsException", 429, Unclear),
        ("TooManyRequestsException", 400, Unclear),
        *[("Odd", status, Unclear) for status in (408, 425, 429, 302, 500, None)],
        ("Unknown", 503, Unclear),
        ("Unknown", 418, Refused),
    ],
)
def test_an_answer_is_definite_or_not(
    code: str | None, status: int | None, kind: type[ServiceError]
) -> None:
    response: Any = {
        "Error": {"Code": code, "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    assert type(errors.classify("StartSession", ClientError(response, "StartSession"))) is kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ReadTimeoutError(endpoint_url="u"), Unclear),
        (ConnectionClosedError(endpoint_url="u"), Unclear),
        (ConnectTimeoutError(endpoint_url="u"), Unreachable),
        (EndpointConnectionError(endpoint_url="u"), Unreachable),
        (ValueError("what nobody thought of"), Unclear),
        (ParamValidationError(report="never sent"), Refused),
        (NoCredentialsError(), Refused),
        (PartialCredentialsError(provider="env", cred_var="secret"), Refused),
        (NoRegionError(), Refused),
    ],
)
def test_no_answer_is_definite_only_where_nothing_was_sent(
    error: Exception, kind: type[ServiceError]
) -> None:
    assert type(errors.classify("StartSession", error)) is kind


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
        (Denied("StartSession", "AccessDenied", "on emr-serverless:TagResource"), None, "tag keys"),
        (Denied("StartSession", "AccessDenied", "no"), None, "permissions boundary"),
        (Unreachable("StartSession", "ConnectTimeoutError", "m"), None, "interface endpoint"),
        (Unclear("StartSession", "ThrottlingException", "m"), None, "deploy again later"),
        (SAYS, APPLICATION, "correct what the service names"),
    ],
)
def test_a_refused_start_says_what_to_do(
    error: ServiceError, application: Any, advice: str
) -> None:
    message = reasons.refused(REQUEST, error, application)
    assert all(part in message for part in ("Session", "00a1", error.message, advice))


@pytest.mark.parametrize("template", [False, True], ids=["of an app", "from its template"])
@pytest.mark.parametrize("action", ["emr-serverless:TagResource", "iam:PassRole"])
@pytest.mark.parametrize(
    ("why", "is_blamed"),
    [
        ("because no identity-based policy allows the action", False),
        ("with an explicit deny in a permissions boundary: arn:aws:iam::1:policy/b", True),
        ("because no permissions boundary allows the action", True),
        ("because no service control policy allows the action", True),
    ],
)
def test_a_boundary_is_blamed_only_where_the_policies_of_the_role_are_not(
    monkeypatch: pytest.MonkeyPatch, action: str, why: str, is_blamed: bool, template: bool
) -> None:
    if template:
        monkeypatch.setenv("PROVIDER_STACK", "sessions")
    said = f"User: handler is not authorized to perform: {action} on resource: r {why}"
    error = Denied("StartSession", "AccessDeniedException", said)
    advice = reasons.refused(REQUEST, error, None).partition("What to do: ")[2]
    assert ("permissions boundary" in advice) == is_blamed
    if "permissions boundary" in why:
        assert "tag keys" not in advice
        assert "execution role" not in advice


def test_a_refused_change_of_tags_does_not_say_that_nothing_was_started() -> None:
    error = Refused("TagResource", "ValidationException", "A tag's value is too long.")
    message = reasons.refused(REQUEST, error, None)
    assert "not started" not in message
    assert "TagResource failed" in message
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
    message = reasons.over(REQUEST, Session(ARN, "FAILED", details))
    assert all(part in message for part in ("Session", "arn:x", "00a1", "FAILED", details, advice))


@pytest.mark.parametrize(
    ("label", "supported"),
    [
        ("emr-7.12.0", False),
        ("emr-7.13.0", True),
        ("emr-7.13.1", True),
        ("emr-8.0.0", True),
        ("emr-6.15.0", False),
        ("emr-7.13.0-latest", True),
        ("emr-spark-8.0.0", True),
    ],
)
def test_releases_with_sessions(label: str, supported: bool) -> None:
    assert reasons.supports_sessions(label) is supported
