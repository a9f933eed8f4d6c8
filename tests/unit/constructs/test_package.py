"""What importing the package loads."""

import subprocess
import sys

import cdk_emr_serverless_session as package


def loaded_after(statement: str) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_every_public_name_can_be_imported() -> None:
    for name in package.__all__:
        assert getattr(package, name).__name__ == name


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    assert not hasattr(package, "Sesion")


def test_the_constructs_are_loaded_when_they_are_asked_for() -> None:
    assert "aws_cdk" in loaded_after("from cdk_emr_serverless_session import Session")


def test_what_a_provider_takes_is_loaded_with_the_first_one() -> None:
    loaded = loaded_after(
        "import aws_cdk\n"
        "from cdk_emr_serverless_session import Session\n"
        "stack = aws_cdk.Stack()\n"
        "Session.from_session_arn(stack, 'Session', 'arn:aws:emr-serverless:eu-west-1:"
        "123456789012:/applications/00app/sessions/00ses')"
    )
    assert not {"aws_cdk.aws_lambda", "aws_cdk.aws_ec2", "aws_cdk.custom_resources"} & loaded
