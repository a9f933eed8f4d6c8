"""Arguments and options that several commands share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import click

from .._emr.wait import TIMEOUT_SECONDS
from .completion import sessions
from .times import parse_span

DAY_SECONDS = 86_400.0
SESSION = click.argument("session", metavar="[SESSION]", required=False, shell_complete=sessions)
APPLICATION = click.option("--application", metavar="ID", help="Only sessions of this application.")


class Seconds(click.ParamType):  # type: ignore[type-arg] # generic since Click 8.5, at run time too
    """A number of seconds, a day at most."""

    name = "seconds"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """What the text says."""
        seconds = float(click.FLOAT.convert(value, param, ctx))
        # No comparison with NaN is true.
        if not 0 <= seconds <= DAY_SECONDS:
            self.fail(f"{value} is not between 0 and {DAY_SECONDS:g} seconds.", param, ctx)
        return seconds


TIMEOUT = click.option(
    "--timeout",
    metavar="SECONDS",
    type=Seconds(),
    default=TIMEOUT_SECONDS,
    help=f"How long to wait for a session that is starting ({TIMEOUT_SECONDS:g}).",
)
FOLLOW = click.option(
    "--follow", is_flag=True, help="Move to the session that SESSION names when this one has ended."
)
ROOT_CERTIFICATES = click.option(
    "--root-certificates", metavar="FILE", help="A PEM file of the authorities to trust."
)
WATCH = click.option("--watch", "watching", is_flag=True, help="Refresh the screen until Ctrl-C.")


class Span(click.ParamType):  # type: ignore[type-arg] # generic since Click 8.5, at run time too
    """A time span like 12h."""

    name = "span"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """What the text says."""
        try:
            return value if isinstance(value, timedelta) else parse_span(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)
