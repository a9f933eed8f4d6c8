"""A PySpark that doesn't fit is told before it is used."""

import warnings

import pytest

from emr_session import SparkVersionError, SparkVersionWarning
from emr_session._connect.versions import check, spark_of


@pytest.mark.parametrize("release", ["emr-7.13.0", "emr-7.13.0-20260401"])
def test_the_spark_of_a_known_release_is_known(release: str) -> None:
    assert spark_of(release) == "3.5.6"


@pytest.mark.parametrize("release", ["emr-99.0.0", "emr-7.130.0", "spark"])
def test_the_spark_of_another_release_is_not_guessed(release: str) -> None:
    assert spark_of(release) is None


@pytest.mark.parametrize("spark", ["3.5.6", "3.5.6-amzn-1", ""])
def test_a_pyspark_that_fits_is_passed_in_silence(spark: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check("3.5.6", spark, "emr-7.13.0")


def test_another_minor_version_is_a_warning_that_says_what_to_install() -> None:
    with pytest.warns(SparkVersionWarning, match=r'emr-session\[spark\]" "pyspark==3.5.6"'):
        check("3.4.1", "3.5.6-amzn-1", "emr-7.13.0")


def test_another_major_version_is_an_error_that_says_what_to_install() -> None:
    with pytest.raises(SparkVersionError, match=r'emr-session\[spark\]" "pyspark==3.5.6"'):
        check("4.0.0", "3.5.6", "emr-7.13.0")


@pytest.mark.parametrize(("python", "pinned"), [((3, 12), True), ((3, 13), False)])
def test_numpy_1_is_asked_for_where_it_has_wheels(
    monkeypatch: pytest.MonkeyPatch, python: tuple[int, int], pinned: bool
) -> None:
    monkeypatch.setattr("sys.version_info", python)
    with pytest.raises(SparkVersionError) as raised:
        check("4.0.0", "3.5.6", "emr-7.13.0")

    assert ("numpy<2" in str(raised.value)) is pinned
