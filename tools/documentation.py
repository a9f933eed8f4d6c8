"""Build ``site/``: the guides of ``docs/`` as HTML, and the API reference from the docstrings."""

import html
import re
import shutil
import subprocess
import sys
from pathlib import Path

from markdown2 import markdown

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
SITE = ROOT / "site"
PACKAGE = "cdk_emr_serverless_session"

# Pages beside docs/ that its pages link to, as they are named in the site.
BESIDE = {"README.md": "readme.html", "CHANGELOG.md": "changes.html"}

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { border: 1px solid #ccc; padding: .3rem .6rem }
td, th { vertical-align: top; text-align: left } pre { background: #f5f5f5; padding: .8rem }
pre { overflow-x: auto } code { font-size: .9em }
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body><p><a href="{up}index.html">Documentation</a> · <a href="{up}api/index.html">API</a></p>
{body}</body></html>
"""


def main(site: Path = SITE) -> None:
    """Build the site anew."""
    shutil.rmtree(site, ignore_errors=True)
    for page in sorted(DOCS.rglob("*.md")):
        write(page, site / page.relative_to(DOCS).with_suffix(".html"), site)
    for name, target in BESIDE.items():
        write(ROOT / name, site / target, site)
    shutil.copytree(
        ROOT / "examples",
        site / "examples",
        ignore=shutil.ignore_patterns("__pycache__", "cdk.out", "outputs.json"),
    )
    reference(site / "api")


def write(page: Path, target: Path, site: Path) -> None:
    """Render one page of Markdown."""
    body = markdown(page.read_text(), extras=["fenced-code-blocks", "header-ids", "tables"])
    body = re.sub(
        r'href="([^":#]+)(#[^"]*)?"',
        lambda link: f'href="{linked(page, link[1], target, site)}{link[2] or ""}"',
        str(body),
    )
    up = "../" * len(target.relative_to(site).parent.parts)
    title = re.sub(r"^# ", "", page.read_text().partition("\n")[0])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(PAGE.format(title=html.escape(title), style=STYLE, up=up, body=body))


def linked(page: Path, link: str, target: Path, site: Path) -> str:
    """Return where a link of a page leads in the site."""
    file = (page.parent / link).resolve()
    if file.is_relative_to(DOCS):
        in_site = site / file.relative_to(DOCS).with_suffix(".html")
    elif file.name in BESIDE and file.parent == ROOT:
        in_site = site / BESIDE[file.name]
    else:
        in_site = site / file.relative_to(ROOT)
    return relative(in_site, target.parent)


def relative(file: Path, folder: Path) -> str:
    """Return the way from a folder to a file."""
    up = 0
    while not file.is_relative_to(folder):
        folder = folder.parent
        up += 1
    return "../" * up + file.relative_to(folder).as_posix()


def reference(target: Path) -> None:
    """Have pdoc build the reference of what users import."""
    subprocess.run(
        [
            *(sys.executable, "-m", "pdoc", "--docformat", "google", "--no-show-source"),
            *("--output-directory", str(target)),
            *(PACKAGE, f"!{PACKAGE}.local"),
        ],
        cwd=ROOT,
        check=True,
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
