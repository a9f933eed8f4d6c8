"""Runs the local AWS in a process of its own."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

# Two seconds each; half a minute where fifteen processes share two cores.
START_SECONDS = 180
STOP_SECONDS = 60


class LocalAwsError(Exception):
    """The local AWS did not start, or did not stop cleanly."""


class LocalAws:
    """The local AWS, from entering the ``with`` block to leaving it.

    Args:
        folder: An existing folder of its own: log, temporary files, the CLI's home.
        session_start_seconds: How long a session stays SUBMITTED and STARTING.
        spark: What runs behind each session: ``apache``, ``sail`` or, by default, nothing.
        options: More options of ``python -m emr_serverless_local``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        session_start_seconds: float = 2.0,
        spark: str | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.folder = folder
        self.log_file = folder / "local-aws.log"
        self.env: dict[str, str] = {}
        self._session_start_seconds = session_start_seconds
        self._spark = spark
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        # boto3's stubs know services by literal names only. One session reads each model once.
        self._boto: Any = boto3.session.Session()
        self._clients: dict[tuple[str, ...], Any] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        exit_code = self.stop()
        if exit_code != 0 and error is None:
            raise LocalAwsError(f"the local AWS ended with {exit_code}:\n{self.log()}")

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        return self.env["AWS_ENDPOINT_URL"]

    @property
    def region(self) -> str:
        """Its region."""
        return self.env["AWS_REGION"]

    def start(self) -> None:
        """Start it and wait until it answers."""
        env_file = self.folder / "local-aws.env"
        temporary = self.folder / "tmp"
        temporary.mkdir(exist_ok=True)
        command = [
            *(sys.executable, "-m", "emr_serverless_local"),
            *("--port", "0"),
            *("--session-start-seconds", str(self._session_start_seconds)),
            *("--env-file", str(env_file)),
            *(["--spark", self._spark] if self._spark else []),
            *self._options,
        ]
        with self.log_file.open("wb") as log:
            # In a session of its own: a ctrl-c is for whoever started it, who stops it.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**environment_without_aws(), "TMPDIR": str(temporary)},
                start_new_session=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while not env_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise LocalAwsError(f"the local AWS did not start:\n{self.log()}")
            time.sleep(0.05)
        self.env = exported(env_file.read_text())

    def stop(self) -> int:
        """Stop it, and return its exit code."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        return self._process.wait()

    def client(self, service: str, **credentials: str) -> Any:
        """A boto3 client of one of its services, made once for the same credentials.

        Args:
            service: The service, as boto3 calls it.
            credentials: As boto3's ``client`` takes them; by default the account's root.
        """
        key = (service, *credentials.values())
        if key not in self._clients:
            root = {
                "aws_access_key_id": self.env["AWS_ACCESS_KEY_ID"],
                "aws_secret_access_key": self.env["AWS_SECRET_ACCESS_KEY"],
            }
            self._clients[key] = self._boto.client(
                service,
                endpoint_url=self.url,
                region_name=self.env["AWS_REGION"],
                config=Config(proxies={}, s3={"addressing_style": "path"}),
                **(credentials or root),
            )
        return self._clients[key]

    def environment(self) -> dict[str, str]:
        """Return the environment of a program that is to use it."""
        return {**environment_without_aws(), **self.env}

    def log(self, last_lines: int = 60) -> str:
        """Return the end of what it wrote."""
        text = self.log_file.read_text(errors="replace") if self.log_file.exists() else ""
        return "\n".join(text.splitlines()[-last_lines:])


def environment_without_aws() -> dict[str, str]:
    """Return this process's environment, less whatever may lead to a real account."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CDK_", "BOTO"))
    }
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    # Without credentials of a user's own: no profile, no shared files.
    kept["AWS_CONFIG_FILE"] = os.devnull
    kept["AWS_SHARED_CREDENTIALS_FILE"] = os.devnull
    kept["AWS_EC2_METADATA_DISABLED"] = "true"
    kept["NO_PROXY"] = kept["no_proxy"] = "127.0.0.1,localhost"
    return kept


def exported(text: str) -> dict[str, str]:
    """Read lines of ``export NAME=value``, quoted as for a shell."""
    words = (shlex.split(line) for line in text.splitlines() if line.startswith("export "))
    return dict(line[1].split("=", 1) for line in words)
