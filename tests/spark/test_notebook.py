"""A notebook with the extension, executed by a real kernel on a real session."""

import time
from collections.abc import Iterator
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from emr_serverless_local.clock import ManualClock
from tests.spark.conftest import START_SECONDS, SparkSessions

SECONDS = 120
PAGE = "it's \"home\"'; DROP VIEW clicks; --"
CELLS = {
    "connect": "import emr_session\nspark = emr_session.connect({arn!r})",
    "card": "spark",
    "clicks": "spark.createDataFrame([({page!r}, 4), ('<b>', 31)], 'page string, seconds int')"
    ".createOrReplaceTempView('clicks')\n"
    "page, table, least = {page!r}, 'clicks', 1.5",
    "bound": "%%sparksql found\nSELECT page, seconds FROM IDENTIFIER(:table)\n"
    "WHERE page = :page AND seconds > :least -- :no_variable",
    "kept": "print(found.count(), spark.table('clicks').count())",
    "escaped": "%%sparksql --limit 1\nSELECT page AS `<i>` FROM clicks ORDER BY seconds DESC",
    "long": "spark.conf.set('spark.connect.progress.reportInterval', '100ms')\n"
    "spark.sql('SELECT id, sum(id) OVER (PARTITION BY id % 7) FROM range(0, 3000000, 1, 16)')"
    ".count()",
    "off": "%unload_ext emr_session",
    "plain": "spark",
}


@pytest.fixture
def clock() -> ManualClock:
    """At now when a session is started: the kernel has the machine's clock."""
    return ManualClock(time.time() - START_SECONDS)


@pytest.fixture
def outputs(spark: SparkSessions) -> Iterator[dict[str, list[Any]]]:
    """The outputs of each cell."""
    arn = spark.start(name="<b>clicks</b>").arn
    cells = {
        name: nbformat.v4.new_code_cell(
            source.replace("{arn!r}", repr(arn)).replace("{page!r}", repr(PAGE))
        )
        for name, source in CELLS.items()
    }
    notebook = nbformat.v4.new_notebook(cells=list(cells.values()))
    NotebookClient(notebook, timeout=SECONDS).execute()
    yield {name: cell.outputs for name, cell in cells.items()}


def test_a_session_in_a_notebook(outputs: dict[str, list[Any]]) -> None:
    assert "off: %unload_ext emr_session" in outputs["connect"][0]["text"]
    (card,) = outputs["card"]
    assert "&lt;b&gt;clicks&lt;/b&gt;" in card["data"]["text/html"]
    assert 'rel="noopener noreferrer">open</a>' in card["data"]["text/html"]
    assert card["data"]["text/plain"].startswith("EMR Serverless session ")

    (bound,) = outputs["bound"]
    assert PAGE in bound["data"]["text/plain"]
    assert outputs["kept"][0]["text"] == "1 2\n"

    (escaped,) = outputs["escaped"]
    assert "&lt;b&gt;" in escaped["data"]["text/html"]
    assert "&lt;i&gt;" in escaped["data"]["text/html"]
    assert "there are more" in escaped["data"]["text/html"]

    progress, counted = outputs["long"]
    assert "tasks in" in progress["data"]["text/html"]
    assert counted["data"]["text/plain"] == "3000000"

    (plain,) = outputs["plain"]
    assert "SparkSession object at" in plain["data"]["text/plain"]
