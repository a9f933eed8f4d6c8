"""Runs the examples of other tools, here or in an environment that is kept between runs.

The environment is for the tools whose dependencies don't fit the project's own.
"""

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emr_serverless_local.clock import ManualClock

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
CLIENT = ROOT / "client_pkg"
# What isn't installed beside the project.
APART = ("airflow", "dbt")
HERE = Path(sys.executable).parent
# Where Jupyter and IPython keep files, in the user's home otherwise.
JUPYTER_FOLDERS = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
LAPSE_SECONDS = 0.1


def run(
    *command: str | Path, folder: Path, environment: dict[str, str], programs: Path = HERE
) -> str:
    """Run a program; gives what it printed.

    Args:
        command: The program's name, and its arguments.
        folder: Where to run it.
        environment: What to add to this process's environment.
        programs: The folder with the program.
    """
    done = subprocess.run(
        [programs / command[0], *command[1:]],
        cwd=folder,
        env={
            **os.environ,
            # The client of here, and not one that was installed some time.
            "PYTHONPATH": str(CLIENT),
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def programs_apart(kept: Path) -> Path:
    """The programs of dbt and Airflow; made once for the requirements that the examples have.

    Args:
        kept: Where environments are kept.
    """
    requirements = [EXAMPLES / name / "requirements.txt" for name in APART]
    asked = b"".join(file.read_bytes() for file in requirements)
    made = kept / hashlib.sha256(asked).hexdigest()[:12]
    programs = made / "venv" / "bin"
    if not (made / "complete").exists():
        wanted = [word for file in requirements for word in ("-r", file)]
        _uv("venv", "--clear", "--python", sys.executable, made / "venv")
        _uv(
            *("pip", "install", "--compile-bytecode", "--python", programs / "python"),
            *(*wanted, f"emr-session @ {CLIENT.as_uri()}"),
        )
        (made / "complete").touch()
    return programs


def _uv(*arguments: str | Path) -> None:
    subprocess.run(
        [HERE / "uv", *arguments, "--quiet"],
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
