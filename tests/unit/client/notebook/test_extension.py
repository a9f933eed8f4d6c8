"""The extension in IPython, without a notebook or Spark."""

import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from pyspark.errors.exceptions import connect
from pyspark.sql.connect.proto import base_pb2

from emr_serverless_local.clock import ManualClock
from emr_session._connect.observers import observers
from emr_session._emr.names import SessionArn
from emr_session._emr.session import SessionStatus
from emr_session._notebook.elapsed import ElapsedTime
from emr_session._notebook.progress import QueryProgress
from emr_session._notebook.rows import Rows
from emr_session._notebook.status_line import StatusLine
from emr_session.errors import SessionEndedError

HOSTILE = "<img src=x onerror=alert(1)>"
ARN = SessionArn("arn", "us-east-1", "00f1", "00f2")


class Statements:
    """Takes statements as a ``SparkSession`` does, and gives the same result each time."""

    def __init__(self, columns: list[str], rows: list[tuple[Any, ...]]) -> None:
        self.columns = columns
        self.rows = rows
        self.seen: list[tuple[str, dict[str, Any]]] = []

    def sql(self, text: str, args: dict[str, Any]) -> "Statements":
        self.seen.append((text, args))
        return self

    def take(self, count: int) -> list[tuple[Any, ...]]:
        return self.rows[:count]


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    made: Any = InteractiveShell.instance()
    made.extension_manager.load_extension("emr_session")
    yield made
    made.extension_manager.unload_extension("emr_session")
    InteractiveShell.clear_instance()


def test_a_variable_is_sent_beside_the_statement(shell: Any) -> None:
    page = "start'; DROP TABLE clicks; --"
    spark = Statements(["page"], [("start",)])
    shell.user_ns.update(spark=spark, page=page)

    shell.run_cell_magic("sparksql", "", "SELECT * FROM clicks WHERE page = :page")

    assert spark.seen == [("SELECT * FROM clicks WHERE page = :page", {"page": page})]


def test_the_result_is_kept_and_rows_are_limited(shell: Any) -> None:
    spark = Statements(["n"], [(number,) for number in range(100)])
    shell.user_ns["other"] = spark

    shown = shell.run_cell_magic("sparksql", "numbers --limit 3 --spark other", "SELECT n")

    assert shell.user_ns["numbers"] is spark
    assert [line.strip() for line in repr(shown).splitlines()] == [
        *("n", "0", "1", "2"),
        "the first 3 rows; there are more (--limit)",
    ]
    assert shell.run_cell_magic("sparksql", "--limit 0 --spark other", "SELECT n") is None


def test_a_limit_for_all_cells(shell: Any) -> None:
    shell.user_ns["spark"] = Statements(["n"], [(1,), (2,)])
    shell.run_line_magic("config", "SparkSql.limit = 1")

    assert "the first 1 row;" in repr(shell.run_cell_magic("sparksql", "", "SELECT n"))


@pytest.mark.parametrize(
    ("line", "cell", "said"),
    [
        ("", "SELECT :nowhere", "Set the variable nowhere first"),
        ("", "SELECT :print", ":print has to be a value"),
        ("1st", "SELECT 1", "1st is not a variable name"),
        ("-s nowhere", "SELECT 1", "There is no variable nowhere"),
        ("-s text", "SELECT 1", "Not connected"),
    ],
)
def test_what_is_missing_is_said(shell: Any, line: str, cell: str, said: str) -> None:
    shell.user_ns.update(spark=Statements(["n"], []), text="x", print=print)

    with pytest.raises(UsageError, match=said):
        shell.run_cell_magic("sparksql", line, cell)


@pytest.mark.parametrize(
    "value", [(1, 2), {"a": 1}, {1}, pandas.DataFrame(), 2**70, pandas.NaT, [None, 1]]
)
def test_a_value_that_cant_be_bound_is_named_in_one_line(shell: Any, value: Any) -> None:
    shell.user_ns.update(spark=Statements(["n"], []), strange=value)

    with pytest.raises(UsageError, match=r"^:strange has to be a value") as raised:
        shell.run_cell_magic("sparksql", "", "SELECT :strange")
    assert "\n" not in str(raised.value)


def test_after_stop_the_next_statement_says_to_connect(shell: Any) -> None:
    shell.user_ns["spark"] = SimpleNamespace(sql=None, is_stopped=True)

    with pytest.raises(UsageError, match=r"^spark is stopped: spark = emr_session.connect\("):
        shell.run_cell_magic("sparksql", "", "SELECT 1")


