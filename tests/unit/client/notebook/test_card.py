"""A session's card: its rows, and that names are escaped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.sessions import SessionService
from emr_session._emr.aws import Aws
from emr_session._emr.names import SessionArn
from emr_session._notebook.card import Card, described
from tests.unit.client.account import Account, account

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>\"&"


def session(**fields: Any) -> dict[str, Any]:
    """An answer of GetSession."""
    return {
        "name": "clicks",
        "state": "IDLE",
        "stateDetails": "",
        "releaseLabel": "emr-spark-8.1.0",
        "createdAt": NOON - timedelta(hours=3),
        "startedAt": NOON - timedelta(hours=3),
        "idleSince": NOON - timedelta(minutes=12),
        "idleTimeoutMinutes": 60,
        "billedResourceUtilization": {"vCPUHour": 12.0, "memoryGBHour": 48.0},
        **fields,
    }


def card_of(aws: Account, arn: str, *, stopped: bool = False) -> Card:
    named = SessionArn.parse(arn)
    assert named
    return Card.of(Aws(session=aws.session()), named, stopped=stopped)


def test_an_idle_session() -> None:
    assert described(session(), NOON) == {
        "Name": "clicks",
        "State": "IDLE",
        "Spark": "emr-spark-8.1.0, Spark 4.1.1",
        "Idle since": "11:48 UTC (12 min)",
        "Ends": "12:48 UTC if it stays idle, 2026-03-03 09:00 UTC at the latest",
        "Cost so far": "about USD 0.91 (public prices of us-east-1, x86)",
    }


def test_a_busy_session_ends_after_a_day() -> None:
    rows = described(session(state="BUSY", idleSince=None), NOON)

    assert rows["Ends"] == "2026-03-03 09:00 UTC at the latest"
    assert "Idle since" not in rows


def test_a_session_that_is_over() -> None:
    over = session(state="FAILED", stateDetails="Session failed.", endedAt=NOON)
    rows = described(over, NOON)

    assert rows["State"] == "FAILED (Session failed.)"
    assert rows["Ended"] == "12:00 UTC"
    assert not {"Ends", "Idle since"} & set(rows)


def test_the_cost_names_the_prices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMR_SESSION_PRICES", "0.1,0.01,0")
    assert described(session(), NOON)["Cost so far"] == "about USD 1.68 (EMR_SESSION_PRICES)"

    monkeypatch.setenv("EMR_SESSION_PRICES", "cheap")
    assert "is not three prices" in described(session(), NOON)["Cost so far"]


def test_cents_are_not_counted_further() -> None:
    barely = {"vCPUHour": 0.01, "memoryGBHour": 0.04}
    said = described(session(billedResourceUtilization=barely), NOON)["Cost so far"]

    assert said.startswith("less than USD 0.01 ")


def test_a_cost_that_the_service_hasnt_told() -> None:
    assert described(session(billedResourceUtilization={}), NOON)["Cost so far"] == "not known yet"


def test_names_of_others_are_text() -> None:
    clock = ManualClock()
    service = SessionService(clock=clock, start_seconds=1, stop_seconds=1)
    with account(service) as aws:
        card = card_of(aws, aws.start(name=HOSTILE))

    assert HOSTILE in card.text()
    assert "<script" not in card.html()
    assert "&lt;script&gt;" in card.html()


def test_an_address_that_is_no_web_page_is_no_link() -> None:
    arn = SessionArn("arn", "us-east-1", "00f1", "00f2")

    assert "javascript" not in Card(arn, {"State": "IDLE"}, "javascript:alert(1)").html()
    assert 'href="https://ui/?a=&quot;&amp;b"' in Card(arn, {}, 'https://ui/?a="&b').html()


def test_the_text_has_no_address_that_signs_in() -> None:
    arn = SessionArn("arn", "us-east-1", "00f1", "00f2")

    assert "https" not in Card(arn, {"State": "IDLE"}, "https://ui/?token").text()


def test_what_cant_be_asked_is_said(aws: Account) -> None:
    arn = aws.start()
    aws.refused.add("/dashboard")
    assert "not authorized" in card_of(aws, arn).html()

    aws.expired = True
    assert "ExpiredTokenException" in card_of(aws, arn).text()


def test_after_stop_the_card_says_to_connect_again(aws: Account) -> None:
    arn = aws.start()

    assert "Connection   stopped: connect again" in card_of(aws, arn, stopped=True).text()
    assert "Connection" not in card_of(aws, arn).text()
