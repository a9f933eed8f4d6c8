"""``emr-session``: its output for people and programs, and its exit codes."""

import json
import os
import shlex
import subprocess
import sys
from urllib.parse import unquote

import pytest

from ..account import Account, Stack, TestClock
from .conftest import OWNER, STACK, Run, session_id

# list


def test_list_is_a_table_of_live_sessions_and_whose_they_are(run: Run, arn: str) -> None:
    head, line = run("list").stdout.splitlines()

    assert head.split()[:4] == ["NAME", "STATE", "AGE", "IDLE"]
    assert line.split()[:2] == ["search", "STARTED"]
    assert "Notebooks" in line
    assert session_id(arn) in line


def test_list_is_json_for_programs(run: Run, arn: str) -> None:
    (row,) = json.loads(run("list", "--json").stdout)

    assert row["arn"] == arn
    assert row["state"] == "STARTED"


def test_list_leaves_out_what_is_over_unless_asked(
    run: Run, aws: Account, clock: TestClock, arn: str
) -> None:
    aws.terminate(arn)
    clock.advance(60)

    assert run("list").stdout == "There are no live sessions.\n"
    assert json.loads(run("list", "--json").stdout) == []
    assert "TERMINATED" in run("list", "--all").stdout


def test_list_reads_every_page(run: Run, aws: Account) -> None:
    applications = [aws.application() for _ in range(3)]
    for application in applications:
        for _ in range(20):
            aws.start(application)

    assert len(json.loads(run("list", "--json").stdout)) == 60
    assert len(json.loads(run("list", "--json", "--application", applications[0]).stdout)) == 20


# url, env, ui


def test_url_is_the_address_with_its_token(run: Run, arn: str) -> None:
    printed = run("url", arn).stdout

    assert printed.startswith(f"sc://{session_id(arn)}.")
    assert ":443/;use_ssl=true;x-aws-proxy-auth=" in printed
    assert json.loads(run("url", arn, "--json").stdout)["url"].startswith("sc://")


def test_env_is_for_a_shell_to_evaluate(program: Run, arn: str) -> None:
    shell = f"{program('env', '/notebooks/session').stdout}echo $SPARK_REMOTE"

    said = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True).stdout
    assert said.startswith(f"sc://{session_id(arn)}.")
    assert "x-aws-proxy-auth=" in said


def test_env_is_json_without_the_shells_quotes(run: Run, arn: str) -> None:
    assert json.loads(run("env", arn, "--json").stdout)["SPARK_REMOTE"].startswith("sc://")


def test_the_help_says_what_prints_a_token(run: Run) -> None:
    said = run("--help").stdout

    assert 'Only "url" and "env" print an endpoint token' in said
    assert "WITH ITS TOKEN" in run("env", "--help").stdout


@pytest.mark.parametrize("command", ["list", "ui", "strays"])
def test_the_other_commands_print_no_token(run: Run, aws: Account, arn: str, command: str) -> None:
    token = unquote(shlex.split(run("url", arn).stdout)[0].rpartition("=")[2])
    named = ["--print", arn] if command == "ui" else []

    said = run(command, *named)
    assert said.returncode == 0
    assert token not in said.stdout + said.stderr
    assert aws.asked("GetSessionEndpoint") == 1


def test_ui_is_the_address_of_the_spark_ui(run: Run, arn: str) -> None:
    assert session_id(arn) in run("ui", "--print", arn).stdout


# terminate


def test_terminate_ends_the_session_that_a_parameter_names(
    run: Run, aws: Account, arn: str
) -> None:
    ended = json.loads(run("terminate", "/notebooks/session", "--yes", "--json").stdout)

    assert ended == [{"session": session_id(arn), "state": "TERMINATING", "arn": arn}]
    assert aws.asked("TerminateSession") == 1


# strays


def strays(run: Run) -> tuple[int, dict[str, str]]:
    """The exit code, and why by verdict."""
    ended = run("strays", "--json")
    return ended.returncode, {row["verdict"]: row["why"] for row in json.loads(ended.stdout)}


@pytest.mark.usefixtures("arn")
def test_a_session_that_its_stack_holds_is_no_stray(run: Run) -> None:
    assert run("strays").stdout == "There are no strays.\n"
    assert strays(run) == (0, {})


