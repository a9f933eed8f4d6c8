"""Write the repository's public address into the metadata of the three distributions.

``make address ADDRESS=https://github.com/OWNER/NAME``, before the first release or after a move.
The site takes the address from there. Runs on any Python from 3.11 with nothing installed.
"""

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROJECTS = ("pyproject.toml", "client_pkg/pyproject.toml", "local_pkg/pyproject.toml")
ADDRESS = re.compile(r"https://[\w.-]+/[\w./-]*\w")


def current(root: Path = ROOT) -> str:
    """The address as it is written now, which may be the placeholder."""
    urls = tomllib.loads((root / PROJECTS[0]).read_text())["project"]["urls"]
    return str(urls["Source"])


def write(address: str, root: Path = ROOT) -> None:
    """Put an address in place of the current one.

    Raises:
        ValueError: The address is no https address, or ends in a slash or ``.git``.
    """
    if not ADDRESS.fullmatch(address) or address.endswith(".git"):
        raise ValueError(f"{address!r}: write https://HOST/OWNER/NAME, without a slash or .git")
    before = current(root)
    for project in PROJECTS:
        file = root / project
        file.write_text(file.read_text().replace(before, address))


if __name__ == "__main__":
    try:
        write(sys.argv[1])
    except (IndexError, ValueError) as error:
        sys.exit(f"ADDRESS: {error}")
