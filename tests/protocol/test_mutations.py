"""Each lifecycle rule is proven: a handler that breaks it fails the test that is named."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .mutations import MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]
HANDLER = ROOT / "lambda" / "session_handler"


def test_every_rule_has_a_mutation() -> None:
    assert [mutation.rule for mutation in MUTATIONS] == list(range(1, 19))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"rule {m.rule}: {m.broken}")
def test_a_broken_rule_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    copy = tmp_path / "lambda" / HANDLER.name
    shutil.copytree(HANDLER, copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = (copy / mutation.file).read_text()
    assert source.count(mutation.old) == 1, "the handler has changed: change the mutation too"
    (copy / mutation.file).write_text(source.replace(mutation.old, mutation.new))
    test = Path(__file__).parent / mutation.test.split("::")[0]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"),
            *("-o", f"pythonpath={copy.parent}", f"{test}::{mutation.test.split('::')[1]}"),
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    # The rule's own assertion, and not a handler that crashes.
    assert re.search(r"^E +(AssertionError|assert )", run.stdout, re.MULTILINE), run.stdout
