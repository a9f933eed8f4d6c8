"""The examples of ``docs/guides/tools.md``: each tool works on a session past the token's hour.

dbt and Airflow are left to ``make tools``: their environment takes a while to make.
"""

import json
import shutil
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
from tests.spark.tools import EXAMPLES, JUPYTER_FOLDERS, hours_passing, programs_apart, run
from tests.unit.client.account import account

__all__ = ["proxied"]

PARAMETER = "/clicks/session"
# By page, the most first.
SECONDS = {"prices": 43, "start": 13, "contact": 7}
BETWEEN_CALLS = 420
# Those of a Java program with Spark's client: SPARK-33772.
OPENED = "--add-opens=java.base/java.nio=ALL-UNNAMED"

pytestmark = pytest.mark.slow


@pytest.fixture
def clock() -> ManualClock:
    """The clock of the sessions, at now when one is started: other processes have the machine's."""
    return ManualClock(time.time() - START_SECONDS)


@pytest.fixture
def programs(pytestconfig: pytest.Config) -> Path:
    """Those of dbt and Airflow."""
    assert pytestconfig.cache
    return programs_apart(Path(pytestconfig.cache.mkdir("tools")))


class HurryingClock:
    """The clock of the sessions, for a proxy: some minutes pass between two calls."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.sleep = clock.advance

    def now(self) -> float:
        """The present moment, for the last time."""
        self._clock.advance(BETWEEN_CALLS)
        return self._clock.now()


@pytest.fixture
def proxy(spark: SparkSessions, proxied: Proxied, clock: ManualClock) -> SessionProxy:
    return proxied(spark.start(idleTimeoutMinutes=1000), clock=HurryingClock(clock))


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


@pytest.mark.tools
def test_dbt(spark: SparkSessions, proxy: SessionProxy, programs: Path, tmp_path: Path) -> None:
    project = tmp_path / "dbt"
    shutil.copytree(EXAMPLES / "dbt", project)
    environment = {**proxy.environment, "DBT_PROFILES_DIR": str(project)}
    for command in (("debug",), ("build",), ("docs", "generate")):
        run("dbt", *command, folder=project, environment=environment, programs=programs)

    results = json.loads((project / "target" / "run_results.json").read_text())["results"]
    catalog = json.loads((project / "target" / "catalog.json").read_text())
    assert results
    assert set(catalog["nodes"]) == {"seed.clicks.clicks", "model.clicks.pages"}
    assert issued(spark) > 1


@pytest.mark.parametrize("example", ["ibis", "pandas_on_spark"])
def test_python(example: str, spark: SparkSessions, proxy: SessionProxy, tmp_path: Path) -> None:
    script = EXAMPLES / example / "pages.py"
    printed = run("python", script, folder=tmp_path, environment=proxy.environment)

    assert list(pages(printed).items()) == list(SECONDS.items())
    assert issued(spark) > 1


def test_a_notebook_that_nobody_watches(
    spark: SparkSessions,
    account_with_parameter: dict[str, str],
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    done = tmp_path / "done.ipynb"
    # As long as an hour, to a client whose clock can't be moved.
    monkeypatch.setattr(tokens, "TOKEN_SECONDS", 0.3)
    clock.advance(time.time() - clock.now())
    with hours_passing(clock, speed=1):
        run(
            *("jupyter", "execute", EXAMPLES / "notebook_headless" / "pages.ipynb"),
            f"--output={done}",
            folder=tmp_path,
            environment={
                **account_with_parameter,
                **dict.fromkeys(JUPYTER_FOLDERS, str(tmp_path)),
                "CLICKS_SESSION": PARAMETER,
            },
        )

    *_, last = json.loads(done.read_text())["cells"]
    printed = "".join("".join(output.get("text", "")) for output in last["outputs"])
    assert list(pages(printed).items()) == list(SECONDS.items())
    assert issued(spark) > 1


@pytest.mark.tools
def test_airflow(
    spark: SparkSessions,
    account_with_parameter: dict[str, str],
    clock: ManualClock,
    programs: Path,
    tmp_path: Path,
) -> None:
    environment = {
        **account_with_parameter,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES / "airflow" / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }

    def airflow(*command: str) -> str:
        return run("airflow", *command, folder=tmp_path, environment=environment, programs=programs)

    airflow("db", "migrate")
    clock.advance(HOUR)
    # Slowly: the run's own session may idle for an hour only.
    with hours_passing(clock, speed=20):
        printed = airflow("dags", "test", "pages")

    # Of the stack's session, and of the run's own.
    assert printed.count(f"Returned value was: {SECONDS}") == 2
    assert [session.state for session in spark.service.sessions()].count("TERMINATED") == 1
    assert issued(spark) == 2


def test_scala(spark: SparkSessions, proxy: SessionProxy, tmp_path: Path) -> None:
    jars = spark_home() / "jars"
    printed = run(
        # Most of it is a compiler that runs once.
        *(java(), "-Xss4m", "-XX:TieredStopAtLevel=1", OPENED),
        *("-cp", f"{jars}/connect-repl/*:{jars}/*"),
        *("scala.tools.nsc.MainGenericRunner", "-usejavacp", "-nc"),
        EXAMPLES / "scala" / "Pages.scala",
        folder=tmp_path,
        environment=proxy.environment,
    )

    assert list(pages(printed).items()) == list(SECONDS.items())
    assert issued(spark) > 1
