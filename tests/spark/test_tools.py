"""The examples of ``docs/guides/tools.md``: each tool works on a session past the token's hour."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.sessions import tokens
from emr_serverless_local.spark.java import java, spark_home
from emr_session import SessionProxy
from tests.spark.conftest import ROLE, START_SECONDS, SparkSessions
from tests.spark.test_proxy import HOUR, Proxied, issued, proxied
from tests.spark.tools import EXAMPLES, hours_passing, tool
from tests.unit.client.account import account

__all__ = ["proxied"]

PARAMETER = "/clicks/session"
# By page, the most first.
SECONDS = {"prices": 43, "start": 13, "contact": 7}
# Those of a Java program with Spark's client: SPARK-33772.
OPENED = "--add-opens=java.base/java.nio=ALL-UNNAMED"

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tools")]


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the sessions, at now when one is started: other processes have the machine's."""
    return ManualClock(time.time() - START_SECONDS)


@pytest.fixture
def kept(pytestconfig: pytest.Config) -> Path:
    """Where environments are kept."""
    assert pytestconfig.cache
    return Path(pytestconfig.cache.mkdir("tools"))


@pytest.fixture
def proxy(spark: SparkSessions, proxied: Proxied) -> SessionProxy:
    return proxied(spark.start(idleTimeoutMinutes=1000))


@pytest.fixture
def account_with_parameter(spark: SparkSessions) -> Iterator[dict[str, str]]:
    """A session that a parameter names, as the construct makes it; gives the way there."""
    live = spark.start(idleTimeoutMinutes=1000)
    with account(spark.service) as aws:
        aws.parameters[PARAMETER] = live.arn
        yield {
            "AWS_ENDPOINT_URL": aws.url,
            "CLICKS_APPLICATION_ID": spark.application_id,
            "CLICKS_ROLE_ARN": ROLE,
        }


def pages(printed: str) -> dict[str, int]:
    """The pages that are printed, each in a line of two columns."""
    rows = [line.split() for line in printed.splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}


def test_dbt(
    spark: SparkSessions, proxy: SessionProxy, clock: ManualClock, kept: Path, tmp_path: Path
) -> None:
    dbt = tool("dbt", kept)
    project = tmp_path / "dbt"
    shutil.copytree(dbt.example, project)
    environment = {**proxy.environment, "DBT_PROFILES_DIR": str(project)}
    for command in ("debug", "build"):
        dbt.run("dbt", command, folder=project, environment=environment)
        clock.advance(HOUR)
    dbt.run("dbt", "docs", "generate", folder=project, environment=environment)

    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    catalog = json.loads((project / "target" / "catalog.json").read_text())
    assert results
    assert set(catalog["nodes"]) == {"seed.clicks.clicks", "model.clicks.pages"}
    assert issued(spark) == 3


def test_ibis(
    spark: SparkSessions, proxy: SessionProxy, clock: ManualClock, kept: Path, tmp_path: Path
) -> None:
    ibis = tool("ibis", kept)
    with hours_passing(clock):
        printed = ibis.run(
            "python", str(ibis.example / "pages.py"), folder=tmp_path, environment=proxy.environment
        )

    assert list(pages(printed).items()) == list(SECONDS.items())
    assert issued(spark) > 1


def test_pandas_on_spark(
    spark: SparkSessions, proxy: SessionProxy, clock: ManualClock, kept: Path, tmp_path: Path
) -> None:
    pandas = tool("pandas_on_spark", kept)
    with hours_passing(clock):
        printed = pandas.run(
            "python",
            str(pandas.example / "pages.py"),
            folder=tmp_path,
            environment=proxy.environment,
        )

    assert list(pages(printed).items()) == list(SECONDS.items())
    assert issued(spark) > 1


def test_a_notebook_that_nobody_watches(
    spark: SparkSessions,
    account_with_parameter: dict[str, str],
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    kept: Path,
    tmp_path: Path,
) -> None:
    papermill = tool("notebook_headless", kept)
    done = tmp_path / "done.ipynb"
    # As long as an hour, to a client whose clock can't be moved.
    monkeypatch.setattr(tokens, "TOKEN_SECONDS", 4)
    clock.advance(time.time() - clock.now())
    with hours_passing(clock, speed=1):
        papermill.run(
            "papermill",
            str(papermill.example / "pages.ipynb"),
            str(done),
            *("-p", "session", PARAMETER),
            folder=tmp_path,
            environment={**account_with_parameter, "JUPYTER_PLATFORM_DIRS": "1"},
        )

    *_, last = json.loads(done.read_text())["cells"]
    assert list(pages("".join(last["outputs"][0]["text"])).items()) == list(SECONDS.items())
    assert issued(spark) > 1


def test_airflow(
    spark: SparkSessions,
    account_with_parameter: dict[str, str],
    clock: ManualClock,
    kept: Path,
    tmp_path: Path,
) -> None:
    airflow = tool("airflow", kept)
    environment = {
        **account_with_parameter,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(airflow.example / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    airflow.run("airflow", "db", "migrate", folder=tmp_path, environment=environment)
    clock.advance(HOUR)
    # Slowly: the run's own session may idle for an hour only.
    with hours_passing(clock, speed=20):
        printed = airflow.run(
            "airflow", "dags", "test", "pages", folder=tmp_path, environment=environment
        )

    # Of the stack's session, and of the run's own.
    assert printed.count(f"Returned value was: {SECONDS}") == 2
    assert [session.state for session in spark.service.sessions()].count("TERMINATED") == 1
    assert issued(spark) == 2


def test_scala(
    spark: SparkSessions, proxy: SessionProxy, clock: ManualClock, tmp_path: Path
) -> None:
    jars = spark_home() / "jars"
    with hours_passing(clock):
        done = subprocess.run(
            [
                *(java(), "-Xss4m", OPENED),
                *("-cp", f"{jars}/connect-repl/*:{jars}/*"),
                *("scala.tools.nsc.MainGenericRunner", "-usejavacp", "-nc"),
                EXAMPLES / "scala" / "Pages.scala",
            ],
            cwd=tmp_path,
            env={**os.environ, **proxy.environment},
            capture_output=True,
            text=True,
            check=False,
        )

    assert done.returncode == 0, done.stderr[-3000:]
    assert list(pages(done.stdout).items()) == list(SECONDS.items())
    assert issued(spark) > 1
