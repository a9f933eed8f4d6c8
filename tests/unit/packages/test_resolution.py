"""Each distribution resolves from wheels on every Python and platform that it is for.

What is not on a machine of its kind can't be installed here, but it can be resolved: pip would
build from source where a wheel is missing, which takes a compiler and minutes.
"""

import importlib.metadata
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UV = Path(sys.executable).parent / "uv"
PROJECTS = {"constructs": ".", "client": "client_pkg", "local": "local_pkg"}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = ("x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc")
# Pure Python, and published as sources alone.
SOURCES_ALONE = ("pyspark", "pyspark-client")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """uv's configuration: what the installed PySpark requires.

    uv would unpack and build 1.3 GB of sources for each look at it.
    """
    installed = importlib.metadata.metadata("pyspark")
    path: Path = tmp_path_factory.mktemp("uv") / "uv.toml"
    path.write_text(
        f"""
[[dependency-metadata]]
name = "pyspark"
version = {json.dumps(installed["Version"])}
requires-dist = {json.dumps(installed.get_all("Requires-Dist"))}
provides-extra = {json.dumps(installed.get_all("Provides-Extra"))}
"""
    )
    return path


def extras(folder: str) -> list[str]:
    """The extras of a distribution."""
    project = tomllib.loads((ROOT / folder / "pyproject.toml").read_text())["project"]
    return list(project.get("optional-dependencies", {}))


# What all extras together resolve to is good for each alone, and for none.
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("folder", PROJECTS.values(), ids=PROJECTS)
def test_it_resolves_from_wheels(
    folder: str, python: str, platform: str, configuration: Path, tmp_path: Path
) -> None:
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("pyspark==4.1.1\npyspark-client==4.1.1\n")
    command: list[str | Path] = [
        *(UV, "pip", "compile", "--quiet", "--python", sys.executable),
        *("--config-file", configuration),
        *("--python-version", python, "--python-platform", platform),
        *("--only-binary", ":all:"),
        *(word for name in SOURCES_ALONE for word in ("--no-binary", name)),
        *("--constraint", constraints, "--output-file", tmp_path / "resolved.txt"),
        *(word for extra in extras(folder) for word in ("--extra", extra)),
        ROOT / folder / "pyproject.toml",
    ]

    done = subprocess.run(
        command,
        env={"UV_SYSTEM_CERTS": "true", **os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
