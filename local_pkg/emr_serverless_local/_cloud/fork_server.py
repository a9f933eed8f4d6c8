"""A process that has imported botocore, and forks processes for Python functions.

Importing botocore is more than half of a function's cold start, and 27 sessions of a stack are 27
functions at once on the cores of a laptop. ``warm_workers`` starts this and hands it each process
that MiniStack wants: what it is to run, where, with which environment, and its three streams.

Not for functions that bring a botocore of their own: they start as usual.
"""

import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import sys
import time
import traceback
from pathlib import Path

# What an archive may have in another version than what is imported here.
_IMPORTED = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "urllib3")
# As in warm_workers.
_LENGTH = struct.Struct("!I")


class ForkServer:
    """Takes requests on a socket, until standard input ends: with whoever started it."""

    def __init__(self, listener: socket.socket) -> None:
        """Takes a listening Unix socket."""
        self._listener = listener
        self._python_path = os.environ.get("PYTHONPATH")
        # Who waits for each child's end.
        self._waiting: dict[int, socket.socket] = {}

    def serve(self) -> None:
        """Fork for each request, and say to whoever asked when the child is over."""
        reader, writer = socket.socketpair()
        writer.setblocking(False)
        signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        self._selector = selectors.DefaultSelector()
        for file in (self._listener, sys.stdin, reader):
            self._selector.register(file, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._fork(self._listener.accept()[0])
                elif key.fileobj is reader:
                    reader.recv(1024)
                    self._reap()
                elif key.fileobj is sys.stdin:
                    for pid in self._waiting:
                        os.kill(pid, signal.SIGKILL)
                    for pid in self._waiting:
                        os.waitpid(pid, 0)
                    return
                elif key.data in self._waiting:  # nobody waits any more
                    os.kill(key.data, signal.SIGKILL)
                    self._selector.unregister(key.fileobj)

    def _fork(self, asking: socket.socket) -> None:
        header, streams, _, _ = socket.recv_fds(asking, _LENGTH.size, 3)
        if len(streams) != 3:  # it has gone again
            asking.close()
            return
        (length,) = _LENGTH.unpack(header)
        content = b""
        while len(content) < length and (more := asking.recv(length - len(content))):
            content += more
        if len(content) < length:  # it has gone meanwhile
            for stream in streams:
                os.close(stream)
            asking.close()
            return
        pid = os.fork()
        if pid == 0:
            self._become(streams, *json.loads(content))
        for stream in streams:
            os.close(stream)
        self._waiting[pid] = asking
        self._selector.register(asking, selectors.EVENT_READ, pid)

    def _reap(self) -> None:
        while self._waiting:
            pid, _ = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            asking = self._waiting.pop(pid)
            if asking.fileno() in self._selector.get_map():
                self._selector.unregister(asking)
            asking.close()

    def _become(
        self, streams: list[int], script: str, folder: str, environment: dict[str, str]
    ) -> None:
        """Be the process that was asked for; doesn't return."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for target, stream in enumerate(streams):
            os.dup2(stream, target)
        os.closerange(3, 1024)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        time.tzset()
        if self._is_its_own(Path(folder)):
            os.execv(sys.executable, [sys.executable, script])
        sys.stdin, sys.stdout, sys.stderr = (
            open(0, closefd=False),  # noqa: SIM115 - as long as the process
            open(1, "w", buffering=1, closefd=False),  # noqa: SIM115
            open(2, "w", buffering=1, closefd=False, errors="backslashreplace"),  # noqa: SIM115
        )
        sys.argv = [script]
        sys.path[0] = str(Path(script).parent)
        code = 0
        try:
            runpy.run_path(script, run_name="__main__")
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:  # noqa: BLE001 - as an interpreter ends
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        os._exit(code)

    def _is_its_own(self, folder: Path) -> bool:
        """Whether a function may have other modules than those that are imported here."""
        return (
            os.environ.get("PYTHONPATH") != self._python_path
            or bool(os.environ.get("_LAMBDA_LAYERS_DIRS"))
            or any((folder / name).exists() for name in _IMPORTED)
        )


def main() -> None:
    """Import what functions import, and serve on the socket that was inherited."""
    importlib.import_module("botocore.session")
    gc.collect()
    gc.freeze()
    sys.path.insert(0, "")
    ForkServer(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
