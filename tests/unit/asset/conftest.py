"""Other botocores, each installed once a test session into a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest

from cdk_emr_serverless_session._provider.asset import stage_handler

HERE = Path(__file__).parent

Ask = Callable[..., str]


@pytest.fixture(scope="session")
def botocore_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Installs a botocore, ``newest`` or a version, and returns its folder."""

    @cache
    def install(version: str) -> Path:
        folder = tmp_path_factory.mktemp("botocore")
        requirement = "botocore" if version == "newest" else f"botocore=={version}"
        uv = Path(sys.executable).with_name("uv")
        options = ("--quiet", "--python", sys.executable, "--target", str(folder))
        subprocess.run([uv, "pip", "install", *options, requirement], check=True)
        return folder

    return install


@pytest.fixture(scope="session")
def asset(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder of its own: what runs from it may leave compiled modules there."""
    folder = tmp_path_factory.mktemp("asset")
    stage_handler(folder)
    return str(folder)


def ask(program: str, *arguments: str, path: Path | None = None) -> str:
    """Run a program of this folder, with a botocore's folder ahead on the path."""
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(path or ""),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    done = subprocess.run(
        [sys.executable, str(HERE / program), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=HERE.root,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
