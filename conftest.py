"""Run the code that README and docs show, and say what every test runs with.

A block marked ``python`` is a whole app: it has to synthesize resources. A block marked ``py`` is a
piece of one: it has to compile.
"""

import gc
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

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
    import aws_cdk as cdk

    apps: list[cdk.App] = []
    init = cdk.App.__init__

    def noted(app: cdk.App, **options: Any) -> None:
        init(app, outdir=outdir, **options)
        apps.append(app)

    with tempfile.TemporaryDirectory() as outdir, mock.patch.object(cdk.App, "__init__", noted):
        try:
            exec(compile(example.parsed, example.path, "exec"), {"__name__": "__main__"})
            stacks = [stack for app in apps for stack in app.synth().stacks]
        except Exception:  # noqa: BLE001 - whatever it is, the block is wrong
            return traceback.format_exc()
        if any(stack.template.get("Resources") for stack in stacks):
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


def pytest_collection_finish() -> None:
    """Spare the garbage collector what stays until the end: it would walk it again and again."""
    gc.collect()
    gc.freeze()


pytest_collect_file = Sybil(
    parsers=[
        CodeBlockParser(language="python", evaluator=synthesize),
        CodeBlockParser(language="py", evaluator=compile_piece),
    ],
    patterns=["*.md"],
    excludes=["*/node_modules/*", "*/.venv/*"],
).pytest()
