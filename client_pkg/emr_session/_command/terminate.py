"""``terminate``: end a session, after a question."""

from __future__ import annotations

import sys

import click

from .._emr.inventory import ListedSession, listed
from .._emr.names import LIVE_STATES
from .._emr.session import describe
from .arguments import APPLICATION, SESSION
from .command import DONE, FAILED, command
from .invocation import Invocation
from .next_deploy import after_the_end
from .printable import printable


@command(
    SESSION,
    APPLICATION,
    click.option("--yes", "-y", is_flag=True, help="Don't ask for confirmation."),
)
def terminate(run: Invocation, session: str | None, application: str | None, yes: bool) -> int:
    """End a session.

    Asks first, and says what the next deployment of its stack does. Without a terminal it needs
    --yes. The session's temporary views and caches are lost.
    """
    if not yes and not sys.stdin.isatty():
        raise click.UsageError("There is no terminal for the question: use --yes.")
    arn = run.locate(session, application)
    client = run.aws.emr_serverless(arn.region)
    found = listed(client.get_session(**arn.ids)["session"])
    if found.state in LIVE_STATES:
        if not run.output.as_json:
            run.output.note(f"{_named(found)}. {after_the_end(run.aws, found)}")
        if not yes and not click.confirm("End it?", err=True):
            return FAILED
        client.terminate_session(**arn.ids)
    state = describe(run.aws, arn).state
    if run.output.as_json:
        run.output.json([{"session": arn.session_id, "state": state, "arn": arn.arn}])
    else:
        run.output.line(f"{arn.session_id} is {state}.")
    return DONE


def _named(session: ListedSession) -> str:
    parts = [session.name, session.state]
    if session.owner:
        parts.append(f"{session.owner.stack_name}/{session.owner.logical_id}")
    return f"{session.session_id} ({', '.join(printable(part) for part in parts if part)})"
