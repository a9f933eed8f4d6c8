"""Builds a distribution's wheel, and installs it into an environment that has nothing else."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
UV = Path(sys.executable).with_name("uv")


def uv(*arguments: str | Path) -> None:
    environment = {"UV_SYSTEM_CERTS": "true", **os.environ}
    subprocess.run([UV, *arguments, "--quiet"], env=environment, check=True)


def built_wheel(project: str, folder: Path) -> Path:
    """The wheel of the project in a folder of the repository."""
    uv("build", "--wheel", "--out-dir", folder, ROOT / project)
    (wheel,) = folder.glob("*.whl")
    return wheel


def programs_with(folder: Path, *requirements: str | Path) -> Path:
    """The programs of a new environment that has the requirements, and nothing else."""
    uv("venv", "--python", sys.executable, folder)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    uv("pip", "install", "--python", programs / "python", *requirements)
    return programs


def without_sources(environment: dict[str, str]) -> dict[str, str]:
    """The environment without the path of this repository's sources."""
    return {name: value for name, value in environment.items() if name != "PYTHONPATH"}
