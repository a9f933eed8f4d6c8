"""``--watch``: refreshes the output every few seconds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws_errors import is_temporary
from .command import DONE
from .invocation import Invocation

if TYPE_CHECKING:
    from rich.console import RenderableType

SECONDS = 5.0


def watch(run: Invocation, draw: Callable[[], RenderableType]) -> int:
    """Show what is drawn until Ctrl-C.

    While the service throttles or is away, the last picture stays.

    Raises:
        click.UsageError: It is for a program.
        botocore.exceptions.ClientError: The service refuses what is drawn.
    """
    from rich.live import Live

    if run.output.as_json:
        raise click.UsageError("--watch and --json can't be combined.")
    with Live(console=run.output.console, auto_refresh=False, vertical_overflow="crop") as live:
        try:
            while True:
                try:
                    live.update(draw(), refresh=True)
                except (BotoCoreError, ClientError) as error:
                    if not is_temporary(error):
                        raise
                run.clock.sleep(SECONDS)
        except KeyboardInterrupt:
            return DONE
