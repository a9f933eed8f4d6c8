"""Releases and their Spark; a PySpark that doesn't fit is reported before it is used."""

import warnings

import pytest

from emr_session import SparkVersionError, SparkVersionWarning
from emr_session._connect import versions
from emr_session._connect.versions import compare_versions
from emr_session._emr.releases import find_release


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other distribution of PySpark beside the right one."""
    monkeypatch.setattr(versions, "_is_installed", lambda _: False)


@pytest.mark.parametrize(
    ("label", "spark"),
    [
        ("emr-7.13.0", "3.5.6"),
        ("emr-7.13.0-20260401", "3.5.6"),
        ("emr-7.14.0", "3.5.8"),
        ("emr-spark-8.0.0", "4.0.2"),
        ("emr-spark-8.1.0", "4.1.1"),
        ("emr-spark-8.1.0-20260908", "4.1.1"),
    ],
)
def test_the_spark_of_a_known_release_is_known(label: str, spark: str) -> None:
    release = find_release(label)
    assert release
    assert release.spark == spark


@pytest.mark.parametrize("label", ["emr-99.0.0", "emr-7.130.0", "emr-8.1.0", "spark"])
def test_the_spark_of_another_release_is_not_guessed(label: str) -> None:
    assert find_release(label) is None


@pytest.mark.parametrize("spark", ["3.5.6", "3.5.6-amzn-1", ""])
def test_a_pyspark_that_fits_is_accepted_in_silence(spark: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compare_versions("3.5.6", spark, "emr-7.13.0")


def test_another_minor_version_is_a_warning_that_says_what_to_install() -> None:
    with pytest.warns(SparkVersionWarning, match=r'emr-session\[spark\]" "pyspark==3.5.6"'):
        compare_versions("3.4.1", "3.5.6-amzn-1", "emr-7.13.0")


def test_another_major_version_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(SparkVersionError, match=r'emr-session\[spark\]" "pyspark==3.5.6"'):
        compare_versions("4.1.1", "3.5.6", "emr-7.13.0")


def test_spark_4_is_best_met_by_the_client_without_spark() -> None:
    with pytest.raises(SparkVersionError) as raised:
        compare_versions("3.5.6", "4.1.1", "emr-spark-8.1.0")

    assert 'pip install "emr-session[client]" "pyspark-client==4.1.1"' in str(raised.value)
    assert "numpy" not in str(raised.value)


def test_the_other_distribution_of_pyspark_is_removed_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(versions, "_is_installed", lambda name: name == "pyspark")

    with pytest.raises(SparkVersionError, match="pip uninstall -y pyspark && pip install"):
        compare_versions("3.5.6", "4.1.1", "emr-spark-8.1.0")


@pytest.mark.parametrize(("python", "pinned"), [((3, 12), True), ((3, 13), False)])
def test_numpy_1_is_asked_for_where_it_has_wheels(
    monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], pinned: bool
) -> None:
    monkeypatch.setattr("sys.version_info", python)
    with pytest.raises(SparkVersionError) as raised:
        compare_versions("4.0.0", "3.5.6", "emr-7.13.0")

    assert ("numpy<2" in str(raised.value)) is pinned
