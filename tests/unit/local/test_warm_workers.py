"""Python functions are forked from a warm process, and behave as before."""

from __future__ import annotations

import io
import json
import sys
import time
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server
from .stacks import trust

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere they start as usual")

CODE = """
import os, sys, time
IMPORTED = "botocore.session" in sys.modules
import botocore

def handler(event, context):
    if event.get("waits"):
        time.sleep(60)
    if event.get("dies"):
        os._exit(3)
    print("from", os.getpid())
    return {
        "pid": os.getpid(),
        "parent": open(f"/proc/{os.getppid()}/cmdline").read(),
        "botocore": botocore.__file__,
        "variable": os.environ.get("OF_THE_FUNCTION"),
        "role": os.environ.get("AWS_ACCESS_KEY_ID"),
        "arguments": len(sys.argv),
        "imported": IMPORTED,
    }
"""


class Function:
    """A function, under a name of its own."""

    def __init__(self, server: Server, **files: str) -> None:
        self.name = f"f{uuid.uuid4().hex[:8]}"
        self._lambda = server.client("lambda")
        role = server.client("iam").create_role(
            RoleName=self.name, AssumeRolePolicyDocument=json.dumps(trust("lambda"))
        )
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as written:
            for name, content in {"index.py": CODE, **files}.items():
                written.writestr(name, content)
        self._lambda.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Handler="index.handler",
            Role=role["Role"]["Arn"],
            Code={"ZipFile": archive.getvalue()},
            Environment={"Variables": {"OF_THE_FUNCTION": self.name}},
            Timeout=2,
        )

    def invoke(self, **event: Any) -> dict[str, Any]:
        answer = self._lambda.invoke(FunctionName=self.name, Payload=json.dumps(event))
        result: dict[str, Any] = json.loads(answer["Payload"].read())
        return result


def test_a_function_is_forked_and_is_itself(server: Server) -> None:
    one, other = Function(server), Function(server)
    first, again, second = one.invoke(), one.invoke(), other.invoke()

    assert "fork_server" in first["parent"]
    assert first["pid"] == again["pid"] != second["pid"]
    assert (first["variable"], second["variable"]) == (one.name, other.name)
    assert first["role"]
    assert first["arguments"] == 1
    assert first["imported"], "that is what forking saves"


def test_one_that_brings_botocore_has_its_own(server: Server) -> None:
    function = Function(server, **{"botocore/__init__.py": "OWN = True"})
    answer = function.invoke()
    assert "/code/botocore/" in answer["botocore"]


def test_one_that_dies_says_so_and_starts_again(server: Server) -> None:
    function = Function(server)
    first = function.invoke()
    assert "died" in str(function.invoke(dies=True))
    assert function.invoke()["pid"] != first["pid"]


def test_one_that_takes_too_long_is_ended(server: Server) -> None:
    function = Function(server)
    process = Path("/proc") / str(function.invoke()["pid"])

    assert "timed out" in str(function.invoke(waits=True))

    until = time.monotonic() + 10
    while process.exists():
        assert time.monotonic() < until, "it still runs"
        time.sleep(0.05)
