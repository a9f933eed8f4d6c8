"""What a command prints: for people on a console, JSON for programs, notes on standard error.

The only module that writes. Nothing that others chose reaches a terminal but through
``printable``, and none of it is taken for markup.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .printable import printable

if TYPE_CHECKING:
    from rich.console import Console

# Where nobody sees lines break: a file, or a program that reads them.
_UNLIMITED_WIDTH = 10_000


class Output:
    """Standard output and standard error of one command."""

    def __init__(self, *, as_json: bool) -> None:
        """What a command prints to.

        Args:
            as_json: Whether a program reads it.
        """
        self.as_json = as_json

    @cached_property
    def console(self) -> Console:
        """Standard output for tables: as wide as the terminal, and coloured if it is one."""
        # Not before here: commands that print a line do without.
        from rich.console import Console

        # COLUMNS is of the terminal, and shells hand it on to what writes elsewhere.
        width = None if sys.stdout.isatty() else _UNLIMITED_WIDTH
        return Console(width=width, markup=False, emoji=False, highlight=False)

    def line(self, text: str) -> None:
        """Print a line. It isn't wrapped: it may be for a program."""
        print(printable(text), flush=True)

    def json(self, value: Any) -> None:
        """Print JSON."""
        print(json.dumps(value, indent=2))

    def value(self, name: str, value: str) -> None:
        """Print one value, alone or as a JSON object."""
        print(json.dumps({name: value}) if self.as_json else printable(value))

    def remark(self, text: str) -> None:
        """Say something about the output to people, where programs don't read it."""
        from rich.console import Console
        from rich.text import Text

        console = Console(stderr=True, highlight=False)
        console.print(Text(printable(text), style="dim"), soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something to people that is no part of the output."""
        note(text)


def note(text: str) -> None:
    """Say a line on standard error."""
    print(f"emr-session: {printable(text)}", file=sys.stderr, flush=True)


@contextmanager
def waits_on_standard_error() -> Iterator[None]:
    """Say there what the client is waiting for: standard output may be read by a program."""
    log = logging.getLogger("emr_session")
    handler = _Notes()
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


class _Notes(logging.Handler):
    """The client's log as notes."""

    def emit(self, record: logging.LogRecord) -> None:
        note(record.getMessage())
