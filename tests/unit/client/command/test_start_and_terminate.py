"""``start``, ``terminate``, ``logs``, ``ui``, and advice on commands that don't exist."""

import io
import json
import sys
from typing import Any

import pytest

from emr_session._command.unsupported import advice_on

from ..account import Stack, TestClock
from .conftest import OWNER, STACK, Run, session_id
from .deployed import Deployed

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:Notebooks-Handler"


@pytest.fixture
def kept_alive(aws: Deployed, arn: str) -> str:
    """The session of the stack, which a schedule keeps alive."""
    call = {
        "StackId": STACK,
        "LogicalResourceId": "Session",
        "PhysicalResourceId": arn,
        "ResourceProperties": {"ApplicationId": arn.split("/")[2]},
        "ScheduledTime": "<aws.scheduler.scheduled-time>",
    }
    aws.others["Notebooks"] = {
        "OtherSchedule": ("other", "AWS::Scheduler::Schedule"),
        "SessionKeepAlive": ("kept", "AWS::Scheduler::Schedule"),
    }
    target: dict[str, Any] = {"Arn": FUNCTION, "RoleArn": "arn:aws:iam::000000000000:role/s"}
    aws.schedules["other"] = {"Name": "other", "Target": {**target, "Input": "no JSON"}}
    aws.schedules["kept"] = {"Name": "kept", "Target": {**target, "Input": json.dumps(call)}}
    return arn


class Terminal(io.StringIO):
    """A terminal at which an answer is typed."""

    def isatty(self) -> bool:
        return True


# start


def test_start_calls_the_function_as_the_schedule_does(
    run: Run, aws: Deployed, clock: TestClock, kept_alive: str
) -> None:
    aws.terminate(kept_alive)
    clock.advance(60)
    aws.on_invoke = lambda: aws.start(
        kept_alive.split("/")[2], tags={**OWNER, "emr-serverless-session:held-arn": kept_alive}
    )
    ended = run("start", "Notebooks")

    assert ended.returncode == 0
    assert f"the successor of {session_id(kept_alive)}" in ended.stdout
    ((path, call),) = aws.invoked
    assert "Notebooks-Handler" in path
    assert call["PhysicalResourceId"] == kept_alive
    assert call["ScheduledTime"].endswith(":00Z")
    assert run("start", "Notebooks").stdout.endswith("there is nothing to start.\n")
    assert len(aws.invoked) == 1


@pytest.mark.usefixtures("kept_alive")
def test_start_says_where_to_look_when_no_successor_comes(
    run: Run, aws: Deployed, clock: TestClock, arn: str
) -> None:
    aws.terminate(arn)
    clock.advance(60)
    ended = run("start", "Notebooks/Session")

    assert ended.returncode == 1
    assert "emr-session logs Notebooks/Session" in ended.stderr


def test_start_starts_nothing_that_no_stack_would_end(
    run: Run, aws: Deployed, clock: TestClock, arn: str
) -> None:
    alone = aws.start()
    for one in (arn, alone):
        aws.terminate(one)
    clock.advance(60)

    assert "Notebooks/Session has no keep_alive" in run("start", arn).stderr
    assert "belongs to no stack" in run("start", alone).stderr
    aws.stacks[STACK].resources["Session"] = ("UPDATE_COMPLETE", "another")
    assert "doesn't hold" in run("start", arn).stderr
    assert aws.invoked == []
    assert aws.asked("StartSession") == 2


# terminate


