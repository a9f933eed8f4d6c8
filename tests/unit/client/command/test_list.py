"""``list`` and ``describe``: their output at each width of the terminal, and their calls."""

import json
import sys
import threading
from collections.abc import Callable

import click
import pytest

from emr_session._command.table import Column, fit

from ..account import TestClock
from .conftest import OWNER, Run, session_id
from .deployed import Deployed

COLUMNS = (Column("a", shortest=10), Column("b"), Column("c", rank=1), Column("d", rank=2))


@pytest.mark.parametrize(
    ("width", "sizes"),
    [
        (100, {0: 20, 1: 10, 2: 10, 3: 10}),
        (56, {0: 20, 1: 10, 2: 10, 3: 10}),
        (50, {0: 14, 1: 10, 2: 10, 3: 10}),
        (40, {0: 16, 1: 10, 2: 10}),
        (33, {0: 20, 1: 10}),
        (5, {0: 10, 1: 10}),
    ],
)
def test_cells_are_shortened_and_columns_left_out_in_order(
    width: int, sizes: dict[int, int]
) -> None:
    assert fit(COLUMNS, [20, 10, 10, 10], width) == sizes


@pytest.mark.parametrize(
    ("columns", "titles"),
    [
        ("60", "NAME STATE AGE IDLE ENDS IN COST"),
        ("80", "NAME STATE AGE IDLE ENDS IN COST STACK SPARK"),
        ("100", "NAME STATE AGE IDLE ENDS IN COST STACK SPARK SESSION"),
        ("120", "NAME STATE AGE IDLE ENDS IN COST STACK SPARK SESSION APPLICATION"),
    ],
)
def test_the_table_is_as_wide_as_the_terminal_and_whole_where_there_is_none(
    run: Run, aws: Deployed, monkeypatch: pytest.MonkeyPatch, columns: str, titles: str
) -> None:
    name = "a-session-with-a-name-of-more-than-forty-characters"
    stack = f"arn:aws:cloudformation:us-east-1:000000000000:stack/{name}/7f0c"
    aws.start(name=name, tags={**OWNER, "emr-serverless-session:stack-id": stack})
    monkeypatch.setenv("COLUMNS", columns)
    *_, whole = run("list").stdout.splitlines()
    assert whole.count(name) == 2
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    lines = click.unstyle(run("list").stdout).splitlines()
    assert " ".join(lines[0].split()) == titles
    assert max(map(len, lines)) <= int(columns)


def test_it_shows_times_spark_and_cost(run: Run, aws: Deployed, clock: TestClock) -> None:
    aws.start(name="search", idleTimeoutMinutes=120)
    clock.advance(90 + 3600)
    _, line = run("list").stdout.splitlines()

    # 4 vCPU and 16 GB for an hour, at the public prices of us-east-1.
    assert line.split()[:6] == ["search", "IDLE", "1h01m", "1h00m", "1h00m", "0.30"]
    assert " 3.5.6 " in line


def test_prices_are_the_users_and_named(
    run: Run, aws: Deployed, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.start(idleTimeoutMinutes=120)
    clock.advance(90 + 3600)
    assert "public prices of us-east-1" in run("list").stderr

    monkeypatch.setenv("EMR_SESSION_PRICES", "1,0,0")
    (row,) = json.loads(run("list", "--json").stdout)
    assert row["cost_usd"] == pytest.approx(4)
    assert "EMR_SESSION_PRICES" in run("list").stderr


def test_colours_are_for_terminals(run: Run, arn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in run("list").stdout

    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("list").stdout
    assert "\x1b[32m" in coloured
    assert session_id(arn) in coloured

    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[32m" not in run("list").stdout


def test_only_what_is_shown_is_asked_for(run: Run, aws: Deployed, clock: TestClock) -> None:
    application = aws.application()
    for _ in range(12):
        arns = [aws.start(application) for _ in range(10)]
        clock.advance(100)
        for arn in arns:
            aws.terminate(arn)
        clock.advance(60)
    ended = run("list", "--all", "--limit", "10")

    assert len(ended.stdout.splitlines()) == 11
    assert aws.asked("GetSession") == 10
    assert "110 more, which are older" in ended.stderr
    assert run("list", "--all", "--since", "5m").stdout.count("TERMINATED") == 10
    assert run("list", "--state", "failed").stdout == "There are no such sessions.\n"


def test_several_sessions_are_asked_for_at_a_time(run: Run, aws: Deployed) -> None:
    together = threading.Barrier(4)
    handle = aws.service.handle

    def at_once(method: str, path: str, *others: object) -> object:
        if method == "GET" and "/sessions/" in path:
            together.wait(timeout=10)  # raises unless four are in progress
        return handle(method, path, *others)  # type: ignore[arg-type]

    application = aws.application()
    for _ in range(4):
        aws.start(application)
    aws.service.handle = at_once  # type: ignore[method-assign, assignment]
    assert len(run("list").stdout.splitlines()) == 5


def test_a_time_that_is_none_is_said(run: Run) -> None:
    ended = run("list", "--since", "soon")

    assert ended.returncode == 2
    assert "'soon' is not a time span like 30m, 12h, 7d or 2w" in ended.stderr


# describe


def test_describe_shows_everything(run: Run, aws: Deployed, clock: TestClock) -> None:
    arn = aws.start(
        name="search",
        idleTimeoutMinutes=30,
        tags={**OWNER, "team": "a"},
        configurationOverrides={
            "runtimeConfiguration": [
                {"classification": "spark-defaults", "properties": {"spark.executor.cores": "4"}}
            ]
        },
    )
    clock.advance(100)
    said = run("describe", arn).stdout

    assert "idle time-out of 30 minutes" in said
    assert "spark.executor.cores = 4" in said
    assert "team = a" in said
    assert "Notebooks" in said
    assert 'pip install "emr-session[spark]" "pyspark==3.5.6"' in said
    assert arn in said


# --watch


@pytest.mark.parametrize("command", ["list", "describe"])
def test_watching_draws_again_until_ctrl_c(
    run: Run, aws: Deployed, clock: TestClock, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    aws.start(name="search")
    # What stays on the screen is drawn with a terminal's means.
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(clock, "sleep", sleeping(clock, times=2))

    ended = run(command, "--watch")
    assert ended.returncode == 0
    assert "SUBMITTED" in ended.stdout
    assert "STARTED" in ended.stdout
    assert run(command, "--watch", "--json").returncode == 2


def test_watching_outlasts_a_service_that_throttles(
    run: Run, aws: Deployed, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws.start(name="search")
    slept = sleeping(clock, times=3)

    def throttled(seconds: float) -> None:
        aws.throttled = 1
        slept(seconds)

    monkeypatch.setattr("emr_session._emr.aws.ATTEMPTS", 1)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setattr(clock, "sleep", throttled)
    ended = run("list", "--watch")

    assert ended.returncode == 0
    assert ended.stderr == ""


def sleeping(clock: TestClock, *, times: int) -> Callable[[float], None]:
    """A sleep that lets a session start, and ends with Ctrl-C."""
    slept = [0]

    def sleep(_seconds: float) -> None:
        slept[0] += 1
        if slept[0] == times:
            raise KeyboardInterrupt
        clock.advance(100)

    return sleep
