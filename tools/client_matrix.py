"""Test the client, as its extra installs it, with each PySpark that it is for.

For the oldest and the newest Python of this machine and each PySpark an environment is made that
has the library with its extra ``connect``, PySpark, and what the tests themselves need. The tests
of the client are run in it, and those with real Spark, whose server runs in the development
environment: pysail wants PySpark 3.5.6 beside it. Ends with a table.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from matrix import PYTHONS, ROOT, UV, Outcome, installed, interpreter, outside_of_here

# With the pins that the guide names.
PYSPARKS = (("pyspark==3.5.6", "numpy<2; python_version < '3.13'"), ("pyspark>=4,<5",))
TESTS = ("tests/unit/client", "tests/spark/test_client.py")
SHOWN = ("pyspark", "pandas", "numpy", "pyarrow", "grpcio", "zstandard")


def main() -> None:
    """Run all combinations, and fail if one of them did."""
    environment = outside_of_here()
    found = [(version, interpreter(version, environment)) for version in PYTHONS]
    here = [(version, python) for version, python in found if python]
    outcomes = []
    for version, python in dict.fromkeys((here[0], here[-1])):
        for asked in PYSPARKS:
            with tempfile.TemporaryDirectory() as folder:
                outcomes.append(combination(Path(folder), version, python, asked, environment))
    print()
    for outcome in outcomes:
        parts = (outcome.python, outcome.resolution, outcome.said)
        print("  ".join(part.ljust(15) for part in parts), ", ".join(outcome.versions))
    if any(outcome.said.startswith("FAILED") for outcome in outcomes):
        sys.exit(1)


def combination(
    folder: Path, version: str, python: str, asked: tuple[str, ...], environment: dict[str, str]
) -> Outcome:
    """Install and test one combination, and say how it went."""
    venv = folder / "venv"
    settings = {
        **environment,
        "PYTHONDONTWRITEBYTECODE": "1",
        "SPARK_SERVER_PYTHON": sys.executable,
    }

    def run(*command: str | Path) -> bool:
        print("+", *command, flush=True)
        return subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode == 0

    install = (UV, "pip", "install", "--quiet", "--python", venv)
    label = asked[0]
    if not (
        run(UV, "venv", "--quiet", "--no-python-downloads", "--python", python, venv)
        and run(*install, f"{ROOT}[connect]", *asked)
        and run(*install, "pytest", "trustme")
    ):
        return Outcome(version, label, "FAILED to install")
    versions = installed(venv, SHOWN, settings)
    # The library from where it was installed.
    tested = run(
        *(venv / "bin" / "python", "-m", "pytest", "--quiet", "-p", "no:cacheprovider"), *TESTS
    )
    return Outcome(version, label, "passed" if tested else "FAILED", versions)


if __name__ == "__main__":
    main()
