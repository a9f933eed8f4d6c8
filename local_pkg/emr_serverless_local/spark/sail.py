"""Sail behind a session: Spark's protocol without a JVM (extra ``sail``)."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

SCRIPT = Path(__file__).with_name("sail_process.py")


class SailServer:
    """A Spark Connect server of pysail's, without TLS or tokens.

    Args:
        spark_defaults: The session's Spark configuration, which pysail has no use for.
        script: What the process runs; it says its port in its first line.
        python: The Python that runs it, which has pysail.
    """

    secret = None
    dashboard = None

    def __init__(
        self,
        spark_defaults: Mapping[str, str],  # noqa: ARG002
        script: Path = SCRIPT,
        python: str = sys.executable,
    ) -> None:
        self.port: int | None = None
        self._said = threading.Event()
        self._process = subprocess.Popen(
            # -P: the modules beside the script aren't meant by their short names.
            [python, "-P", str(script)],
            # Its end is the process's end: it comes with the local AWS's, however that goes.
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
        """Why it has ended by itself, if it has."""
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
