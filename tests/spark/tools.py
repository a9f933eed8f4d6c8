"""Other people's tools in environments of their own, which are kept from run to run."""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from emr_serverless_local.clock import ManualClock

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CLIENT = ROOT / "client_pkg"
LAPSE_SECONDS = 0.1


@dataclass(frozen=True)
class Tool:
    """An example, and the environment that its requirements make."""

    example: Path
    bin: Path

    def run(self, *command: str, folder: Path, environment: dict[str, str]) -> str:
        """Run a program of the environment's; gives what it printed."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=folder,
            env={
                **os.environ,
                # The client of here, and not the one that was installed some time.
                "PYTHONPATH": str(CLIENT),
                "PATH": os.pathsep.join([str(self.bin), os.environ["PATH"]]),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout


def tool(name: str, kept: Path) -> Tool:
    """The environment of an example, made if its requirements aren't those of the one there is.

    Args:
        name: The example's folder.
        kept: Where environments are kept.
    """
    example = EXAMPLES / name
    requirements = example / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    made = kept / f"{name}-{digest}"
    binaries = made / "venv" / "bin"
    if not (made / "complete").exists():
        wanted: list[str | Path] = ["-r", requirements]
        if "emr-session" in requirements.read_text():
            wanted.append(f"emr-session @ {CLIENT.as_uri()}")
        _uv("venv", "--clear", "--python", sys.executable, made / "venv")
        _uv("pip", "install", "--python", binaries / "python", *wanted)
        (made / "complete").touch()
    return Tool(example, binaries)


def _uv(*arguments: str | Path) -> None:
    subprocess.run(
        [Path(sys.executable).parent / "uv", *arguments, "--quiet"],
        env={"UV_SYSTEM_CERTS": "true", **os.environ},
        check=True,
    )


@contextmanager
def hours_passing(clock: ManualClock, speed: float = 600) -> Iterator[None]:
    """Have time pass, for a tool that can't be stopped in the middle.

    Args:
        clock: The clock of the sessions.
        speed: How many seconds to a real one; by default an hour passes every six seconds.
    """
    over = threading.Event()

    def pass_time() -> None:
        while not over.wait(LAPSE_SECONDS):
            clock.advance(speed * LAPSE_SECONDS)

    thread = threading.Thread(target=pass_time)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
