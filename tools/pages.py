"""Adds pages from outside ``docs/`` to the site, and adapts their links.

MkDocs loads it as a hook. README, changelog and the like stay where forges and the index look for
them, and each example is one page. MkDocs itself takes pages from one folder only.
"""

import ast
import re
import tomllib
from pathlib import Path, PurePosixPath
from posixpath import normpath, relpath
from urllib.parse import urlsplit

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
# Pages of the site, by the file in the repository.
BESIDE = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
# What examples are written in, by the files' suffixes.
LANGUAGES = {".py": "python", ".ts": "typescript", ".yaml": "yaml"}
# Files that pages link to or show.
ASSETS = ("LICENSE", "benchmarks/results/synth.svg", "benchmarks/results/results.json")
# From npm, at the version that package-lock.json pins.
SHIM = ROOT / "node_modules" / "iframe-worker" / "shim" / "index.js"
LINK = re.compile(r"(\]\()([^)#:\s]+)((?:#[^)]*)?\))")
# A part of the README that a forge shows and the site has no use for.
FORGE_ONLY = re.compile(r"<!-- forge only -->.*?<!-- /forge only -->\n*", re.DOTALL)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Link to the repository and its files, once ``make address`` has written where it is."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]
    if not (urlsplit(urls["Source"]).hostname or "").endswith(".example"):
        config.repo_url = f"{urls['Source']}/"
        config.edit_uri = "edit/main/docs/"
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and assets that are not in ``docs/``."""
    for source, uri in BESIDE.items():
        add(files, config, uri, source, (ROOT / source).read_text())
    # The others are shown by a guide.
    for folder in sorted(path for path in (ROOT / "examples").iterdir() if is_told(path)):
        source = f"examples/{folder.name}"
        readme = folder / "README.md"
        add(
            files,
            config,
            f"{source}.md",
            f"{source}/{'README.md' if readme.exists() else 'app.py'}",
            example(folder),
        )
    for source in ASSETS:
        files.append(File.generated(config, source, abs_src_path=str(ROOT / source)))
    files.append(File.generated(config, "assets/iframe-worker.js", abs_src_path=str(SHIM)))
    return files


def add(files: Files, config: MkDocsConfig, uri: str, source: str, content: str) -> None:
    """Add a page whose links are those of a file in the repository."""
    page = File.generated(config, uri, content=linked(content, source, uri))
    # Weakly typed in MkDocs.
    setattr(page, "edit_uri", f"../{source}")  # noqa: B010
    files.append(page)


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead the links of a page in ``docs/`` to what is in the site."""
    del config, files
    if page.is_homepage:
        page.meta["hide"] = ["navigation"]  # It would have one entry: home.
    if page.file.generated_by:
        return markdown
    return linked(markdown, f"docs/{page.file.src_uri}", page.file.src_uri)


def is_told(folder: Path) -> bool:
    """Whether an example says what it is: it has a README or an app."""
    return (folder / "README.md").exists() or (folder / "app.py").exists()


def example(folder: Path) -> str:
    """Return the page of an example: its README or what its app says first, and its code."""
    readme, app = folder / "README.md", folder / "app.py"
    if readme.exists():
        parts = [readme.read_text()]
    else:
        title = folder.name.replace("_", " ").capitalize()
        parts = [f"# {title}\n\n{ast.get_docstring(ast.parse(app.read_text()))}\n"]
    for code in sorted(folder.iterdir()):
        if code.suffix in LANGUAGES:
            # Whoever copies the code gets it without its path.
            title = f'{LANGUAGES[code.suffix]} title="{code.relative_to(ROOT)}"'
            parts.append(f"```{title}\n{code.read_text()}```\n")
    return "\n".join(parts)


def linked(markdown: str, source: str, uri: str) -> str:
    """Lead the links of a file in the repository to the pages of the site."""
    return LINK.sub(
        lambda link: f"{link[1]}{in_site(link[2], source, uri)}{link[3]}",
        FORGE_ONLY.sub("", markdown),
    )


def in_site(link: str, source: str, uri: str) -> str:
    """Return where a link of a file leads from the file's page."""
    target = PurePosixPath(normpath(PurePosixPath(source).parent / link))
    if str(target) in BESIDE:
        page = BESIDE[str(target)]
    elif target.parts[0] == "docs":
        page = str(target.relative_to("docs"))
    elif target.parts[0] == "examples" and len(target.parts) > 1:
        page = f"examples/{target.parts[1]}.md"
    elif str(target) in ASSETS:
        page = str(target)
    else:
        return link  # Not in the site, which --strict reports.
    return relpath(page, str(PurePosixPath(uri).parent))
