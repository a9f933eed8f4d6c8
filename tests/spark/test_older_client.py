"""PySpark 3.5, as sessions of emr-7.13.0 need it, passes the tests of the other PySpark too.

They are run by a Python that has it, on the server that all tests share.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.spark.shared_server import ADDRESS, PYTHON, ROOT, SharedServer

# With the pins that the guide names.
INSTALLED = (
    *("pyspark==3.5.6", "numpy<2; python_version < '3.13'", "pandas>=2.2,<3", "pyarrow>=18,<26"),
    *("grpcio>=1.76", "grpcio-status>=1.76", "googleapis-common-protos>=1.71", "zstandard"),
    *("setuptools<81", "boto3>=1.42.94", "trustme>=1.2", "pytest", "sybil"),
)
TESTS = ("test_query.py", "test_tokens.py", "test_client.py")
SECONDS = 1200


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """The Python of an environment with PySpark 3.5, kept in pytest's cache."""
    folder = request.config.cache.mkdir("pyspark-3.5") / "venv"
    python, done = folder / "bin" / "python", folder / "installed"
    asked = "\n".join(INSTALLED)
    if done.exists() and done.read_text() == asked:
        return python
    uv = Path(sys.executable).parent / "uv"
    for command in (
        (uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder),
        (uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *INSTALLED),
    ):
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode:
            pytest.skip(f"uv can't install PySpark 3.5: {ended.stderr.strip()}")
    done.write_text(asked)
    return python


@pytest.mark.slow
@pytest.mark.skipif(ADDRESS in os.environ, reason="these are the tests that it runs")
def test_it_passes_them(python: Path, shared_server: SharedServer) -> None:
    folders = [str(ROOT / folder) for folder in (".", "client_pkg", "local_pkg")]
    ended = subprocess.run(
        [
            *(python, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
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
