"""Runs Spark's own tests of Spark Connect, of PySpark 3.5, and returns their outcomes."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = "pyspark.sql.tests.connect"
# Those that need nothing but a server: the others start a classic Spark beside it.
MODULES = (
    *("arrow", "arrow_map", "catalog", "column", "conf", "dataframe", "datasources", "errors"),
    *("functions", "group", "pandas_cogrouped_map", "pandas_grouped_map", "pandas_map"),
    *("pandas_udf", "pandas_udf_grouped_agg", "pandas_udf_window", "readwriter", "serde"),
    *("types", "udf", "udtf"),
)
# A part that takes seconds.
PART = ("catalog", "column", "errors")
MODULE_SECONDS = 1800

Outcomes = Mapping[str, str]


def run(
    python: Path, modules: tuple[str, ...], remote: Mapping[str, str], folder: Path
) -> dict[str, str]:
    """Run modules of the tests, and give how each test ended.

    Args:
        python: The environment's Python.
        modules: Names, as in ``MODULES``.
        remote: The environment variables that lead to a server: those of ``routes``.
        folder: Where reports go.
    """
    report = folder / f"{modules[0]}.xml"
    (site,) = python.parent.parent.glob("lib/python*/site-packages")
    files = [site.joinpath(*PACKAGE.split("."), f"test_parity_{name}.py") for name in modules]
    ended = subprocess.run(
        [
            *(str(python), "-W", "ignore", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *("-p", "tests.spark.conformance.through_connect", f"--junitxml={report}"),
            # Nothing of this project's own settings, in whose folder the environment may be.
            *("-c", os.devnull, "--rootdir", str(site), "--confcutdir", str(site)),
            *("-o", "junit_family=xunit1", *map(str, files)),
        ],
        cwd=folder,
        env={
            **os.environ,
            # The tests look for files of Spark's sources there, and do without.
            "SPARK_HOME": str(folder),
            "SPARK_TESTING": "1",
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "client_pkg")]),
            **remote,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=MODULE_SECONDS * len(modules),
        check=False,
    )
    assert report.exists(), ended.stdout[-4000:]
    return outcomes(report)


def outcomes(report: Path) -> dict[str, str]:
    """How each test of a report ended."""
    found = {}
    for case in ElementTree.parse(report).iter("testcase"):
        kinds = [child.tag for child in case if child.tag in ("failure", "error", "skipped")]
        module = case.get("classname", "").removeprefix(f"{PACKAGE}.")
        found[f"{module}.{case.get('name')}"] = kinds[0] if kinds else "passed"
    return found


def broken(found: Outcomes) -> list[str]:
    """The tests that don't pass, though they aren't left out."""
    return sorted(name for name, kind in found.items() if kind in ("failure", "error"))


def differences(expected: Outcomes, found: Outcomes) -> list[str]:
    """The tests that end otherwise, a line each."""
    return [
        f"{name}: {expected.get(name, 'not run')} directly, {found.get(name, 'not run')} here"
        for name in sorted({*expected, *found})
        if expected.get(name) != found.get(name)
    ]
