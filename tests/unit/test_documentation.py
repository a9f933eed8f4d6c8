"""Docs and docstrings match the code. ``conftest.py`` runs their code blocks."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cdk_emr_serverless_session

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md") for path in ROOT.glob(pattern)
)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
MODULES = ("cdk_emr_serverless_session", "emr_session")
FINDING = re.compile(r"cdk-emr-serverless-session:(\w+)")


def findings() -> set[str]:
    """The ids of all findings of the constructs, which are constants of their modules."""
    package = cdk_emr_serverless_session
    modules = [
        importlib.import_module(module.name)
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if "._lambda" not in module.name
    ]
    constants = [value for module in modules for value in vars(module).values()]
    return {
        found[1]
        for value in constants
        if isinstance(value, str) and (found := FINDING.fullmatch(value))
    }


def test_every_finding_that_can_be_acknowledged_is_explained() -> None:
    guide = (ROOT / "docs" / "guides" / "declare.md").read_text()
    explained = re.findall(r"^\| `(\w+)` \| (?:error|warning) \|", guide, re.MULTILINE)
    assert sorted(explained) == sorted(findings())


def test_the_messages_of_the_cli_are_in_its_code() -> None:
    guide = (ROOT / "docs" / "guides" / "troubleshooting.md").read_text()
    messages = re.findall(r"`((?:Stack is in a paused|Change includes)[^`]*)`", guide)
    assert len(messages) == 3
    said = (ROOT / "node_modules" / "aws-cdk" / "lib" / "index.js").read_text()
    for message in messages:
        assert all(part in said for part in message.split("…")), message


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


def anchors(page: Path) -> set[str]:
    """The anchors that a forge gives a page's headings: MkDocs makes others of some."""
    headings = HEADING.findall(page.read_text())
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_on_a_forge_too(page: Path) -> None:
    for link, anchor in LINK.findall(page.read_text()):
        target = (page.parent / link).resolve() if link else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), f"{link}#{anchor}"
