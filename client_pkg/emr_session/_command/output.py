"""What the command prints: a table for people, JSON for programs."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import emr_session


def print_rows(rows: Sequence[Mapping[str, Any]], *, as_json: bool, nothing: str) -> None:
    """Print rows that all have the same columns; ``nothing`` is said of none."""
    if as_json:
        print(json.dumps(list(rows), indent=2))
    elif rows:
        table = [
            [name.upper().replace("_", " ") for name in rows[0]],
            *([_cell(value) for value in row.values()] for row in rows),
        ]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        for line in table:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            print("  ".join(cells).rstrip())
    else:
        print(nothing)


def print_value(name: str, value: str, *, as_json: bool) -> None:
    """Print one value, alone or as a JSON object."""
    print(json.dumps({name: value}) if as_json else value)


@contextmanager
def waits_on_standard_error() -> Iterator[None]:
    """Say there what the client is waiting for: standard output may be read by a program."""
    log = logging.getLogger(emr_session.__name__)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("emr-session: %(message)s"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)


def moment(value: datetime) -> str:
    """A time as the service gives it, to the second."""
    return value.isoformat(timespec="seconds")


def _cell(value: Any) -> str:
    return "-" if value is None or value == "" else str(value)
