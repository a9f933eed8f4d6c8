"""The fork server outlives its clients, however they go."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is none")

SECONDS = 20
SCRIPT = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"


class Asking:
    """Someone who asks the fork server for a process, as the launcher does."""

    def __init__(self, address: str, script: Path) -> None:
        self._content = json.dumps([str(script), str(script.parent), dict(os.environ)]).encode()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(SECONDS)
        self.socket.connect(address)
        reader, writer = os.pipe()
        self._said = os.fdopen(reader)
        streams = [os.open(os.devnull, os.O_RDONLY), writer, os.dup(2)]
        socket.send_fds(self.socket, [struct.pack("!I", len(self._content))], streams)
        for stream in streams:
            os.close(stream)

    def go_on(self) -> None:
        """Say what is to be run."""
        self.socket.sendall(self._content)

    def pid(self) -> int:
        """The process that came of it."""
        assert select.select([self._said], [], [], SECONDS)[0], "the fork server is stuck"
        return int(self._said.readline())

    def close(self) -> None:
        """Go."""
        self.socket.close()
        self._said.close()


class ForkServer:
    """A fork server, and whoever asks it."""

    def __init__(self, folder: Path) -> None:
        self._address = str(folder / "socket")
        self._script = folder / "script.py"
        self._script.write_text(SCRIPT)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(self._address)
            listener.listen()
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "emr_serverless_local._cloud.fork_server"),
                    str(listener.fileno()),
                ],
                stdin=subprocess.PIPE,
                pass_fds=[listener.fileno()],
            )

    def asking(self) -> Asking:
        """Someone who has said how much follows, and nothing of it."""
        return Asking(self._address, self._script)

    def files(self) -> int:
        """How many files it has open."""
        return len(os.listdir(f"/proc/{self._process.pid}/fd"))

    def close(self) -> None:
        """End it, and with it what it has forked."""
        try:
            self._process.communicate(timeout=SECONDS)
        finally:
            self._process.kill()
            self._process.wait()


@pytest.fixture
def server() -> Iterator[ForkServer]:
    # Not in pytest's own: an address has at most 107 characters.
    with tempfile.TemporaryDirectory() as name:
        started = ForkServer(Path(name))
        yield started
        started.close()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_that_goes_as_its_process_ends_takes_nothing_with_it(server: ForkServer) -> None:
    with contextlib.closing(server.asking()) as first:
        first.go_on()
        pid = first.pid()
        files = server.files()
        with contextlib.closing(server.asking()) as second:
            # It waits for the rest: what happens now it hears of at once, in this order.
            until(lambda: server.files() > files + 3)
            os.kill(pid, signal.SIGKILL)
            until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z")
            first.close()
            second.go_on()

            assert second.pid() != pid
            with contextlib.closing(server.asking()) as third:
                third.go_on()
                assert third.pid()


def test_one_that_goes_before_it_has_said_all_takes_nothing_with_it(server: ForkServer) -> None:
    server.asking().close()

    with contextlib.closing(server.asking()) as other:
        other.go_on()
        assert other.pid()