@pytest.mark.parametrize(("answer", "code", "ended"), [("y\n", 0, 1), ("n\n", 1, 0), ("\n", 1, 0)])
def test_terminate_asks_first(
    run: Run,
    aws: Deployed,
    monkeypatch: pytest.MonkeyPatch,
    arn: str,
    answer: str,
    code: int,
    ended: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    asked = run("terminate", arn)

    assert asked.returncode == code
    assert f"{session_id(arn)} (search, STARTED, Notebooks/Session)" in asked.stderr
    assert "End it? [y/N]" in asked.stderr
    assert aws.asked("TerminateSession") == ended


def test_terminate_without_a_terminal_needs_yes(run: Run, aws: Deployed, arn: str) -> None:
    ended = run("terminate", arn)

    assert ended.returncode == 2
    assert "use --yes" in ended.stderr
    assert aws.asked("TerminateSession") == 0
    assert run("terminate", arn, "--yes").returncode == 0
    assert aws.asked("TerminateSession") == 1
    assert run("terminate", arn, "--yes").stdout.startswith(session_id(arn))
    assert aws.asked("TerminateSession") == 1


def test_terminate_says_what_starts_another(run: Run, aws: Deployed, kept_alive: str) -> None:
    assert "(keep_alive) starts a successor" in run("terminate", kept_alive, "--yes").stderr

    aws.others.clear()
    said = {}
    for name, properties in (("checked", {"CheckedForSynthAt": "now"}), ("plain", {})):
        arn = aws.start(tags=OWNER)
        aws.stacks[STACK].resources["Session"] = ("UPDATE_COMPLETE", arn)
        aws.templates["Notebooks"] = {"Session": {"Properties": properties}}
        said[name] = run("terminate", arn, "--yes").stderr
    assert "The next deployment of stack Notebooks starts another" in said["checked"]
    assert "changes one of its properties" in said["plain"]

    assert "No stack started it" in run("terminate", aws.start(), "--yes").stderr
    strange = aws.start(tags=OWNER)
    assert "doesn't hold it" in run("terminate", strange, "--yes").stderr
    for status, physical_id in (("CREATE_IN_PROGRESS", ""), ("UPDATE_IN_PROGRESS", arn)):
        aws.stacks[STACK].resources["Session"] = (status, physical_id)
        deployed = run("terminate", aws.start(tags=OWNER), "--yes").stderr
        assert f"(Session is {status}). A deployment that waits for this session fails" in deployed
    aws.denied.add("ListStackResources")
    assert "is unknown" in run("terminate", aws.start(tags=OWNER), "--yes").stderr


def test_what_is_elsewhere_is_asked_for_there(
    run: Run, aws: Deployed, clock: TestClock, kept_alive: str
) -> None:
    aws.regions.clear()
    region = "eu-central-1"
    assert run("--region", region, "describe", kept_alive).returncode == 0
    assert run("--region", region, "terminate", kept_alive, "--yes").returncode == 0
    clock.advance(60)
    assert run("--region", region, "start", kept_alive).returncode == 1
    assert len(aws.invoked) == 1
    assert run("--region", region, "logs", kept_alive).returncode == 0

    assert aws.regions == {"us-east-1"}


# logs


def test_logs_says_where_they_are_and_prints_the_functions(run: Run, aws: Deployed) -> None:
    application = aws.client().create_application(
        type="SPARK",
        releaseLabel="emr-spark-8.1.0",
        interactiveConfiguration={"sessionEnabled": True},
        monitoringConfiguration={
            "s3MonitoringConfiguration": {"logUri": "s3://logs/spark/"},
            "cloudWatchLoggingConfiguration": {"enabled": True, "logStreamNamePrefix": "team"},
            "managedPersistenceMonitoringConfiguration": {"enabled": False},
        },
    )["applicationId"]
    arn = aws.start(application, tags=OWNER)
    aws.stacks[STACK] = Stack(resources={"Session": ("CREATE_COMPLETE", arn)})
    aws.others["Notebooks"] = {"Log": ("Notebooks-Log", "AWS::Logs::LogGroup")}
    aws.templates["Notebooks"] = {
        "Session": {"Properties": {"ServiceToken": {"Fn::GetAtt": ["Handler", "Arn"]}}},
        "Handler": {"Properties": {"LoggingConfig": {"LogGroup": {"Ref": "Log"}}}},
    }
    aws.log = ['{"logicalId": "Session", "state": "\x1b[31mSTARTED"}\n']
    said = run("logs", arn).stdout

    assert f"s3://logs/spark/applications/{application}/" in said
    assert "log group /aws/emr-serverless, streams team..." in said
    assert "kept by the service" not in said
    assert "Function: Notebooks-Log, 1 lines" in said
    assert '"state": "\N{REPLACEMENT CHARACTER}[31mSTARTED"}' in said
    assert json.loads(run("logs", arn, "--json").stdout)["log_group"] == "Notebooks-Log"


def test_logs_of_a_session_without_a_stack_are_sparks(run: Run, aws: Deployed) -> None:
    arn = aws.start()

    (line,) = run("logs", arn).stdout.splitlines()
    assert "kept by the service for 30 days" in line


# ui


def test_ui_opens_a_browser(run: Run, arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def browser(url: str) -> bool:
        opened.append(url)
        return len(opened) == 1

    monkeypatch.setattr("webbrowser.open", browser)
    assert run("ui").stdout == ""
    assert session_id(arn) in opened[0]

    # The second time there is none.
    assert session_id(arn) in run("ui").stdout


def test_where_there_is_no_browser_ui_says_the_address(
    program: Run, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", "")
    ended = program("ui", arn)

    assert session_id(arn) in ended.stdout
    assert "There is no browser here." in ended.stderr


# What no command can do


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("extend", "Deploy idle_timeout"),
        ("resize", "Deploy another runtime_configuration"),
        ("update", "starts a new session"),
        ("stop", '"terminate" ends it'),
        ("restart", '"start" starts a successor'),
        ("create", "declared in a CDK stack"),
        ("lis", "No such command 'lis'"),
    ],
)
def test_an_unknown_command_is_told_what_to_do_instead(run: Run, command: str, said: str) -> None:
    ended = run(command, "search")

    assert ended.returncode == 2
    assert said in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_no_command_that_exists_is_answered_with_advice() -> None:
    from emr_session._command.main import emr_session

    assert [name for name in emr_session.commands if advice_on(name)] == []
