"""Run the code that README and docs show, and say what every test runs with.

A block marked ``python`` is a whole app: it has to synthesize resources, in a process of its own.
A block marked ``py`` is a piece of one: it has to compile.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sybil import Example, Sybil
from sybil.parsers.markdown import CodeBlockParser

# jsii looks for Node on the PATH; the one of the virtual environment is meant.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])

# The template validator takes five seconds of every synth; one test switches it on.
os.environ.setdefault("CDK_VALIDATION", "false")

# Whoever forbids bytecode makes every process that a test starts compile what it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell has what it starts in the background ignore Ctrl-C, which tests send to programs.
signal.signal(signal.SIGINT, signal.default_int_handler)


def synthesize(example: Example) -> str | None:
    """Run a block as an app, and say what is wrong if it declares no resources."""
    with tempfile.TemporaryDirectory() as folder:
        app, assembly = Path(folder, "app.py"), Path(folder, "cdk.out")
        app.write_text(example.parsed)
        run = subprocess.run(
            [sys.executable, app],
            cwd=folder,
            env={**os.environ, "CDK_OUTDIR": str(assembly)},
            capture_output=True,
            text=True,
            check=False,
        )
        if run.returncode != 0:
            return run.stderr
        templates = [json.loads(path.read_text()) for path in assembly.glob("*.template.json")]
        if any(template.get("Resources") for template in templates):
            return None
        return "the app declares no resources: mark a block that is no app as py"


def compile_piece(example: Example) -> None:
    """Compile a block."""
    compile(example.parsed, example.path, "exec")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[Any]) -> None:
    """Keep the groups of xdist 3.8: it writes them into a field that pytest 9.2 doesn't read."""
    for item in items:
        grouped = getattr(item, "_nodeid", item.nodeid)
        if grouped != item.nodeid:
            item._id = type(item._id).parse(grouped)


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser(language="python", evaluator=synthesize),
        CodeBlockParser(language="py", evaluator=compile_piece),
    ],
    patterns=["*.md"],
    excludes=["*/node_modules/*", "*/.venv/*"],
).pytest()