def test_a_session_that_no_stack_started_is_no_stray(run: Run, aws: Account) -> None:
    aws.start()

    assert strays(run) == (0, {})


def test_a_successor_is_no_stray_while_its_stack_holds_what_it_stands_in_for(
    run: Run, aws: Account, clock: TestClock, arn: str
) -> None:
    aws.terminate(arn)
    clock.advance(60)
    aws.start(tags={**OWNER, "emr-serverless-session:held-arn": arn})
    assert strays(run) == (0, {})

    aws.stacks[STACK].resources["Session"] = ("UPDATE_COMPLETE", f"{arn}other")
    assert strays(run) == (3, {"stray": f"the stack holds {arn}other"})


@pytest.mark.parametrize("stack", [None, Stack("DELETE_COMPLETE")])
def test_a_session_whose_stack_is_gone_is_a_stray(
    run: Run, aws: Account, arn: str, stack: Stack | None
) -> None:
    del aws.stacks[STACK]
    if stack:
        aws.stacks[STACK] = stack

    assert strays(run) == (3, {"stray": "the stack is gone"})
    assert arn.rpartition("/")[2] in run("strays").stdout


@pytest.mark.parametrize(
    ("resources", "why"),
    [
        ({}, "the stack has no resource Session"),
        (
            {"Session": ("DELETE_COMPLETE", "{arn}")},
            "the stack no longer holds it (DELETE_COMPLETE)",
        ),
        ({"Session": ("CREATE_FAILED", "")}, "the stack holds nothing"),
        ({"Session": ("UPDATE_COMPLETE", "another")}, "the stack holds another"),
    ],
)
def test_a_session_that_its_stack_does_not_hold_is_a_stray(
    run: Run, aws: Account, arn: str, resources: dict[str, tuple[str, str]], why: str
) -> None:
    aws.stacks[STACK].resources = {
        name: (status, held.format(arn=arn)) for name, (status, held) in resources.items()
    }

    assert strays(run) == (3, {"stray": why})


RETAINED = {"retained": "the stack left it to its time-outs (DELETE_SKIPPED)"}


@pytest.mark.parametrize("status", ["DELETE_COMPLETE", "UPDATE_COMPLETE"])
def test_a_session_that_its_stack_let_go_by_its_removal_policy_is_told_from_a_stray(
    run: Run, aws: Account, arn: str, status: str
) -> None:
    aws.stacks[STACK] = Stack(status, skipped=[("Other", "other"), ("Session", arn)])

    assert strays(run) == (0, RETAINED)
    assert arn.rpartition("/")[2] in run("strays").stdout


def test_a_session_that_was_replaced_and_retained_is_told_from_a_stray(
    run: Run, aws: Account, arn: str
) -> None:
    aws.stacks[STACK].resources["Session"] = ("UPDATE_COMPLETE", "another")
    aws.stacks[STACK].skipped = [("Session", arn)]

    assert strays(run) == (0, RETAINED)


def test_the_successor_of_a_retained_session_is_retained(
    run: Run, aws: Account, clock: TestClock, arn: str
) -> None:
    aws.terminate(arn)
    clock.advance(60)
    aws.start(tags={**OWNER, "emr-serverless-session:held-arn": arn})
    aws.stacks[STACK] = Stack("DELETE_COMPLETE", skipped=[("Session", arn)])

    assert strays(run) == (0, RETAINED)


@pytest.mark.usefixtures("arn")
def test_a_session_whose_stack_is_changing_is_shown_and_not_judged(run: Run, aws: Account) -> None:
    aws.stacks[STACK] = Stack("UPDATE_IN_PROGRESS")

    assert strays(run) == (0, {"stack is changing": "the stack is UPDATE_IN_PROGRESS"})


def test_a_session_that_is_over_is_no_stray(run: Run, aws: Account, arn: str) -> None:
    del aws.stacks[STACK]
    aws.terminate(arn)

    assert strays(run) == (0, {})


# How it ends


@pytest.mark.parametrize("command", ["url", "env", "shell"])
def test_a_session_that_is_over_is_one_line_with_the_next_step(
    program: Run, aws: Account, arn: str, command: str
) -> None:
    aws.terminate(arn)
    ended = program(command, arn)

    assert ended.returncode == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"emr-session: Session {session_id(arn)} of application")
    assert "deploy its stack" in line


