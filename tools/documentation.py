"""Build ``site/``: the guides of ``docs/`` as HTML, and the API reference from the docstrings.

What the pages link to is in the site as well: Markdown as HTML, everything else as it is, and a
list of its files for a folder. A test follows every link of the site.
"""

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
# What users import: the constructs, and the client.
MODULES = ("cdk_emr_serverless_session", "emr_session")

# Pages and folders beside docs/ that its pages link to, as they are named in the site.
BESIDE = {
    "README.md": "readme.html",
    "CHANGELOG.md": "changes.html",
    "CONTRIBUTING.md": "contributing.html",
}
FOLDERS = ("examples", "benchmarks/results")
LEFT_OUT = shutil.ignore_patterns("__pycache__", "cdk.out", "outputs.json")

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { border: 1px solid #ccc; padding: .3rem .6rem }
td, th { vertical-align: top; text-align: left } pre { background: #f5f5f5; padding: .8rem }
pre { overflow-x: auto } code { font-size: .9em }
img { max-width: 100% }
"""

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{style}</style></head>
<body><p><a href="{up}index.html">Documentation</a> · API of
<a href="{up}{constructs}">constructs</a> and <a href="{up}{client}">client</a></p>
{body}</body></html>
"""


def main(site: Path = SITE) -> None:
    """Build the site anew."""
    shutil.rmtree(site, ignore_errors=True)
    shutil.copytree(DOCS, site)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, site / folder, ignore=LEFT_OUT)
        write_list(site / folder, site)
    for copy in sorted(site.rglob("*.md")):
        write(source_of(copy, site), copy.with_suffix(".html"), site)
        copy.unlink()
    for name, target in BESIDE.items():
        write(ROOT / name, site / target, site)
    reference(site / "api")


def source_of(copy: Path, site: Path) -> Path:
    """Return the file that a copy in the site is of."""
    path = copy.relative_to(site)
    return (DOCS if (DOCS / path).exists() else ROOT) / path


def write_list(folder: Path, site: Path) -> None:
    """Write the page that a link to a folder leads to: its files."""
    files = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    items = "".join(
        f'<li><a href="{name}">{name}</a></li>'
        for name in (
            str(path.with_suffix(".html") if path.suffix == ".md" else path) for path in files
        )
    )
    write_page(folder / "index.html", folder.name, f"<ul>{items}</ul>", site)


def write(page: Path, target: Path, site: Path) -> None:
    """Render one page of Markdown."""
    body = markdown(page.read_text(), extras=["fenced-code-blocks", "header-ids", "tables"])
    body = re.sub(
        r'(href|src)="([^":#]+)(#[^"]*)?"',
        lambda link: f'{link[1]}="{linked(page, link[2], target, site)}{link[3] or ""}"',
        str(body),
    )
    title = re.sub(r"^# ", "", page.read_text().partition("\n")[0])
    write_page(target, title, body, site)


def write_page(target: Path, title: str, body: str, site: Path) -> None:
    """Write a page of the site, with the way back."""
    up = "../" * len(target.relative_to(site).parent.parts)
    constructs, client = map(page_of, MODULES)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(
        PAGE.format(
            title=html.escape(title),
            style=STYLE,
            up=up,
            constructs=constructs,
            client=client,
            body=body,
        )
    )


def page_of(module: str) -> str:
    """Return where pdoc has the reference of a module, in the site."""
    return f"api/{module.replace('.', '/')}.html"


def linked(page: Path, link: str, target: Path, site: Path) -> str:
    """Return where a link of a page leads in the site."""
    file = (page.parent / link).resolve()
    if file.parent == ROOT and file.name in BESIDE:
        in_site = site / BESIDE[file.name]
    else:
        in_site = site / file.relative_to(DOCS if file.is_relative_to(DOCS) else ROOT)
        if file.is_dir():
            in_site /= "index.html"
        elif file.suffix == ".md":
            in_site = in_site.with_suffix(".html")
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
            *MODULES,
        ],
        cwd=ROOT,
        check=True,
    )


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
