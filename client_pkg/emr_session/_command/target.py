"""What a client connects to: a name if it follows, else the current ARN."""

from __future__ import annotations

import click

from .invocation import Invocation


def target(run: Invocation, session: str | None, application: str | None, *, follow: bool) -> str:
    """What ``connect`` and the proxy are given.

    Raises:
        click.UsageError: It is to follow a name, and there is none.
        ConnectError: No session is named so, or several are.
        botocore.exceptions.ClientError: A service refuses what has to be asked.
    """
    if not follow:
        return str(run.locate(session, application))
    if session is None:
        raise click.UsageError("--follow needs SESSION.")
    return session
