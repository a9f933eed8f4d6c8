"""The asset's bytes, and so its hash, are the same whatever Python synthesizes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import botocore
import pytest

from noxfile import PYTHONS

pytestmark = pytest.mark.slow

UV = Path(sys.executable).with_name("uv")
ROOT = Path(__file__).resolve().parents[3]

STAGE = """
import sys
from pathlib import Path
from cdk_emr_serverless_session._provider.asset import stage_handler

stage_handler(Path(sys.argv[1]))
print("%d.%d" % sys.version_info[:2])
"""


def interpreter(version: str) -> str | None:
    """A Python of this machine, on the ``PATH`` or installed by pyenv or uv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = map(str, sorted(pyenv.glob(f"versions/{version}.*/bin")))
    found = subprocess.run(
        [UV, "python", "find", "--no-python-downloads", "--system", version],
        # pyenv's own commands refuse to run versions that aren't switched on.
        env={**os.environ, "PATH": os.pathsep.join([*folders, os.environ["PATH"]])},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


def digests(folder: Path) -> dict[str, str]:
    """The digest of every file, by its path."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.suffix != ".pyc" and path.is_file()
    }


@pytest.mark.parametrize("version", PYTHONS)
def test_a_python_writes_the_same_asset(version: str, asset: str, tmp_path: Path) -> None:
    python = interpreter(version)
    if python is None:
        pytest.skip(f"Python {version} is not on this machine")
    # The very botocore of this Python, which the model is made from; it is Python alone.
    libraries = Path(botocore.__file__).parents[1]
    done = subprocess.run(
        [python, "-B", "-c", STAGE, tmp_path],
        env={"PYTHONPATH": os.pathsep.join([str(ROOT / "constructs_pkg"), str(libraries)])},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == version
    assert digests(tmp_path) == digests(Path(asset))
    assert len(digests(tmp_path)) > 10
