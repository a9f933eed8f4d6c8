"""``list``: the sessions of an account and region, what they cost, and when they end."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from .._emr.cost import Prices, cost
from .._emr.inventory import ListedSession, Summary, described, summaries
from .._emr.lifetime import end_of
from .._emr.names import LIVE_STATES, OVER_STATES, STARTING_STATES, USABLE_STATES
from .._emr.releases import find_release
from .arguments import APPLICATION, WATCH, Span
from .command import DONE, command
from .invocation import Invocation
from .table import Column, table
from .times import span, timestamp
from .watch import watch

if TYPE_CHECKING:
    from rich.console import RenderableType

STATES = (*STARTING_STATES, *USABLE_STATES, "TERMINATING", *OVER_STATES)
# Of those that are over: there may be ten thousand. Live ones are 25 an application at most.
LIMIT = 100
NONE_LIVE = "There are no live sessions."

STYLES = {
    "SUBMITTED": "yellow",
    "STARTING": "yellow",
    "STARTED": "green",
    "IDLE": "green",
    "BUSY": "bold green",
    "TERMINATING": "dim",
    "TERMINATED": "dim",
    "FAILED": "bold red",
}
COLUMNS = (
    Column("NAME", shortest=12),
    Column("STATE", styles=STYLES),
    Column("AGE", right=True),
    Column("IDLE", right=True, rank=2),
    Column("ENDS IN", right=True),
    Column("COST", right=True, rank=1),
    Column("STACK", shortest=20, rank=3),
    Column("SPARK", rank=4),
    Column("SESSION", rank=5),
    Column("APPLICATION", rank=6),
)


@command(
    APPLICATION,
    click.option("--all", "all_", is_flag=True, help="Include ended sessions."),
    click.option(
        "--state",
        "states",
        metavar="STATE",
        multiple=True,
        type=click.Choice(STATES, case_sensitive=False),
        help="Only sessions in this state; can be given several times.",
    ),
    click.option(
        "--since",
        metavar="TIME",
        type=Span(),
        help="Only sessions created within this time: 30m, 12h, 7d, 2w.",
    ),
    click.option(
        "--limit",
        metavar="NUMBER",
        type=click.IntRange(min=0),
        help=f"At most this many: {LIMIT} with --all or --state; 0 for all.",
    ),
    WATCH,
)
def list_(
    run: Invocation,
    application: str | None,
    all_: bool,
    states: tuple[str, ...],
    since: timedelta | None,
    limit: int | None,
    watching: bool,
) -> int:
    """List live sessions: state, end, stack, and cost so far.

    The newest come first. Costs are the billed usage times prices: the public ones of us-east-1
    for x86, or those of EMR_SESSION_PRICES, in USD for an hour of a vCPU, a GB of memory and a GB
    of storage, separated by commas.
    """
    prices = Prices.of(os.environ)
    wanted = states or (() if all_ else LIVE_STATES)
    if limit is None:
        limit = LIMIT if all_ or states else 0

    def found() -> list[Summary]:
        now = datetime.fromtimestamp(run.clock.now(), UTC)
        return sorted(
            summaries(
                run.aws,
                application_id=application,
                states=wanted,
                created_after=None if since is None else now - since,
            ),
            key=lambda summary: summary["createdAt"],
            reverse=True,
        )

    def draw() -> RenderableType:
        return _table(run, _shown(run, found(), limit), prices)

    if watching:
        return watch(run, draw)
    everything = found()
    shown = _shown(run, everything, limit)
    if run.output.as_json:
        run.output.json([_row(one, prices) for one in shown])
    elif shown:
        run.output.console.print(_table(run, shown, prices))
        run.output.remark(f"COST: USD so far, by {prices.source}.")
    else:
        run.output.line(
            "There are no such sessions." if states or since is not None or all_ else NONE_LIVE
        )
    if len(shown) < len(everything):
        run.output.remark(
            f"{len(everything) - len(shown):,} more, which are older: --limit 0 shows all, "
            "--state, --since and --application choose."
        )
    return DONE


def _shown(run: Invocation, everything: list[Summary], limit: int) -> list[ListedSession]:
    return described(run.aws, everything[:limit] if limit else everything)


def _table(run: Invocation, sessions: list[ListedSession], prices: Prices) -> RenderableType:
    now = datetime.fromtimestamp(run.clock.now(), UTC)
    rows = [_cells(one, now, prices) for one in sessions]
    return table(COLUMNS, rows, run.output.console.width)


def _cells(listed: ListedSession, now: datetime, prices: Prices) -> list[str | None]:
    session = listed.session
    idle, end = session.get("idleSince"), end_of(session)
    live = listed.state in LIVE_STATES
    return [
        listed.name or listed.session_id,
        listed.state,
        span((now - listed.created_at).total_seconds()),
        span((now - idle).total_seconds()) if idle and live else None,
        span((end[0] - now).total_seconds()) if end and live else None,
        dollars(cost(session.get("billedResourceUtilization", {}), prices)),
        listed.owner.stack_name if listed.owner else None,
        spark_of(session),
        listed.session_id,
        listed.application_id,
    ]


def _row(listed: ListedSession, prices: Prices) -> dict[str, Any]:
    session, end = listed.session, end_of(listed.session)
    return {
        "application": listed.application_id,
        "session": listed.session_id,
        "state": listed.state,
        "name": listed.name,
        "stack": listed.owner.stack_name if listed.owner else None,
        "resource": listed.owner.logical_id if listed.owner else None,
        "created": timestamp(listed.created_at),
        "arn": listed.arn,
        "idle_since": timestamp(session.get("idleSince")),
        "ends_at": timestamp(end[0]) if end else None,
        "spark": spark_of(session),
        "cost_usd": cost(session.get("billedResourceUtilization", {}), prices),
    }


def spark_of(session: Any) -> str:
    """The Spark of a session's release, or the release where that isn't known."""
    release = find_release(session["releaseLabel"])
    return release.spark if release else str(session["releaseLabel"])


def dollars(amount: float | None) -> str | None:
    """An amount of USD, to the cent."""
    if amount is None:
        return None
    return "<0.01" if 0 < amount < 0.01 else f"{amount:,.2f}"
