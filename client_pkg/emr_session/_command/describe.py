"""``describe``: the details of one session."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .._emr.cost import Prices, cost
from .._emr.inventory import ListedSession, listed
from .._emr.lifetime import end_of
from .._emr.names import LIVE_STATES, OWNER_TAG_PREFIX, REPLACES_TAG, RETAINED_TAG, SessionArn
from .._emr.releases import find_release, requirement
from .arguments import APPLICATION, SESSION, WATCH
from .command import DONE, command
from .invocation import Invocation
from .listing import STYLES, dollars
from .printable import printable
from .times import span, timestamp
from .watch import watch

if TYPE_CHECKING:
    from rich.text import Text


@command(SESSION, APPLICATION, WATCH)
def describe(
    run: Invocation,
    session: str | None,
    application: str | None,
    watching: bool,
) -> int:
    """Show one session: times, owner, Spark properties, usage and cost.

    --json prints the answer of GetSession, with "spark", "endsAt" and "costUsd" added.
    """
    arn = run.locate(session, application)
    prices = Prices.of(os.environ)
    if watching:
        return watch(run, lambda: _text(run, _get(run, arn), prices))
    found = _get(run, arn)
    if run.output.as_json:
        run.output.json(_document(found, prices))
    else:
        run.output.console.print(_text(run, found, prices), soft_wrap=True)
    return DONE


def _get(run: Invocation, arn: SessionArn) -> ListedSession:
    return listed(run.aws.emr_serverless(arn.region).get_session(**arn.ids)["session"])


def _document(found: ListedSession, prices: Prices) -> dict[str, Any]:
    session, end = found.session, end_of(found.session)
    release = find_release(session["releaseLabel"])
    plain = {
        name: timestamp(value) if isinstance(value, datetime) else value
        for name, value in session.items()
    }
    return {
        **plain,
        "spark": release.spark if release else None,
        "endsAt": timestamp(end[0]) if end else None,
        "costUsd": cost(session.get("billedResourceUtilization", {}), prices),
    }


def _text(run: Invocation, found: ListedSession, prices: Prices) -> Text:
    """One line per value, never broken: what a terminal breaks is copied whole."""
    from rich.text import Text

    now = datetime.fromtimestamp(run.clock.now(), UTC)
    rows = [(title, value) for title, value in _rows(found, now, prices) if value]
    width = max(len(title) for title, _ in rows) + 2
    lines = [
        Text.assemble(
            (f"{printable(title):{width}}", "bold"),
            (printable(value), STYLES.get(value, "") if title == "State" else ""),
        )
        for title, value in rows
    ]
    return Text("\n").join(lines)


def _rows(found: ListedSession, now: datetime, prices: Prices) -> Iterator[tuple[str, str | None]]:
    session, owner = found.session, found.owner
    tags: Mapping[str, str] = session.get("tags", {})
    release = find_release(session["releaseLabel"])
    details = session.get("stateDetails")
    yield "Name", found.name
    yield "State", found.state
    yield "Details", details
    yield "Session", found.session_id
    yield "Application", found.application_id
    yield "ARN", found.arn
    yield "Release", session["releaseLabel"]
    if release:
        yield "Spark", f"{release.spark}: pip install {requirement(release.spark)}"
    if owner:
        yield "Stack", owner.stack_name
        yield "Resource", owner.logical_id
        yield "Successor of", owner.held_arn
        yield "Replaces", tags.get(REPLACES_TAG)
        yield "Retained", "the stack leaves it to its time-outs" if RETAINED_TAG in tags else None
    yield "Role", session["executionRoleArn"]
    yield "Created by", session.get("createdBy")
    for title, key in (("Created", "createdAt"), ("Started", "startedAt"), ("Ended", "endedAt")):
        yield title, _ago(session.get(key), now)
    if found.state in LIVE_STATES:
        yield "Idle since", _ago(session.get("idleSince"), now)
        end = end_of(session)
        if end:
            yield (
                "Ends",
                f"{timestamp(end[0])} (in {span((end[0] - now).total_seconds())}): {end[1]}",
            )
    idle = session.get("idleTimeoutMinutes")
    yield "Idle time-out", f"{idle} minutes" if idle else None
    billed = session.get("billedResourceUtilization", {})
    if billed:
        yield (
            "Billed so far",
            f"{billed.get('vCPUHour', 0):.3f} vCPU-hours, {billed.get('memoryGBHour', 0):.3f} "
            f"GB-hours of memory, {billed.get('storageGBHour', 0):.3f} of storage",
        )
    amount = dollars(cost(billed, prices))
    yield "Cost so far", f"USD {amount}, by {prices.source}" if amount else None
    yield from _lines("Tags", _own(tags))
    overrides = session.get("configurationOverrides", {}).get("runtimeConfiguration", [])
    for one in overrides:
        yield from _lines(one["classification"], one.get("properties", {}))


def _own(tags: Mapping[str, str]) -> dict[str, str]:
    return {key: tags[key] for key in sorted(tags) if not key.startswith(OWNER_TAG_PREFIX)}


def _lines(title: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """A line for each value, with the title before the first."""
    for index, (key, value) in enumerate(values.items()):
        yield "" if index else title, f"{key} = {value}"


def _ago(value: datetime | None, now: datetime) -> str | None:
    if value is None:
        return None
    return f"{timestamp(value)} ({span((now - value).total_seconds())} ago)"
