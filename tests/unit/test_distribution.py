"""The wheel and sdist of each distribution contain exactly the right files."""

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from email.message import Message
from email.parser import Parser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
ENVIRONMENT = {"UV_SYSTEM_CERTS": "true", **os.environ}

# Built once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distribution")]


@dataclass(frozen=True)
class Distribution:
    """A distribution in the repository."""

    name: str
    folder: str
    # Where the wheel has what: its folder, by the folder in the repository.
    contents: dict[str, str]

    @property
    def project(self) -> dict[str, Any]:
        text = (ROOT / self.folder / "pyproject.toml").read_text()
        return dict(tomllib.loads(text)["project"])


DISTRIBUTIONS = [
    Distribution(
        "cdk-emr-serverless-session",
        ".",
        {
            "constructs_pkg/cdk_emr_serverless_session": "cdk_emr_serverless_session",
            "lambda/session_handler": "cdk_emr_serverless_session/_lambda/session_handler",
        },
    ),
    Distribution("emr-session", "client_pkg", {"client_pkg/emr_session": "emr_session"}),
    Distribution(
        "emr-serverless-local",
        "local_pkg",
        {"local_pkg/emr_serverless_local": "emr_serverless_local"},
    ),
]
each = pytest.mark.parametrize("distribution", DISTRIBUTIONS, ids=lambda one: one.name)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all wheels and sdists."""
    folder = tmp_path_factory.mktemp("dist")
    for distribution in DISTRIBUTIONS:
        subprocess.run(
            [BIN / "uv", "build", "--quiet", "--out-dir", folder, ROOT / distribution.folder],
            env=ENVIRONMENT,
            check=True,
        )
    return folder


def wheel_of(built: Path, distribution: Distribution) -> zipfile.ZipFile:
    (file,) = built.glob(f"{distribution.name.replace('-', '_')}-*.whl")
    return zipfile.ZipFile(file)


def metadata_of(built: Path, distribution: Distribution) -> Message:
    wheel = wheel_of(built, distribution)
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


@each
def test_the_wheel_has_its_package_and_types_alone(built: Path, distribution: Distribution) -> None:
    wheel = wheel_of(built, distribution)
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    expected = {
        f"{target}/{path.relative_to(ROOT / source).as_posix()}"
        for source, target in distribution.contents.items()
        for path in (ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == expected
    assert any(name.endswith("/py.typed") for name in names)


@each
def test_the_wheel_says_what_the_project_says(built: Path, distribution: Distribution) -> None:
    metadata, project = metadata_of(built, distribution), distribution.project
    assert metadata["Version"] == project["version"]
    assert metadata["Requires-Python"] == project["requires-python"]
    assert metadata["License-Expression"] == "Apache-2.0"
    extras = project.get("optional-dependencies", {})
    assert sorted(metadata.get_all("Provides-Extra", [])) == sorted(extras)
    urls = {url.partition(",")[0] for url in metadata.get_all("Project-URL", [])}
    assert {"Source", "Documentation", "Changelog", "Issues"} <= urls


@each
def test_the_sdist_is_enough_to_build_from(built: Path, distribution: Distribution) -> None:
    (file,) = built.glob(f"{distribution.name.replace('-', '_')}-*.tar.gz")
    with tarfile.open(file) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO"}
    assert needed <= names
    folder = "" if distribution.folder == "." else f"{distribution.folder}/"
    sources = {source.removeprefix(folder).partition("/")[0] for source in distribution.contents}
    beside = {name.partition("/")[0] for name in names} - needed - {".gitignore", "CHANGELOG.md"}
    assert beside == sources
    assert not [name for name in names if "__pycache__" in name]


def test_versions_move_together() -> None:
    assert len({distribution.project["version"] for distribution in DISTRIBUTIONS}) == 1


def test_the_version_is_written_in_the_projects_alone() -> None:
    version = DISTRIBUTIONS[0].project["version"]
    folders = [ROOT / source for one in DISTRIBUTIONS for source in one.contents]
    written = [
        path for folder in folders for path in folder.rglob("*.py") if version in path.read_text()
    ]
    assert written == []


def test_twine_finds_nothing_wrong(built: Path) -> None:
    subprocess.run(
        [BIN / "twine", "check", "--strict", *built.glob("*.whl"), *built.glob("*.tar.gz")],
        check=True,
    )