def test_a_refusal_is_one_line_that_names_the_action(run: Run, aws: Account, arn: str) -> None:
    aws.refused.add("/endpoint")
    ended = run("url", arn)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "AccessDeniedException" in line
    assert "Ask for permission for that action" in line


def test_an_unknown_session_is_one_line_that_says_where_to_look(run: Run, arn: str) -> None:
    ended = run("terminate", "--yes", f"{arn.rpartition('/')[0]}/00gone")

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert "emr-session list shows the sessions" in line


def test_an_unknown_profile_is_one_line(run: Run) -> None:
    ended = run("list", "--profile", "nobody")

    assert ended.returncode == 1
    assert len(ended.stderr.splitlines()) == 1


def test_what_the_service_said_and_the_next_step_are_two_sentences(run: Run) -> None:
    said = run("list", "--application", "00gone").stderr

    assert "Application 00gone does not exist. Check id, region" in said


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.usefixtures("arn")
def test_a_reader_that_has_gone_ends_it_without_a_word(aws: Account, more: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as nowhere:
        ended = subprocess.run(
            [sys.executable, "-m", "emr_session", "list", *more],
            env=aws.environment(),
            stdout=nowhere,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=60,
        )

    assert ended.returncode == 1
    assert ended.stderr == ""


def test_a_wait_is_said_where_it_does_not_end_up_in_what_is_evaluated(
    run: Run, aws: Account, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emr_session._connect.addresses.SystemClock", lambda: clock)
    starting = aws.start()
    ended = run("env", starting)

    assert ended.stdout.startswith("export SPARK_REMOTE=")
    assert ended.stdout.count("\n") == 1
    assert f"Session {session_id(starting)}" in ended.stderr
    assert "SUBMITTED" in ended.stderr


def test_the_wait_can_be_made_shorter(
    run: Run, aws: Account, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emr_session._connect.addresses.SystemClock", lambda: clock)
    begun = clock.now()
    ended = run("url", aws.start(), "--timeout", "10")

    assert ended.returncode == 1
    assert "after 10 s" in ended.stderr
    assert clock.now() - begun <= 12


def test_wrong_arguments_are_told_from_what_failed(run: Run) -> None:
    assert run("url", "--nonsense").returncode == 2
    assert run("nonsense").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["proxy", "--port", "70000"], "70000"),
        (["proxy", "--port", "-1"], "-1"),
        (["list", "--since", "99999999w"], "longer than ten years"),
        (["logs", "--since", "99999999w"], "longer than ten years"),
        (["url", "--timeout", "nan"], "between 0 and 86400 seconds"),
        (["url", "--timeout", "-1"], "between 0 and 86400 seconds"),
        (["completion"], "Choose from: bash, zsh, fish"),
    ],
)
def test_a_wrong_argument_is_one_line(run: Run, arguments: list[str], said: str) -> None:
    ended = run(*arguments)

    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert said in line


@pytest.mark.usefixtures("arn")
def test_no_time_at_all_is_a_time_span_too(run: Run) -> None:
    assert "There are no such sessions" in run("list", "--since", "0m").stdout


def test_a_service_that_throttles_is_to_be_asked_again(run: Run, aws: Account) -> None:
    aws.throttled = 99
    said = run("list").stderr

    assert "AWS throttles or is unavailable for the moment: try again in a minute." in said


@pytest.mark.parametrize("command", ["list", "doctor"])
def test_a_web_page_instead_of_aws_is_said_in_one_line(
    run: Run, aws: Account, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    page = 403, {"content-type": "text/html"}, b"<html><body>Blocked<br></body></html>"
    monkeypatch.setattr(aws, "handle", lambda *_: page)
    ended = run(command)

    assert ended.returncode != 0
    said = ended.stdout + ended.stderr
    assert "between here and AWS answered instead of it" in said
    assert "HTTPS_PROXY" in said
    assert "<" not in said


def test_a_file_of_authorities_that_is_not_there_is_named(
    run: Run, aws: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url.replace("http:", "https:"))
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such.pem")
    ended = run("list")

    (line,) = ended.stderr.splitlines()
    assert "AWS_CA_BUNDLE" in line
    assert "Trusted now: /no/such.pem." in line


def test_a_proxy_that_is_not_there_is_named(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://service.example")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    ended = run("list")

    (line,) = ended.stderr.splitlines()
    assert line.endswith("Check HTTP_PROXY.")
