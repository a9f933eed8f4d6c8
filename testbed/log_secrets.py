"""Checks that the handler logs no secrets. Touches the handler's log only."""

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


def assert_no_secrets(lines: str) -> None:
    """Assert that each line is one JSON object, and that none has a secret."""
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
def logs_no_secrets() -> Iterator[None]:
    """Hold that the handler logs no secret while the context lasts."""
    written = _Written(sys.stdout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "sys", SimpleNamespace(stdout=written))
        yield
    assert_no_secrets(written.lines)