of_pyspark_4 = pytest.mark.skipif(
    not hasattr(connect, "SQLQueryContext"), reason="PySpark 3.5 logs no errors"
)


class Refusing(Statements):
    """A ``SparkSession`` whose statements fail."""

    def __init__(self, failure: Callable[[], Exception]) -> None:
        super().__init__(["n"], [])
        self._failure = failure

    def sql(self, text: str, args: dict[str, Any]) -> "Statements":  # noqa: ARG002
        raise self._failure()


def refused(message: str, condition: str, parameters: dict[str, str]) -> Exception:
    """An error as PySpark 4 makes it of the server's answer: it logs it, too."""
    context = base_pb2.FetchErrorDetailsResponse.QueryContext(
        context_type=base_pb2.FetchErrorDetailsResponse.QueryContext.SQL
    )
    return connect.AnalysisException(
        message,
        errorClass=condition,
        messageParameters=parameters,
        server_stacktrace="org.apache.spark.sql.AnalysisException\n\tat java.lang.Thread",
        display_server_stacktrace=True,
        contexts=[connect.SQLQueryContext(context)],
    )


@of_pyspark_4
def test_a_list_that_the_server_refuses_is_named_in_one_line(shell: Any) -> None:
    message = "[INVALID_SQL_ARG] The argument `strange` of `sql()` is invalid."
    failure = partial(refused, message, "INVALID_SQL_ARG", {"name": "strange"})
    shell.user_ns.update(spark=Refusing(failure), strange=[1, "a"])

    with pytest.raises(UsageError, match=r"^:strange has to be a value"):
        shell.run_cell_magic("sparksql", "", "SELECT :strange")


