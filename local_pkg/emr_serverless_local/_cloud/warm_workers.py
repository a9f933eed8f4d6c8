"""Starts Python functions with ``fork_server`` if the system supports it.

Touches how MiniStack finds the program that runs a Python function. In its place comes a small
launcher, which hands its streams to the fork server and waits. It starts in a hundredth of a
second, and whoever ends it ends the function.
"""

import atexit
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from ministack.core import lambda_runtime

# The shebang can't quote, and has an end.
_LONGEST_SHEBANG = 120

_LAUNCHER = """#!{python} -IS
import json, os, socket, struct, sys

with socket.socket(socket.AF_UNIX) as server:
    here = os.getcwd()
    request = json.dumps([sys.argv[1], here, dict(os.environ)]).encode()
    try:
        os.chdir({folder!r})  # an address has at most 107 characters
        server.connect("socket")
    except OSError:
        os.chdir(here)
        os.execv({python!r}, [{python!r}, sys.argv[1]])
    socket.send_fds(server, [struct.pack("!I", len(request))], [0, 1, 2])
    server.sendall(request)
    for stream in range(3):
        os.close(stream)
    server.recv(1)
"""

_program_of = lambda_runtime._detect_runtime_binary


def install() -> None:
    """Replace MiniStack's choice of a program."""
    if (
        sys.platform == "linux"
        and len(sys.executable) < _LONGEST_SHEBANG
        and " " not in sys.executable
    ):
        lambda_runtime._detect_runtime_binary = _Programs().of


class _Programs:
    """The programs of functions. The fork server is started when a function needs it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._launcher: str | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def of(self, runtime: str) -> tuple[str, str]:
        """What runs a function of a runtime: program and script."""
        program, script = _program_of(runtime)
        if runtime.startswith("python"):
            with self._lock:
                self._launcher = self._launcher or self._start()
            program = self._launcher
        return program, script

    def _start(self) -> str:
        self._folder = tempfile.TemporaryDirectory(prefix="fork-server-")
        folder = Path(self._folder.name)
        with socket.socket(socket.AF_UNIX) as listener:
            _bind(listener, folder)
            listener.listen(128)
            # It ends with this process, whose end of the pipe closes then.
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "emr_serverless_local._cloud.fork_server"),
                    str(listener.fileno()),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                pass_fds=[listener.fileno()],
            )
        atexit.register(_end, server)
        launcher = folder / "python"
        launcher.write_text(_LAUNCHER.format(python=sys.executable, folder=str(folder)))
        launcher.chmod(0o700)
        return str(launcher)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ends the fork server, and with it the functions."""
    server.communicate(timeout=5)


def _bind(listener: socket.socket, folder: Path) -> None:
    """Binds in a folder whose name may be longer than an address can be."""
    descriptor = os.open(folder, os.O_PATH)
    try:
        listener.bind(f"/proc/self/fd/{descriptor}/socket")
    finally:
        os.close(descriptor)
