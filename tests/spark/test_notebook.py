"""A notebook with the extension, executed by a real kernel on a real session."""

import re
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from pyspark.sql.connect.session import SparkSession

from emr_serverless_local.clock import ManualClock
from tests.spark.conftest import START_SECONDS, SparkSessions
from tests.spark.tools import JUPYTER_FOLDERS

SECONDS = 120
PAGE = "it's \"home\"'; DROP VIEW clicks; --"
# The protocol of 3.5 has no progress: there it is the time that is shown, after two seconds.
HAS_PROGRESS = hasattr(SparkSession, "registerProgressHandler")
# How many of three short queries take so long on a busy machine that they may have a line.
SHORT = """
import time
slow = 0
for _ in range(3):
    begun = time.monotonic()
    spark.range(0, 10, 1, 2).count()
    slow += time.monotonic() - begun > 2
slow
"""
LONG = """
slept = "java_method('java.lang.Thread', 'sleep', 1500L) AS slept"
first = spark.range(0, 1, 1, 1).selectExpr(slept).repartition(1)
len(first.selectExpr("slept AS first", slept).collect())
"""
CELLS = {
    "card": "spark",
    "clicks": f"page, table, least = {PAGE!r}, 'clicks', 1.5\n"
    "clicks = [(page, 4), ('<b>', 31)]\n"
    "spark.createDataFrame(clicks, 'page string, seconds int').createOrReplaceTempView(table)",
    "bound": "%%sparksql found\nSELECT page, seconds FROM IDENTIFIER(:table)\n"
    "WHERE page = :page AND seconds > :least -- :no_variable",
    "kept": "print(found.count(), spark.table(table).count())",
    "mistyped": "%%sparksql\nSELECT * FROM click",
    "strange": "strange = [None, 1]",
    "unbound": "%%sparksql\nSELECT :strange",
    "escaped": "%%sparksql --limit 1\nSELECT page AS `<i>` FROM clicks ORDER BY seconds DESC",
    "short": SHORT,
    "long": LONG,
    "stopped": "spark.stop()\nspark",
    "after": "%%sparksql\nSELECT 1",
    "off": "%unload_ext emr_session",
    "plain": "spark",
}

FAIL = ("mistyped", "unbound", "after")


@pytest.fixture
def clock() -> ManualClock:
    """At now when a session is started: the kernel has the machine's clock."""
    return ManualClock(time.time() - START_SECONDS)


def executed(sources: dict[str, str]) -> dict[str, list[Any]]:
    """The outputs of each cell."""
    cells = {name: nbformat.v4.new_code_cell(source) for name, source in sources.items()}
    for name in FAIL:
        cells[name].metadata["tags"] = ["raises-exception"]
    notebook = nbformat.v4.new_notebook(cells=list(cells.values()))
    NotebookClient(notebook, timeout=SECONDS).execute()
    return {name: cell.outputs for name, cell in cells.items()}


def printed(outputs: list[Any]) -> str:
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def shown(outputs: list[Any], form: str = "text/html") -> str:
    """What a cell shows last; before it may be the progress of its queries."""
    return str(outputs[-1]["data"][form])


def test_a_session_in_a_notebook(
    spark: SparkSessions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in JUPYTER_FOLDERS:
        monkeypatch.setenv(name, str(tmp_path))
    arn = spark.start(name="<b>clicks</b>").arn
    connect = (
        f"import emr_session\nspark = emr_session.connect({arn!r}, check_version={HAS_PROGRESS})"
    )
    outputs = executed({"connect": connect, **CELLS})

    assert printed(outputs["connect"]).count("off by %unload_ext emr_session") == 1

    assert "&lt;b&gt;clicks&lt;/b&gt;" in shown(outputs["card"])
    assert 'rel="noopener noreferrer">open</a>' in shown(outputs["card"])
    assert shown(outputs["card"], "text/plain").startswith("EMR Serverless session ")

    assert PAGE in shown(outputs["bound"], "text/plain")
    assert printed(outputs["kept"]) == "1 2\n"
    for text in ("&lt;i&gt;", "&lt;b&gt;", "there are more"):
        assert text in shown(outputs["escaped"])

    (mistyped,) = outputs["mistyped"]
    (said,) = mistyped["traceback"]
    assert said.startswith("[TABLE_OR_VIEW_NOT_FOUND]")
    assert "stacktrace" not in said
    (unbound,) = outputs["unbound"]
    assert ":strange has to be a value" in unbound["text"]

    *lines, slow = outputs["short"]
    assert len(lines) <= int(slow["data"]["text/plain"])

    progress, counted = outputs["long"]
    reported = r"> \d tasks? in \d stages?<" if HAS_PROGRESS else r"> \d+ s<"
    assert re.search(reported, progress["data"]["text/html"])
    assert counted["data"]["text/plain"] == "1"

    assert "stopped: connect again" in shown(outputs["stopped"])
    (after,) = outputs["after"]
    assert "spark is stopped: spark = emr_session.connect(" in after["text"]

    assert "SparkSession at 0x" in shown(outputs["plain"], "text/plain")
