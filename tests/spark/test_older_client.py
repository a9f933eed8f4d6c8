"""PySpark 3.5, which sessions of emr-7.13.0 need, passes the same tests.

They are run by a Python that has it, on the server that all tests share.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spark.shared_server import ADDRESS, PYTHON, ROOT, SharedServer

TESTS = (
    *("test_query.py", "test_tokens.py", "test_client.py"),
    *("test_default_session.py", "test_errors.py", "test_notebook.py"),
)
SECONDS = 1200


@pytest.mark.slow
@pytest.mark.skipif(ADDRESS in os.environ, reason="these are the tests that it runs")
def test_it_passes_them(pyspark_3_5: Path, shared_server: SharedServer) -> None:
    folders = [str(ROOT / folder) for folder in (".", "client_pkg", "local_pkg")]
    ended = subprocess.run(
        [
            *(pyspark_3_5, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(ROOT / "tests" / "spark" / name for name in TESTS),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            **shared_server.environment(),
            PYTHON: sys.executable,
            "PYTHONPATH": os.pathsep.join(folders),
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout[-8000:]
