"""A session as a card: the answer of GetSession in a few rows, as HTML and as text.

What others have chosen (names, the service's words) is text here, and never HTML.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws import Aws
from .._emr.cost import Prices, cost
from .._emr.names import LIVE_STATES, USABLE_STATES, SessionArn
from .._emr.releases import find_release
from ..errors import ConnectError

# The service's default, busy or not.
LONGEST = timedelta(hours=24)
_STATE = "State"
_SPARK_UI = "Spark UI"


class Card:
    """A session at a moment. Asking for it never raises: what can't be known is said instead."""

    def __init__(self, arn: SessionArn, rows: Mapping[str, str], spark_ui: str = "") -> None:
        """A card.

        Args:
            arn: The session.
            rows: What is shown of it.
            spark_ui: The address of its Spark UI.
        """
        self._arn = arn
        self._rows = dict(rows)
        self._spark_ui = spark_ui

    @classmethod
    def of(cls, aws: Aws, arn: SessionArn, *, stopped: bool = False) -> Card:
        """The card of a session, as it is now.

        Args:
            aws: The clients.
            arn: The session.
            stopped: Whether the ``SparkSession`` is, which leaves the session as it is.
        """
        connection = {"Connection": "stopped: connect again"} if stopped else {}
        client = aws.emr_serverless(arn.region)
        try:
            session = client.get_session(**arn.ids)["session"]
        except (BotoCoreError, ClientError) as error:
            return cls(arn, {**connection, _STATE: f"unknown: {error}"})
        rows = {**connection, **described(session, datetime.now().astimezone())}
        try:
            answer = client.get_resource_dashboard(
                applicationId=arn.application_id, resourceId=arn.session_id, resourceType="SESSION"
            )
        except (BotoCoreError, ClientError) as error:
            return cls(arn, {**rows, _SPARK_UI: f"none: {error}"})
        return cls(arn, rows, str(answer["url"]))

    def text(self) -> str:
        """The card in plain text, without the address of the Spark UI, which signs in."""
        width = max(map(len, self._rows))
        rows = [f"  {label.ljust(width)}  {value}" for label, value in self._rows.items()]
        return "\n".join([f"EMR Serverless session {self._arn.session_id}", *rows])

    def html(self) -> str:
        """The card in HTML."""
        cells = [(label, escape(value)) for label, value in self._rows.items()]
        if self._spark_ui.startswith(("https://", "http://")):
            href = escape(self._spark_ui, quote=True)
            link = f'<a href="{href}" target="_blank" rel="noopener noreferrer">open</a>'
            cells.append((_SPARK_UI, link))
        rows = "".join(
            f'<tr style="background: none"><td style="{_LABEL}">{label}</td>'
            f'<td style="{_VALUE}">{value}</td></tr>'
            for label, value in cells
        )
        title = f"EMR Serverless session <code>{escape(self._arn.session_id)}</code>"
        return (
            f'<div style="{_FRAME}"><div style="font-weight: 600">{title}</div>'
            f'<table style="margin: 4px 0 0; border: none">{rows}</table></div>'
        )


def described(session: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """What to show of a session, by labels.

    Args:
        session: The answer of GetSession.
        now: The present moment, in the time zone to show times in.
    """
    rows = {"Name": session.get("name") or "", _STATE: _state(session)}
    release = find_release(session["releaseLabel"])
    rows["Spark"] = session["releaseLabel"] + (f", Spark {release.spark}" if release else "")
    live = session["state"] in LIVE_STATES
    idle_since = session.get("idleSince") if live else None
    if idle_since:
        minutes = max(0, int((now - idle_since).total_seconds() // 60))
        rows["Idle since"] = f"{_time(idle_since, now)} ({minutes} min)"
    if live:
        rows["Ends"] = _ends(session, now)
    elif session.get("endedAt"):
        rows["Ended"] = _time(session["endedAt"], now)
    rows["Cost so far"] = _cost(session)
    return {label: value for label, value in rows.items() if value}


def _state(session: Mapping[str, Any]) -> str:
    details = None if session["state"] in USABLE_STATES else session.get("stateDetails")
    return f"{session['state']} ({details})" if details else str(session["state"])


def _ends(session: Mapping[str, Any], now: datetime) -> str:
    latest = (session.get("startedAt") or session["createdAt"]) + LONGEST
    said = f"{_time(latest, now)} at the latest"
    idle_since, idle_minutes = session.get("idleSince"), session.get("idleTimeoutMinutes")
    if idle_since and idle_minutes:
        idle = idle_since + timedelta(minutes=idle_minutes)
        if idle < latest:
            said = f"{_time(idle, now)} if it stays idle, {said}"
    return said


def _cost(session: Mapping[str, Any]) -> str:
    try:
        prices = Prices.of(os.environ)
    except ConnectError as error:
        return str(error)
    dollars = cost(session.get("billedResourceUtilization", {}), prices)
    if dollars is None:
        return "not known yet"
    amount = f"about USD {dollars:,.2f}" if dollars >= 0.01 else "less than USD 0.01"
    return f"{amount} ({prices.source})"


def _time(moment: datetime, now: datetime) -> str:
    """A time as people say it: without the date where it is today's."""
    here = moment.astimezone(now.tzinfo)
    return f"{here:%H:%M %Z}" if here.date() == now.date() else f"{here:%Y-%m-%d %H:%M %Z}"


_FRAME = (
    "display: inline-block; padding: 8px 12px; border: 1px solid rgba(128, 128, 128, 0.4); "
    "border-left: 4px solid #e25a1c; border-radius: 4px"
)
_LABEL = "text-align: left; padding: 1px 16px 1px 0; border: none; opacity: 0.7"
_VALUE = "text-align: left; padding: 1px 0; border: none"
