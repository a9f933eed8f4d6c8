"""Arguments and options that several commands have."""

from __future__ import annotations

import click

from .._emr.wait import TIMEOUT_SECONDS

SESSION = click.argument("session", metavar="[SESSION]", required=False)
APPLICATION = click.option("--application", metavar="ID", help="Look in this application alone.")
TIMEOUT = click.option(
    "--timeout",
    metavar="SECONDS",
    type=float,
    default=TIMEOUT_SECONDS,
    help=f"How long to wait for a session that is starting ({TIMEOUT_SECONDS:g}).",
)
FOLLOW = click.option(
    "--follow", is_flag=True, help="Move to the session that SESSION names when this one is over."
)
ROOT_CERTIFICATES = click.option(
    "--root-certificates", metavar="FILE", help="Whom to trust, as PEM."
)
WATCH = click.option(
    "--watch", "watching", is_flag=True, help="Keep it on the screen, until Ctrl-C."
)
