"""What importing the client loads."""

import subprocess
import sys

import pytest


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "from emr_session import connect",
        "import emr_session._command.main",
    ],
)
def test_the_client_comes_without_the_cdk_and_before_pyspark(statement: str) -> None:
    loaded = loaded_after(statement)

    assert "emr_session._connect.connect" in loaded
    assert not {"aws_cdk", "jsii", "constructs", "pyspark", "grpc"} & loaded


def test_the_channel_comes_without_the_cdk() -> None:
    loaded = loaded_after("import emr_session._connect.builder")

    assert not {"aws_cdk", "jsii", "constructs"} & loaded
