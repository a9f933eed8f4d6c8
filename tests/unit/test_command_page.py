"""The command's manual is up to date with its help."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_command_says_of_itself() -> None:
    spec = importlib.util.spec_from_file_location("docs", ROOT / "tools" / "command_docs.py")
    assert spec is not None
    assert spec.loader is not None
    written = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(written)

    assert written.PAGE.read_text() == written.page(), "run python tools/command_docs.py"
