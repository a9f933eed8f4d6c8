"""``doctor``: prints each finding about a session as a line, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .._emr.names import SessionArn
from ..errors import ConnectError, CredentialsError, SessionAmbiguousError
from .arguments import APPLICATION, ROOT_CERTIFICATES, SESSION
from .command import DONE, FOUND, command
from .invocation import Invocation
from .printable import printable
from .strays import STRAY, verdicts

if TYPE_CHECKING:
    from rich.text import Text

    from .._doctor.finding import Finding

STYLES = {"ok": "green", "warning": "yellow", "wrong": "bold red", "not checked": "dim"}
CHECK_WIDTH = 15


@command(
    SESSION,
    APPLICATION,
    click.option("--role", metavar="ARN", help="The execution role for a new session."),
    click.option(
        "--connect",
        is_flag=True,
        help="Fetch a token, and test the connection to the session's Spark.",
    ),
    ROOT_CERTIFICATES,
)
def doctor(
    run: Invocation,
    session: str | None,
    application: str | None,
    role: str | None,
    connect: bool,
    root_certificates: str | None,
) -> int:
    """Find out what is wrong with a session, and what to do.

    Checks a session and its application. With --application alone it checks the application, with
    neither your only live session, or else the account. Changes nothing. "Not checked" means that
    you lack a permission. The exit code is 3 if something is wrong.
    """
    from .._doctor.examine import Subject, examine
    from .._doctor.finding import Level

    found: list[Finding] = []

    def tell(finding: Finding) -> None:
        found.append(finding)
        if not run.output.as_json:
            _print(run, finding)

    arn, problem = _named(run, session, application)
    if problem:
        tell(problem)
    subject = Subject(arn, application, role, connect, root_certificates)
    for finding in examine(run.aws, subject, strays=lambda: _strays(run), clock=run.clock):
        tell(finding)
    if run.output.as_json:
        run.output.json(
            [
                {
                    "check": one.check,
                    "level": one.level,
                    "text": one.text,
                    "remedy": one.remedy or None,
                }
                for one in found
            ]
        )
    return FOUND if any(one.level == Level.WRONG for one in found) else DONE


def _named(
    run: Invocation, session: str | None, application: str | None
) -> tuple[SessionArn | None, Finding | None]:
    """The session to look at, if there is one; or what is wrong with its name."""
    from botocore.exceptions import BotoCoreError, ClientError

    from .._doctor.finding import wrong

    if session is None and application:
        return None, None
    try:
        return run.locate(session, application), None
    except (ConnectError, BotoCoreError, ClientError) as error:
        # What is wrong with credentials is the first thing that is looked at anyway.
        if session is None or isinstance(error, CredentialsError | BotoCoreError):
            return None, None
        if isinstance(error, SessionAmbiguousError):
            raise
        text = " ".join(str(error).split()).rstrip(".")
        return None, wrong("session", text, "emr-session list shows what there is.")


def _strays(run: Invocation) -> list[str]:
    return [listed.session_id for listed, _, verdict, _ in verdicts(run.aws) if verdict == STRAY]


def _print(run: Invocation, finding: Finding) -> None:
    """A finding in three columns, with what to do under it."""
    from rich.text import Text

    level = Text(finding.level, style=STYLES[finding.level])
    _print_row(run, level, Text(finding.check), Text(printable(finding.text)))
    if finding.remedy:
        remedy = Text(f"→ {printable(finding.remedy)}", style="dim")
        _print_row(run, Text(), Text(), remedy)


def _print_row(run: Invocation, level: Text, check: Text, said: Text) -> None:
    """Three columns, of which the last breaks its lines where the terminal ends."""
    from rich.table import Table

    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=max(map(len, STYLES)), no_wrap=True)
    row.add_column(width=CHECK_WIDTH, no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(level, check, said)
    run.output.console.print(row)
