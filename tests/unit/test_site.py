"""The site that ``make docs`` builds: every link in it leads to something in it."""

import importlib
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from tools import documentation


class Page(HTMLParser):
    """What a page links to and shows, and what can be linked to in it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.add(value)
            if (tag, name) in {("a", "href"), ("img", "src")} and value:
                self.links.append(value)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, reference included."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    documentation.main(folder)
    return folder


def dead_links(site: Path) -> list[str]:
    """Every link that leads out of the site, to nothing, or to a heading that isn't there."""
    pages = {file.resolve(): Page(file) for file in site.rglob("*.html")}
    assert len(pages) > 20
    dead = []
    for file, page in pages.items():
        for link in page.links:
            if link.startswith(("https://", "data:")):
                continue
            path, _, fragment = link.partition("#")
            target = (file.parent / unquote(path)).resolve() if path else file
            found = target.is_file() and target.is_relative_to(site.resolve())
            if found and fragment:
                found = unquote(fragment) in pages[target].ids
            if not found:
                dead.append(f"{file.relative_to(site.resolve())}: {link}")
    return dead


def test_no_link_is_dead(site: Path) -> None:
    assert dead_links(site) == []


def test_a_dead_link_would_be_seen(site: Path) -> None:
    before = dead_links(site)
    (site / "extra.html").write_text('<a href="nowhere.html">a</a><a href="index.html#no">b</a>')
    try:
        seen = set(dead_links(site)) - set(before)
        assert seen == {"extra.html: nowhere.html", "extra.html: index.html#no"}
    finally:
        (site / "extra.html").unlink()


def test_every_page_and_the_reference_are_in_it(site: Path) -> None:
    guides = documentation.DOCS.rglob("*.md")
    expected = {path.relative_to(documentation.DOCS).with_suffix(".html") for path in guides}
    assert expected <= {path.relative_to(site) for path in site.rglob("*.html")}


@pytest.mark.parametrize("name", documentation.MODULES)
def test_every_public_name_is_in_the_reference(site: Path, name: str) -> None:
    public = set(importlib.import_module(name).__all__)
    assert len(public) > 5
    assert public <= Page(site / documentation.page_of(name)).ids


def test_no_diagram_is_left_as_code(site: Path) -> None:
    assert not [file for file in site.rglob("*.html") if "mermaid" in file.read_text()]
    assert '<img src="architecture.svg"' in (site / "architecture.html").read_text()
