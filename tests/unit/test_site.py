"""The site of ``make docs`` is whole, has no dead links, and loads nothing from elsewhere."""

import importlib
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from mkdocs.config.defaults import MkDocsConfig

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = {
    "cdk_emr_serverless_session": "api/constructs.html",
    "emr_session": "api/client.html",
}

# Built once.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("site")]


class Page(HTMLParser):
    """What a page loads, and what can be linked to in it."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.feed(file.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name == "src" or (tag == "link" and name == "href"):
                self.loaded.append(value or "")


def build(config: Path, site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "mkdocs", "build", "--strict"),
            *("--config-file", config, "--site-dir", site),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site. A page outside of the navigation, or a dead link, fails the build."""
    folder = tmp_path_factory.mktemp("docs") / "site"
    built = build(ROOT / "mkdocs.yml", folder)
    assert built.returncode == 0, built.stderr
    return folder


def test_a_dead_link_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Home\n\n[a](nowhere.md) [b](#no)\n")
    config = tmp_path / "mkdocs.yml"
    config.write_text(
        f"INHERIT: {ROOT / 'mkdocs.yml'}\ndocs_dir: docs\nhooks: []\nplugins: []\nnav: null\n"
    )
    built = build(config, tmp_path / "site")
    assert built.returncode == 1
    assert "nowhere.md" in built.stderr
    assert "#no" in built.stderr


def test_home_tells_what_the_readme_tells(site: Path) -> None:
    assert "reports connection problems within seconds" in (site / "index.html").read_text()


def test_the_site_links_to_the_repository_when_that_has_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, address = (importlib.import_module(f"tools.{name}") for name in ("pages", "address"))
    for project in address.PROJECTS:
        (tmp_path / project).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / project, tmp_path / project)
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    assert pages.on_config(MkDocsConfig()).repo_url is None

    address.write("https://git.test/owner/name", tmp_path)
    assert pages.on_config(MkDocsConfig()).repo_url == "https://git.test/owner/name/"
    assert [one for one in address.PROJECTS if ".example" in (tmp_path / one).read_text()] == []


def test_no_page_loads_anything_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 20
    loaded = {url for page in pages for url in Page(page).loaded}
    assert sorted(url for url in loaded if "//" in url and not url.startswith("data:")) == []


@pytest.mark.parametrize("name", REFERENCE)
def test_every_public_name_is_in_the_reference(site: Path, name: str) -> None:
    public = {f"{name}.{member}" for member in importlib.import_module(name).__all__}
    assert len(public) > 5
    assert public <= set(Page(site / REFERENCE[name]).ids)


def test_the_reference_opens_with_session(site: Path) -> None:
    page = Page(site / REFERENCE["cdk_emr_serverless_session"])
    names = [id for id in page.ids if id.startswith("cdk_emr_serverless_session.")]
    assert names[0] == "cdk_emr_serverless_session.Session"
