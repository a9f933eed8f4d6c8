"""How a session's Spark configuration is merged, and applied on this machine."""

import os
from pathlib import Path

import pytest

from emr_serverless_local.sessions.release import has_sessions, spark_defaults
from emr_serverless_local.spark.configuration import (
    HEAP_MB,
    LEAST_HEAP_MB,
    as_java_properties,
    configuration,
)

FOLDER = Path("/nowhere")
APPLICATION = [
    {"classification": "spark-defaults", "properties": {"spark.a": "1", "spark.b": "1"}},
    {"classification": "spark-log4j2", "properties": {"rootLogger.level": "info"}},
]
SESSION = [{"classification": "spark-defaults", "properties": {"spark.b": "2"}}]


@pytest.mark.parametrize(
    ("release", "configured"),
    [
        ("emr-spark-8.1.0", {"spark.a": "1", "spark.b": "2"}),
        ("emr-spark-8.0.0", {"spark.b": "2"}),
        ("emr-7.13.0", {"spark.b": "2"}),
    ],
)
def test_the_release_says_whether_a_configuration_is_merged_or_replaced(
    release: str, configured: dict[str, str]
) -> None:
    assert spark_defaults(release, APPLICATION, SESSION) == configured


def test_a_session_without_configuration_has_that_of_its_application() -> None:
    configured = spark_defaults("emr-7.13.0", APPLICATION, [])
    assert configured == {"spark.a": "1", "spark.b": "1"}


@pytest.mark.parametrize(
    ("label", "has"),
    [
        ("emr-7.12.0", False),
        ("emr-7.13.0", True),
        ("emr-spark-8.0.0", True),
        ("emr-spark-8.1.0", True),
        ("emr-spark-8.1.0-20260908", True),
        ("spark-8.1.0", False),
    ],
)
def test_both_lines_of_releases_are_known(label: str, has: bool) -> None:
    assert has_sessions(label) is has


@pytest.mark.parametrize(
    ("asked", "given"),
    [("", HEAP_MB), ("14g", HEAP_MB), ("1g", 1024), ("1536", 1536), ("100m", LEAST_HEAP_MB)],
)
def test_memory_is_limited_to_what_a_laptop_has(asked: str, given: int) -> None:
    assert configuration({"spark.driver.memory": asked}, FOLDER).heap_mb == given


def test_cores_are_no_more_than_the_machine_has() -> None:
    asked = configuration({"spark.executor.cores": "1000"}, FOLDER)
    assert asked.properties["spark.master"] == f"local[{os.cpu_count()}]"
    assert asked.properties["spark.executor.cores"] == "1000"


def test_files_at_s3_are_left_out_and_named() -> None:
    asked = {
        "spark.jars": "/a.jar,s3://bucket/b.jar",
        "spark.sql.warehouse.dir": "s3a://bucket/warehouse",
        "spark.hadoop.fs.s3.impl": "some.Class",
    }
    applied = configuration(asked, FOLDER)
    assert applied.left_out == ("spark.jars", "spark.sql.warehouse.dir")
    assert "spark.jars" not in applied.properties
    assert applied.properties["spark.sql.warehouse.dir"] == "/nowhere/spark-warehouse"
    assert applied.properties["spark.hadoop.fs.s3.impl"] == "some.Class"


def test_plugins_of_the_session_are_kept_beside_spark_connects() -> None:
    plugins = configuration({"spark.plugins": "mine"}, FOLDER).properties["spark.plugins"]
    assert plugins == "mine,org.apache.spark.sql.connect.SparkConnectPlugin"


def test_properties_of_any_characters_are_one_line_each() -> None:
    written = as_java_properties({"spark.a b": "c = d\\e\nf"})
    assert written == "spark.a\\ b=c\\ \\=\\ d\\\\e\\nf\n"
