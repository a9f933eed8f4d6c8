"""What importing the client brings with it."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "from cdk_emr_serverless_session.client import connect",
        "import cdk_emr_serverless_session.command.main",
    ],
)
def test_the_client_comes_without_the_cdk_and_before_pyspark(statement: str) -> None:
    loaded = loaded_after(statement)

    assert "cdk_emr_serverless_session.client.spark" in loaded
    assert not {"aws_cdk", "jsii", "constructs", "pyspark", "grpc"} & loaded


def test_the_channel_comes_without_the_cdk() -> None:
    loaded = loaded_after("import cdk_emr_serverless_session.client.builder")

    assert not {"aws_cdk", "jsii", "constructs"} & loaded


def test_the_command_says_what_to_install() -> None:
    """The library alone has no boto3, and brings the command all the same."""
    (command,) = entry_points(group="console_scripts", name="emr-session")
    module, _, function = command.value.partition(":")
    code = f"""
import sys
sys.modules["boto3"] = None
from {module} import {function}
sys.exit({function}())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "emr-session needs boto3. Install the extra 'connect':",
        "  pip install 'cdk-emr-serverless-session[connect]'",
    ]
