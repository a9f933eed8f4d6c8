"""The command, run here or as a program of its own, on an account with a stack."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import botocore.loaders
import pytest

from emr_serverless_local.sessions import SessionService
from emr_session._command.main import main

from ..account import CREDENTIALS, Account, Stack, TestClock
from .deployed import Deployed, deployed

STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/Notebooks/7f0c"
OWNER = {"emr-serverless-session:stack-id": STACK, "emr-serverless-session:logical-id": "Session"}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def one_loader() -> Iterator[None]:
    """Read each service's model once: the command makes clients again each time."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", lambda _path: loader)
        yield


@pytest.fixture
def aws(clock: TestClock) -> Iterator[Deployed]:
    with deployed(SessionService(clock=clock, start_seconds=90, stop_seconds=30)) as made:
        yield made


@pytest.fixture
def run(
    aws: Account,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the command, without a process for each time."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "EMR_SESSION_"))]:
        monkeypatch.delenv(name)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)

    def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        try:
            code = main(arguments, clock=clock)
        except SystemExit as end:
            code = int(str(end.code))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run_command


@pytest.fixture
def program(aws: Account) -> Run:
    """Run the command as a program of its own."""

    def run_program(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "emr_session", *arguments],
            env=aws.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return run_program


@pytest.fixture
def arn(aws: Deployed, clock: TestClock) -> str:
    """A session of a stack that holds it."""
    arn = aws.start(name="search", tags=OWNER)
    clock.advance(100)
    aws.parameters["/notebooks/session"] = arn
    aws.stacks[STACK] = Stack(resources={"Session": ("CREATE_COMPLETE", arn)})
    return arn


def session_id(arn: str) -> str:
    return arn.rpartition("/")[2]
