"""What a deployed schedule sends: each release of the handler has to understand it the same way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from session_handler.event import KeepAlive, MalformedRequest

GOLDEN = Path(__file__).parent / "golden_schedule" / "call.json"


def sent(**changed: Any) -> dict[str, Any]:
    event: dict[str, Any] = {**json.loads(GOLDEN.read_text()), **changed}
    return event


def test_a_deployed_schedules_call_is_understood() -> None:
    call = KeepAlive.parse(sent())
    assert call.scheduled_at == datetime(2026, 11, 24, 9, 15, tzinfo=UTC).timestamp()
    assert call.parameter_name == "/emr-serverless-session/Notebooks/SessionA1B2C3D4"
    assert call.event.spec().idle_timeout_minutes == 45
    assert call.event.tags() == {"team": "search"}


def test_its_token_is_pinned() -> None:
    """Another one would start a second successor where a call is delivered twice."""
    assert (
        KeepAlive.parse(sent()).event.client_token()
        == "e2f13c293f611af37a645b658f7aa76027e81c77292b92b4bba5248010b2640b"
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"ScheduledTime": "2026-11-24T09:30:00Z"},
        {"PhysicalResourceId": "another"},
        {"LogicalResourceId": "Other"},
        {"StackId": "another"},
    ],
)
def test_another_call_has_another_token(changed: dict[str, str]) -> None:
    assert KeepAlive.parse(sent(**changed)).event.client_token() != (
        KeepAlive.parse(sent()).event.client_token()
    )


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ScheduledTime": "soon"}, "ScheduledTime is 'soon'"),
        ({"ScheduledTime": "<aws.scheduler.scheduled-time>"}, "ScheduledTime"),
        ({"StackId": None}, "no StackId"),
        ({"LogicalResourceId": ""}, "no LogicalResourceId"),
        ({"PhysicalResourceId": 3}, "no PhysicalResourceId"),
    ],
)
def test_what_cannot_be_read_is_said(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(MalformedRequest, match=said):
        KeepAlive.parse(sent(**changed))
