"""What ``make test-matrix`` installs is what the tests that it runs import."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import noxfile

# Of the library and of boto3.
INSTALLED = {"aws_cdk", "boto3", "botocore", "cdk_emr_serverless_session", "constructs", "jsii"}
# The tests themselves, the handler and the session service, from the folder.
HERE = {"emr_serverless_local", "session_handler", "testbed", "tests"}


def sources() -> Iterator[Path]:
    """Every module that a test of the matrix is in or may be set up by."""
    for name in noxfile.CONSTRUCTS_TESTS:
        path = noxfile.ROOT / name
        yield from path.rglob("*.py") if path.is_dir() else (path, *path.parent.glob("conftest.py"))


def imported(source: Path) -> set[str]:
    """The top-level packages that a module imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize(
    "source",
    sorted({*sources()} - {noxfile.ROOT / file for file in noxfile.LEFT_OUT}),
    ids=lambda path: str(path.relative_to(noxfile.ROOT)),
)
def test_no_test_of_the_matrix_needs_more_than_it_installs(source: Path) -> None:
    tools = {re.split(r"\W", tool)[0] for tool in noxfile.CONSTRUCTS_TOOLS}
    assert imported(source) <= sys.stdlib_module_names | INSTALLED | HERE | tools
