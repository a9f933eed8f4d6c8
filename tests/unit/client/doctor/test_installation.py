"""The doctor's findings about installed packages."""

import pytest

from emr_session._doctor.finding import Level
from emr_session._doctor.installation import installation_findings

FITS = {"pyspark-client": "4.1.1", "pandas": "2.3.3", "numpy": "2.3.4"}

CASES: list[tuple[str, dict[str, str], str, Level, str]] = [
    ("PySpark", {**FITS, "pyspark": "4.1.1"}, "emr-spark-8.1.0", Level.WRONG, "both installed"),
    ("PySpark", {"pyspark": "3.5.6"}, "emr-spark-8.1.0", Level.WRONG, "has Spark 4.1.1"),
    ("PySpark", {"pyspark": "4.0.2"}, "emr-spark-8.1.0", Level.WARNING, "has Spark 4.1.1"),
    ("PySpark", {}, "emr-spark-8.1.0", Level.WARNING, "is not installed"),
    ("pandas", {**FITS, "pandas": "3.0.0"}, "emr-spark-8.1.0", Level.WARNING, "needs pandas 2"),
    (
        "NumPy",
        {"pyspark": "3.5.6", "numpy": "2.3.4"},
        "emr-7.13.0",
        Level.WARNING,
        "needs NumPy 1",
    ),
]


@pytest.mark.parametrize(("check", "installed", "release", "level", "said"), CASES)
def test_what_does_not_fit_is_told_with_what_to_install(
    check: str, installed: dict[str, str], release: str, level: Level, said: str
) -> None:
    found = {one.check: one for one in installation_findings(installed, "3.11", release, {})}

    assert found[check].level == level
    assert said in found[check].text
    assert "pip " in found[check].remedy


def test_what_fits_is_fine() -> None:
    found = list(installation_findings(FITS, "3.11", "emr-spark-8.1.0", {}))

    assert {one.level for one in found} == {Level.OK}


def test_another_python_than_the_workers_is_a_warning() -> None:
    settings = {"spark.pyspark.python": "/usr/bin/python3.13"}
    by_release = list(installation_findings(FITS, "3.13", "emr-spark-8.1.0", {}))
    configured = list(installation_findings(FITS, "3.13", "emr-spark-8.1.0", settings))

    assert [one.level for one in by_release if one.check == "Python"] == [Level.WARNING]
    assert [one.level for one in configured if one.check == "Python"] == [Level.OK]
