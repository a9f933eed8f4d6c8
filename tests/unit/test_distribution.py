"""What is uploaded: wheel and sdist, with everything that belongs in them and nothing else."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "cdk_emr_serverless_session"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.xdist_group("distribution")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    environment = {"UV_SYSTEM_CERTS": "true", **os.environ}
    subprocess.run(
        [BIN / "uv", "build", "--quiet", "--out-dir", folder, ROOT], env=environment, check=True
    )
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> zipfile.ZipFile:
    (file,) = built.glob("*.whl")
    return zipfile.ZipFile(file)


def sources(folder: Path) -> set[str]:
    """The Python files of a folder, by their path in it."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def test_the_wheel_has_constructs_handler_and_types_alone(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    constructs = {f"{PACKAGE}/{name}" for name in sources(ROOT / "constructs_pkg" / PACKAGE)}
    handler = {
        f"{PACKAGE}/_lambda/session_handler/{name}"
        for name in sources(ROOT / "lambda" / "session_handler")
    }
    assert names == constructs | handler | {f"{PACKAGE}/py.typed"}


def test_the_wheel_says_what_the_project_says(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert metadata["Version"] == PROJECT["version"]
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert metadata["License-Expression"] == "Apache-2.0"
    assert sorted(metadata.get_all("Provides-Extra", [])) == sorted(
        PROJECT["optional-dependencies"]
    )


def test_the_version_is_written_in_one_place() -> None:
    version = PROJECT["version"]
    folders = (ROOT / "constructs_pkg", ROOT / "lambda")
    written = [
        path for folder in folders for path in folder.rglob("*.py") if version in path.read_text()
    ]
    assert written == []


def test_the_sdist_is_enough_to_build_from(built: Path) -> None:
    (file,) = built.glob("*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "PKG-INFO"}
    assert needed <= names
    beside = {name.partition("/")[0] for name in names} - needed
    assert beside <= {"constructs_pkg", "lambda", ".gitignore"}
    assert not [name for name in names if "__pycache__" in name]


def test_twine_has_nothing_to_say(built: Path) -> None:
    subprocess.run(
        [BIN / "twine", "check", "--strict", *built.glob("*.whl"), *built.glob("*.tar.gz")],
        check=True,
    )
