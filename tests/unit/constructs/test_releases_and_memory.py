"""What is known of EMR: releases with their Spark, and the arithmetic of Spark's memory."""

from __future__ import annotations

import pytest

from cdk_emr_serverless_session._emr.memory import memory_mib, process_mib
from cdk_emr_serverless_session._emr.releases import read_release


@pytest.mark.parametrize(
    ("label", "spark", "takes_sessions", "merges"),
    [
        ("emr-7.12.0", None, False, False),
        ("emr-7.13.0", "3.5.6", True, False),
        ("emr-7.13.0-latest", "3.5.6", True, False),
        ("emr-7.14.0", "3.5.8", True, False),
        ("emr-7.99.0", None, True, False),
        ("emr-spark-8.0.0", "4.0.2", True, False),
        ("emr-spark-8.1.0", "4.1.1", True, True),
        ("emr-spark-9.0.0", None, True, True),
    ],
)
def test_a_release(label: str, spark: str | None, takes_sessions: bool, merges: bool) -> None:
    release = read_release(label)
    assert release is not None
    assert (release.spark, release.takes_sessions) == (spark, takes_sessions)
    assert release.merges_configuration is merges


@pytest.mark.parametrize("label", ["", "latest", "emr-7", "spark-8.1.0", "emr-spark-8.1"])
def test_what_is_no_label_is_not_judged(label: str) -> None:
    assert read_release(label) is None


@pytest.mark.parametrize(
    ("text", "mib"),
    [
        ("14g", 14336.0),
        ("14G", 14336.0),
        ("14gb", 14336.0),
        ("2048", 2048.0),
        ("512m", 512.0),
        ("1024k", 1.0),
        ("1048576b", 1.0),
        ("1t", 1024.0**2),
        (" 1g ", 1024.0),
        ("1.5g", None),
        ("", None),
        ("lots", None),
        (14, None),
        (None, None),
    ],
)
def test_a_size_of_spark(text: object, mib: float | None) -> None:
    assert memory_mib(text) == mib


@pytest.mark.parametrize(
    ("spark", "mib"),
    [
        ({}, 14336 * 1.1),
        ({"spark.driver.memory": "2048"}, 2048 + 384),
        ({"spark.driver.memory": "30g"}, 30720 * 1.1),
        ({"spark.driver.memory": "8g", "spark.driver.memoryOverhead": "1g"}, 9216),
        ({"spark.driver.memory": "8g", "spark.driver.memoryOverheadFactor": "0.5"}, 12288),
        ({"spark.executor.memory": "1g"}, 14336 * 1.1),
        ({"spark.driver.memory": "lots"}, None),
        ({"spark.driver.memoryOverheadFactor": "much"}, None),
    ],
)
def test_a_driver_takes_its_memory_and_the_overhead(
    spark: dict[str, str], mib: float | None
) -> None:
    assert process_mib(spark, "driver") == pytest.approx(mib)
