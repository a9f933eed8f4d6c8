"""The process behind a session: ``connect_server`` as seen from the local AWS."""

import subprocess
import sys
import threading
from pathlib import Path

SCRIPT = Path(__file__).with_name("connect_server.py")


class SparkServer:
    """A Spark Connect server on loopback, without TLS or tokens, in a process of its own.

    Args:
        script: What the process runs; it says its port in its first line.
    """

    def __init__(self, script: Path = SCRIPT) -> None:
        self.port: int | None = None
        self._said = threading.Event()
        self._process = subprocess.Popen(
            # -P: the modules beside the script aren't meant by their short names.
            [sys.executable, "-P", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # A ctrl-c is for the local AWS, which ends this.
            process_group=0,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def failure(self) -> str | None:
        """Why it isn't there, if it has ended."""
        code = self._process.poll()
        return None if code is None else f"The Spark Connect server ended with {code}."

    def wait(self, seconds: float) -> None:
        """Wait until it takes calls or has ended; raises TimeoutError."""
        if not self._said.wait(seconds):
            raise TimeoutError(f"the Spark Connect server isn't up after {seconds} s")

    def kill(self) -> None:
        """End it at once. There is nothing in it to be saved."""
        self._process.kill()
        self._process.wait()

    def _listen(self) -> None:
        with self._process.stdout as output:  # type: ignore[union-attr]
            line = output.readline()
            if line:
                self.port = int(line)
            else:
                self._process.wait()
            self._said.set()
            # Whatever it prints later is nobody's, and must not fill the pipe.
            for _ in output:
                pass
