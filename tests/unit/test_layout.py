"""CONTRIBUTING's table names the folders that exist, and import-linter knows its packages."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| `([\w/]+)/` \| (.*?) \| .* \|$", re.MULTILINE)
TABLE = dict(ROW.findall((ROOT / "CONTRIBUTING.md").read_text()))
# Where distributions are built from; their packages have rows of their own.
DISTRIBUTIONS = {"constructs_pkg", "lambda", "client_pkg", "local_pkg"}
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def packages_in(folder: Path) -> set[str]:
    """The packages that a folder has directly in it, by name."""
    return {path.parent.name for path in folder.glob("*/__init__.py")}


def test_every_folder_that_the_table_names_exists() -> None:
    assert [name for name in TABLE if not (ROOT / name).is_dir()] == []


def test_every_folder_with_code_is_in_the_table() -> None:
    top = {path.relative_to(ROOT).parts[0] for path in ROOT.glob("[!.]*/**/*.py")}
    top -= {"node_modules", "build", "site"}
    packages = {
        f"{folder}/{name}" for folder in DISTRIBUTIONS for name in packages_in(ROOT / folder)
    }
    tested = {
        f"tests/{path.name}"
        for path in (ROOT / "tests").iterdir()
        if (path / "__init__.py").exists()
    }
    assert top - DISTRIBUTIONS - {"tests"} | packages | tested <= set(TABLE)


def test_every_package_within_a_package_is_named_in_its_row() -> None:
    for name, told in TABLE.items():
        if name.split("/")[0] in DISTRIBUTIONS:
            assert set(re.findall(r"`(\w+)/`", told)) == packages_in(ROOT / name), name


def test_the_contracts_cover_every_package() -> None:
    rows = {name.split("/")[-1] for name in TABLE if name.split("/")[0] in DISTRIBUTIONS}
    rows |= {"acceptance", "testbed", "tests", "demo", "benchmarks"}
    assert set(CONTRACTS["root_packages"]) == rows
