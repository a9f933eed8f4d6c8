"""An environment with PySpark 3.5 and with its tests, which PyPI's PySpark comes without.

The tests are in the wheel of ``snowflake-spark-connect``, a copy of PySpark 3.5.7 with its tests
(Apache-2.0). Its client is not used: it hangs when a session is closed.
"""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# With the pins that the guide names. NumPy 1 is what PySpark 3.5 takes, and PyArrow 26 doesn't.
INSTALLED = (
    *("pyspark==3.5.6", "numpy<2; python_version < '3.13'", "pandas>=2.2,<3", "pyarrow>=18,<26"),
    *("grpcio>=1.76", "grpcio-status>=1.76", "googleapis-common-protos>=1.71", "zstandard"),
    *("setuptools<81", "boto3>=1.42.94", "trustme>=1.2", "pytest", "sybil"),
    *("ipykernel", "nbclient"),
)
# It comes as source alone: packing its jars takes a processor six seconds, copying them none.
STORED = ("--config-settings-package", "pyspark:--build-option=--compression=stored")
TESTS = "snowflake-spark-connect==1.0.0"
TESTS_FOLDER = Path("pyspark", "sql", "tests")


class InstallError(Exception):
    """The environment can't be made: no package index, most of the time."""


def environment(folder: Path) -> Path:
    """The Python of the environment, which is made in this folder unless it is there.

    Raises:
        InstallError: uv can't install it.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return _made(folder)


def _made(folder: Path) -> Path:
    python, done = folder / "bin" / "python", folder / "installed"
    asked = "\n".join((*INSTALLED, TESTS))
    if done.exists() and done.read_text() == asked:
        return python
    _uv("venv", "--clear", "--python", sys.executable, folder)
    # Without bytecode: the tests compile what they import, a part of it.
    _uv("pip", "install", "--python", python, *STORED, *INSTALLED)
    (site,) = folder.glob("lib/python*/site-packages")
    with tempfile.TemporaryDirectory() as wheel:
        _uv("pip", "install", "--no-deps", "--python", python, "--target", wheel, TESTS)
        shutil.copytree(wheel / TESTS_FOLDER, site / TESTS_FOLDER)
    done.write_text(asked)
    return python


def _uv(*arguments: str | Path) -> None:
    command = [Path(sys.executable).parent / "uv", "--quiet", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise InstallError(ended.stderr.strip())
