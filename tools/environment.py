"""Build the development environment: ``.venv`` and ``node_modules``.

Runs on any Python from 3.11 with nothing installed. Each part is built again
only when what it is made from has changed, which its stamp file remembers;
a lock keeps two builds of one clone apart.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
NODE_MODULES = ROOT / "node_modules"
UV = "uv==0.13.9"
# The distributions, by their folders: constructs, client, local AWS.
PACKAGES = (".", "client_pkg", "local_pkg")


def main() -> None:
    """Bring both parts up to date."""
    if sys.version_info < (3, 11):  # noqa: UP036 (it runs on whatever python3 is)
        sys.exit(f"Python 3.11 or later is needed, this is {sys.version.split()[0]}: PYTHON=…")
    with (ROOT / "requirements-dev.txt").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        build(
            "Python packages",
            VENV / "stamp",
            digest(python, UV, "requirements-dev.txt", *(f"{p}/pyproject.toml" for p in PACKAGES)),
            build_venv,
        )
        build(
            "CDK CLI",
            NODE_MODULES / ".stamp",
            digest("package.json", "package-lock.json"),
            build_node_modules,
        )


def digest(*parts: str) -> str:
    """Digest words, and the content of those that name a file."""
    total = hashlib.sha256()
    for part in parts:
        file = ROOT / part
        total.update(file.read_bytes() if file.is_file() else part.encode())
    return total.hexdigest()


def build(name: str, stamp: Path, wanted: str, steps: Callable[[], None]) -> None:
    """Run the steps unless the stamp says that they ran on the same inputs."""
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    started = time.monotonic()
    print(f"environment: {name} …", flush=True)
    stamp.unlink(missing_ok=True)
    steps()
    stamp.write_text(wanted)
    print(f"environment: {name} ready ({time.monotonic() - started:.1f} s)", flush=True)


def build_venv() -> None:
    """Make the virtual environment what requirements-dev.txt says."""
    python = VENV / "bin" / "python"
    version = f"version = {sys.version_info.major}.{sys.version_info.minor}."
    settings = VENV / "pyvenv.cfg"
    if not (settings.is_file() and version in settings.read_text() and python.exists()):
        shutil.rmtree(VENV, ignore_errors=True)
        run(sys.executable, "-m", "venv", str(VENV))
    run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", UV)
    uv = str(VENV / "bin" / "uv")
    compiled = ("--quiet", "--compile-bytecode")
    run(uv, "pip", "sync", *compiled, "--require-hashes", "requirements-dev.txt")
    packages = [word for package in PACKAGES for word in ("--editable", package)]
    run(uv, "pip", "install", "--quiet", "--no-deps", *packages)


def build_node_modules() -> None:
    """Install the CDK CLI that package-lock.json names, with the Node of .venv."""
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


def run(*command: str) -> None:
    """Run a command in the project's folder and in the virtual environment."""
    environment = {
        # The machine's own certificates, as pip takes them: companies bring theirs.
        "UV_SYSTEM_CERTS": "true",
        "NODE_USE_SYSTEM_CA": "1",
        **os.environ,
        "VIRTUAL_ENV": str(VENV),
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}",
    }
    for name in ("PYTHONHOME", "PYTHONDONTWRITEBYTECODE"):
        environment.pop(name, None)
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


if __name__ == "__main__":
    main()
