"""What the handler logs, searched for what must never be in it. Touches the handler's log alone."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import TextIO

import pytest

from session_handler import log

# A field of an event or of an answer, or the address that CloudFormation waits for an answer at.
_SECRET = re.compile(
    r"ResponseURL|auth-?token|x-aws-proxy-auth|cloudformation-custom-resource-response"
    r"|X-Amz-Signature",
    re.IGNORECASE,
)


def search(lines: str) -> None:
    """Hold that each line is one JSON object, and that none has a secret."""
    for line in lines.splitlines():
        assert isinstance(json.loads(line), dict), line
        found = _SECRET.search(line)
        assert found is None, f"{found and found[0]} is in the log: {line}"


class _Written:
    """Standard output, and all that was written to it."""

    def __init__(self, stdout: TextIO) -> None:
        self.lines = ""
        self._stdout = stdout

    def write(self, text: str) -> None:
        self.lines += text
        self._stdout.write(text)

    def flush(self) -> None:
        self._stdout.flush()


@contextmanager
def searched_log() -> Iterator[None]:
    """Search all that the handler logs while the context lasts."""
    written = _Written(sys.stdout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "sys", SimpleNamespace(stdout=written))
        yield
    search(written.lines)
