"""``emr-session doctor``: its output for people and programs, and its exit codes."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from emr_session._command.main import main
from tests.unit.client.account import CREDENTIALS, Stack, TestClock
from tests.unit.client.gateway import Gateways

from .account import DoctorAccount

Run = Callable[..., subprocess.CompletedProcess[str]]
STACK = "arn:aws:cloudformation:us-east-1:000000000000:stack/Notebooks/7f0c"
OWNER = {"emr-serverless-session:stack-id": STACK, "emr-serverless-session:logical-id": "Session"}


@pytest.fixture
def run(
    aws: DoctorAccount,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run the command, without a process for each time."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": aws.url}.items():
        monkeypatch.setenv(name, value)

    def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
        capsys.readouterr()
        code = main(["doctor", *arguments], clock=clock)
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    return run_command


def test_a_healthy_session_goes_the_whole_way(
    run: Run, arn: str, gateways: Gateways, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(gateways.roots)

    said = run(arn, "--connect", "--root-certificates", str(tmp_path / "ca.pem"))
    assert said.returncode == 0, said.stdout
    assert said.stderr == ""
    lines = said.stdout.splitlines()
    # A long line goes on under its third column.
    checks = {tuple(line.split()[:2]) for line in lines if not line.startswith(" ")}
    assert {("ok", "session"), ("ok", "token"), ("ok", "TLS"), ("ok", "Spark")} <= checks
    assert not any(line.startswith("wrong") for line in lines)


def test_a_sick_session_says_what_is_wrong_and_what_to_do(
    run: Run, aws: DoctorAccount, clock: TestClock, arn: str
) -> None:
    aws.terminate(arn)
    aws.roles = {}
    clock.advance(60)

    said = run(arn)
    assert said.returncode == 3
    session = next(line for line in said.stdout.splitlines() if " session " in line)
    assert session.startswith("wrong")
    assert "TERMINATED" in session
    assert "→ Start another one" in said.stdout
    assert "there is no role execution" in said.stdout


def test_programs_get_json(run: Run, arn: str) -> None:
    found = {one["check"]: one for one in json.loads(run(arn, "--json").stdout)}

    assert found["session"]["level"] == "ok"
    assert found["session"]["remedy"] is None
    assert found["endpoint"]["level"] == "not checked"


def test_an_application_alone_can_be_looked_at(run: Run, aws: DoctorAccount) -> None:
    application = aws.application()
    role = "arn:aws:iam::000000000000:role/gone"

    said = run("--application", application, "--role", role)
    assert said.returncode == 3
    assert "there is no role gone" in said.stdout
    assert f"{application}, of type SPARK" in said.stdout


def test_without_a_name_the_only_live_session_is_meant_or_else_the_account(
    run: Run, aws: DoctorAccount, clock: TestClock
) -> None:
    checks = [one["check"] for one in json.loads(run("--json").stdout)]
    assert checks[0] == "credentials"
    assert "session" not in checks

    aws.start()
    clock.advance(100)
    checks = [one["check"] for one in json.loads(run("--json").stdout)]
    assert "session" in checks


def test_a_name_that_leads_nowhere_is_wrong(run: Run) -> None:
    found = {one["check"]: one for one in json.loads(run("/no/parameter", "--json").stdout)}

    assert found["session"]["level"] == "wrong"
    assert found["credentials"]["level"] == "ok"


def test_a_session_of_a_stack_that_is_gone_is_a_leftover(
    run: Run, aws: DoctorAccount, arn: str
) -> None:
    left = aws.start(arn.split("/")[2], tags=OWNER)
    aws.stacks[STACK] = Stack("DELETE_COMPLETE")

    found = {one["check"]: one for one in json.loads(run(arn, "--json").stdout)}
    assert found["leftovers"]["level"] == "warning"
    assert left.rpartition("/")[2] in found["leftovers"]["text"]
