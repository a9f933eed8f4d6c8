"""What README and docs show works, and what they link to is there."""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.documentation import MODULES

from cdk_emr_serverless_session import grants, provider
from cdk_emr_serverless_session._checks import application, findings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
]


def apps(page: Path) -> list[str]:
    """Return the blocks of a page that are whole apps: Python, where ``py`` is a piece of it."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def blocks(page: Path) -> list[str]:
    """Return all blocks of a page that are Python, apps or not."""
    found = re.findall(r"^```(?:python|py)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    return [str(block) for block in found]


def anchor(heading: str) -> str:
    """Return the fragment that a heading is linked by."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [page for page in PAGES if apps(page)], ids=lambda page: page.name)
def test_apps_that_are_shown_synthesize(page: Path, tmp_path: Path) -> None:
    for number, code in enumerate(apps(page)):
        app, assembly = tmp_path / f"app{number}.py", tmp_path / f"assembly{number}"
        app.write_text(code)
        # In a process of its own: an app takes its output folder from where it runs.
        subprocess.run(
            [sys.executable, app],
            cwd=tmp_path,
            env={**os.environ, "CDK_OUTDIR": str(assembly)},
            check=True,
        )
        resources = {
            resource["Type"]
            for template in assembly.glob("*.template.json")
            for resource in json.loads(template.read_text())["Resources"].values()
        }
        assert resources, f"no app: {code[:80]}"


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page)], ids=lambda page: page.name
)
def test_python_that_is_shown_compiles(page: Path) -> None:
    for code in blocks(page):
        compile(code, page.name, "exec")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        file, _, fragment = target.partition("#")
        linked = page.parent / file if file else page
        assert linked.exists(), target
        if not fragment:
            continue
        headings = re.findall(r"^#+ (.+)$", linked.read_text(), re.MULTILINE)
        assert fragment in map(anchor, headings), target


def test_every_finding_that_can_be_acknowledged_is_explained() -> None:
    prefix = findings.ID_PREFIX
    ids = {
        value.removeprefix(prefix)
        for module in (application, grants, provider)
        for value in vars(module).values()
        if isinstance(value, str) and value.startswith(prefix) and value != prefix
    }
    guide = (ROOT / "docs" / "guides" / "declare.md").read_text()
    explained = re.findall(r"^\| `(\w+)` \| (?:error|warning) \|", guide, re.MULTILINE)
    assert sorted(explained) == sorted(ids)


def public(module: str) -> Iterator[tuple[str, object]]:
    """Return what a module offers: its names, and the members that its own classes have."""
    for name in importlib.import_module(module).__all__:
        offered = getattr(importlib.import_module(module), name)
        yield name, offered
        if inspect.isclass(offered):
            for member, value in vars(offered).items():
                if not member.startswith("_") and (callable(value) or is_wrapped(value)):
                    yield f"{name}.{member}", value


def is_wrapped(value: object) -> bool:
    """Return whether a class has it as a property or a method of its own."""
    return isinstance(value, (property, classmethod, staticmethod))


def unexplained(name: str, offered: object) -> list[str]:
    """Return the arguments that a docstring doesn't name, or the name if there is none."""
    function = getattr(offered, "__func__", offered)
    text = inspect.getdoc(function) or ""
    if inspect.isclass(offered):
        function = offered.__init__
        text += "\n" + (inspect.getdoc(function) or "")
    if not text.strip():
        return [name]
    arguments = inspect.signature(function).parameters if inspect.isfunction(function) else ()
    return [
        f"{name}: {argument}"
        for argument in arguments
        if argument not in ("self", "cls", "args", "kwargs")
        and not re.search(rf"^ *{argument}: \S", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("module", MODULES)
def test_every_public_name_and_argument_is_explained(module: str) -> None:
    missing = [line for name, offered in public(module) for line in unexplained(name, offered)]
    assert missing == []


def test_the_figures_that_are_shown_are_those_that_were_measured() -> None:
    measured = (ROOT / "benchmarks" / "results" / "results.txt").read_text()
    assert f"```text\n{measured.strip()}\n```\n" in (ROOT / "docs" / "performance.md").read_text()
