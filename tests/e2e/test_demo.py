"""The demo prints what the README promises, or why it failed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.cdk_cli import ROOT

# Beside it lies a copy of apps.py.
FAILING_APP = """
import aws_cdk as cdk
from apps import session_that_does_not_fit

app = cdk.App(analytics_reporting=False)
session_that_does_not_fit(cdk.Stack(app, "Failing"))
app.synth()
"""


def run_demo(temporary: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the demo as make does, with a folder of its own for temporary files."""
    temporary.mkdir()
    return subprocess.run(
        [sys.executable, "-m", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_quickstart_lives_and_ends(tmp_path: Path) -> None:
    done = run_demo(tmp_path / "tmp")

    assert done.returncode == 0, done.stdout
    for shown in ("SessionArn", "STARTED", "30 minutes", "stack-id", "TERMINATED", "DELETED"):
        assert shown in done.stdout
    # The sum of every third number from 3 to 999,999, as the session's Spark has it.
    assert "166666833333" in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_failure_ends_the_demo_with_the_logs_that_matter(tmp_path: Path) -> None:
    shutil.copy(ROOT / "testbed" / "apps.py", tmp_path)
    app = tmp_path / "app.py"
    app.write_text(FAILING_APP)

    done = run_demo(tmp_path / "tmp", app)

    assert done.returncode == 1
    stack_events, _, rest = done.stdout.partition("--- stack events\n")[2].partition(
        "--- handler\n"
    )
    handler, _, local_aws = rest.partition("--- local AWS\n")
    assert "CREATE_FAILED" in stack_events
    assert '"state": "FAILED"' in handler
    assert "StartSession" in local_aws
    assert "FAILED at: cdk deploy" in done.stdout
    assert list((tmp_path / "tmp").iterdir()) == []