@of_pyspark_4
def test_an_error_of_spark_in_a_sql_cell_is_its_message(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "[TABLE_OR_VIEW_NOT_FOUND] The table `click` cannot be found."
    failure = partial(refused, message, "TABLE_OR_VIEW_NOT_FOUND", {})
    shell.user_ns["spark"] = Refusing(failure)

    ended = shell.run_cell("%%sparksql\nSELECT * FROM click")

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == (f"{message}\n", "")
    assert isinstance(ended.error_in_exec, connect.AnalysisException)
    assert "JVM stacktrace" in str(ended.error_in_exec)


def test_an_error_of_the_client_in_a_sql_cell_is_its_message(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.user_ns["spark"] = Refusing(lambda: SessionEndedError("Session 00f2 has ended."))
    shell.run_cell("%%sparksql\nSELECT 1")

    assert capsys.readouterr().out == "Session 00f2 has ended.\n"


@of_pyspark_4
def test_an_error_of_another_thread_is_still_logged(shell: Any) -> None:
    logged: list[logging.LogRecord] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record)

    handler = Kept()
    logger = pytest.importorskip("pyspark.logger").PySparkLogger.getLogger("SQLQueryContextLogger")
    logger.addHandler(handler)

    def fail() -> Exception:
        other = threading.Thread(target=refused, args=("of another", "X", {}))
        other.start()
        other.join()
        return refused("of the cell", "X", {})

    shell.user_ns["spark"] = Refusing(fail)
    shell.run_cell("%%sparksql\nSELECT 1")
    logger.removeHandler(handler)

    (record,) = logged
    assert record.getMessage().startswith("of another")


def test_values_and_names_of_others_are_text() -> None:
    shown = Rows([HOSTILE, HOSTILE], [(HOSTILE, None)], limit=5)._repr_html_()

    assert "<img" not in shown
    assert "&lt;img" in shown
    assert "NULL" in shown


def test_whole_numbers_stay_whole_beside_null() -> None:
    shown = repr(Rows(["n"], [(9007199254740993,), (None,)], limit=5))

    assert "9007199254740993" in shown
    assert "NULL" in shown


def test_a_long_value_is_cut() -> None:
    shown = Rows(["n"], [("x" * 100,), ("y" * 1000,)], limit=5)._repr_html_()

    assert "x" * 100 in shown
    assert len(shown) < 2000


def test_a_query_has_one_line_while_it_runs_and_a_summary_after_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    progress = QueryProgress(lambda: StatusLine(in_notebook=False), clock.now)
    progress.began("operation")
    clock.advance(2)
    stage = SimpleNamespace(num_tasks=8, num_completed_tasks=2, num_bytes_read=4_500_000)
    progress([stage], 4, "operation", False)
    stage.num_completed_tasks = 8
    progress([stage], 0, "operation", True)
    # PySpark says it twice.
    progress([stage], 0, "operation", True)

    assert capsys.readouterr().err.split("\r\033[K")[1:] == [
        "[#####...............] 2 of 8 tasks, 4 running, 4.5 MB read",
        "8 tasks in 1 stage, 4.5 MB read\n",
    ]


def test_a_query_of_less_than_two_seconds_has_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    progress = QueryProgress(lambda: StatusLine(in_notebook=False), clock.now)
    stage = SimpleNamespace(num_tasks=1, num_completed_tasks=1, num_bytes_read=0)
    for _ in range(3):
        progress.began("short")
        clock.advance(0.2)
        # Spark reports at the end of each query.
        progress([stage], 0, "short", False)
        progress.ended("short")
        progress([stage], 0, "short", True)
    progress([stage], 0, "of another session", False)

    assert not capsys.readouterr().err


def test_a_query_without_a_report_of_completed_tasks_has_its_time(
    capsys: pytest.CaptureFixture[str],
) -> None:
    clock = ManualClock()
    progress = QueryProgress(lambda: StatusLine(in_notebook=False), clock.now)
    stage = SimpleNamespace(num_tasks=8, num_completed_tasks=0, num_bytes_read=0)
    progress.began("operation")
    clock.advance(3)
    progress([stage], 4, "operation", False)
    progress([stage], 0, "operation", True)

    assert capsys.readouterr().err.endswith("\033[K3 s\n")


def test_a_query_of_pyspark_3_5_has_the_time_that_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # However long this machine takes.
    monkeypatch.setattr("emr_session._notebook.elapsed.time", SimpleNamespace(monotonic=float))
    said: list[str] = []
    running = threading.Event()

    class Recorded(StatusLine):
        def show(self, text: str, **_: Any) -> None:
            said.append(text)
            running.set()

    elapsed = ElapsedTime(lambda: Recorded(in_notebook=False), first_seconds=0)
    elapsed.began("operation")
    assert running.wait(10)
    # Once at the end of its answers, and once when PySpark has released it.
    elapsed.ended("operation", 4_500_000)
    elapsed.ended("operation", 0)
    assert (said[0], said[-1]) == ("Running for 0 s", "0 s, 4.5 MB read")

    elapsed = ElapsedTime(lambda: Recorded(in_notebook=False), first_seconds=600)
    shown = len(said)
    elapsed.began("short")
    elapsed.ended("short", 1)
    assert len(said) == shown


def test_the_wait_for_a_session_is_one_line(
    shell: Any,  # noqa: ARG001
    capsys: pytest.CaptureFixture[str],
) -> None:
    (extension,) = observers
    for seconds in (2, 4):
        extension.waiting(SessionStatus(ARN, "STARTING", "Session starting.", ""), seconds)
    # One of PySpark 3.5, which has no progress to report.
    spark: Any = object()
    extension.connected(spark)

    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "Waiting for session 00f2: STARTING (Session starting.), 4 s" in shown
    assert shown.endswith("Connected to session 00f2.\n")


def test_a_wait_that_failed_is_not_gone_on_with(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    (extension,) = observers
    extension.waiting(SessionStatus(ARN, "STARTING", "", ""), 2)
    shell.run_cell("pass")
    spark: Any = object()
    extension.connected(spark)

    assert "Connected" not in capsys.readouterr().err


def test_it_goes_without_a_trace(shell: Any) -> None:
    shell.extension_manager.unload_extension("emr_session")

    assert shell.find_cell_magic("sparksql") is None
    assert not observers
    assert not shell.display_formatter.mimebundle_formatter.deferred_printers


def test_the_import_works_without_ipython() -> None:
    without = "import sys; sys.modules['IPython'] = None; import emr_session; emr_session.connect"

    subprocess.run([sys.executable, "-c", without], check=True)


@pytest.mark.parametrize(("switch", "loaded"), [("", True), ("off", False)])
def test_in_a_notebook_the_import_loads_it_unless_it_is_off(
    switch: str, loaded: bool, tmp_path: Path
) -> None:
    notebook = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
shell.kernel = "what a notebook's shell has"
import emr_session
print(shell.find_cell_magic("sparksql") is not None)
"""
    ended = subprocess.run(
        [sys.executable, "-c", notebook],
        env={**os.environ, "IPYTHONDIR": str(tmp_path), "EMR_SESSION_NOTEBOOK": switch},
        capture_output=True,
        text=True,
        check=True,
    )

    *said, last = ended.stdout.splitlines()
    assert last == str(loaded)
    assert ["off by %unload_ext emr_session" in line for line in said] == [True] * loaded
