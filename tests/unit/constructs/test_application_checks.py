"""Findings about the application, at synth instead of ten minutes into a deployment."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless

from cdk_emr_serverless_session import Configuration
from testbed.synth_bench import Bench, interactive_application, messages_of

APPLICATION = emrserverless.CfnApplication
PREFIX = "cdk-emr-serverless-session:"
IDLE: dict[str, Any] = {"idle_timeout": cdk.Duration.minutes(30)}


def _messages(bench: Bench) -> list[tuple[str, str]]:
    """Level and text of every message, all of which are on the session."""
    found = messages_of(bench.app)
    assert {path for path, _, _ in found} <= {"/Stack/Session"}
    return [(level, text) for _, level, text in found]


def _findings(bench: Bench) -> list[tuple[str, str]]:
    """Level and id of every finding on the session."""
    return [(level, text.split(PREFIX)[1].rstrip("])")) for level, text in _messages(bench)]


def _managed(enabled: bool) -> Any:
    return APPLICATION.ManagedPersistenceMonitoringConfigurationProperty(enabled=enabled)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"type": "Spark"}, []),
        ({"type": "HIVE"}, [("ERROR", "applicationType")]),
        ({"release_label": "emr-7.12.0"}, [("ERROR", "releaseLabel")]),
        ({"release_label": "emr-6.15.0-latest"}, [("ERROR", "releaseLabel")]),
        ({"release_label": "emr-7.13.1"}, []),
        ({"release_label": "emr-7.100.0"}, []),
        ({"release_label": "emr-8.0.0"}, []),
        ({"release_label": "emr-spark-preview"}, []),
        ({"interactive_configuration": None}, [("ERROR", "sessionEnabled")]),
        ({"interactive_configuration": {"sessionEnabled": False}}, [("ERROR", "sessionEnabled")]),
        ({"auto_start_configuration": {"enabled": False}}, [("WARNING", "autoStart")]),
        ({"auto_start_configuration": {"enabled": True}}, []),
        ({"monitoring_configuration": None}, []),
        (
            {
                "monitoring_configuration": APPLICATION.MonitoringConfigurationProperty(
                    managed_persistence_monitoring_configuration=_managed(False)
                )
            },
            [("ERROR", "monitoring")],
        ),
        (
            {
                "monitoring_configuration": APPLICATION.MonitoringConfigurationProperty(
                    managed_persistence_monitoring_configuration=_managed(False),
                    s3_monitoring_configuration=APPLICATION.S3MonitoringConfigurationProperty(
                        log_uri="s3://logs/"
                    ),
                )
            },
            [],
        ),
        ({"release_label": "7.13.0"}, [("ERROR", "releaseLabel")]),
        # Driver and first executor: 4 vCPU, 16 GB and 20 GB of disk each.
        ({"maximum_capacity": {"cpu": "8 vCPU", "memory": "32 GB", "disk": "40 GB"}}, []),
        (
            {"maximum_capacity": {"cpu": "4 vCPU", "memory": "16 GB"}},
            [("WARNING", "maximumCapacity")],
        ),
        (
            {"maximum_capacity": {"cpu": "8 vCPU", "memory": "31 GB"}},
            [("WARNING", "maximumCapacity")],
        ),
        (
            {"maximum_capacity": {"cpu": "8 vCPU", "memory": "32 GB", "disk": "39 GB"}},
            [("WARNING", "maximumCapacity")],
        ),
    ],
)
def test_an_application_of_the_app(settings: dict[str, Any], expected: list[Any]) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    application = interactive_application(stack, **settings)
    bench = Bench(app, stack, application, _role(stack))
    bench.session(**IDLE)
    assert _findings(bench) == expected


def _role(stack: cdk.Stack) -> Any:
    return cdk.aws_iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::123456789012:role/execution")


@pytest.mark.parametrize(
    ("spark", "fits"),
    [
        ({"spark.driver.cores": "2", "spark.driver.memory": "6g"}, True),
        ({"spark.driver.cores": "2", "spark.driver.memory": "7168"}, True),
        ({"spark.driver.cores": "2", "spark.driver.memory": "8g"}, False),
        ({"spark.driver.cores": "4", "spark.driver.memory": "6g"}, False),
        (
            {
                "spark.driver.cores": "2",
                "spark.driver.memory": "6g",
                "spark.driver.memoryOverhead": "4g",
            },
            False,
        ),
    ],
)
def test_what_the_sessions_driver_needs(spark: dict[str, str], fits: bool) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    application = interactive_application(
        stack, maximum_capacity={"cpu": "3 vCPU", "memory": "10 GB"}
    )
    bench = Bench(app, stack, application, _role(stack))
    executor = {"spark.executor.cores": "1", "spark.executor.memory": "1g"}
    bench.session(
        runtime_configuration=[Configuration("spark-defaults", {**executor, **spark})], **IDLE
    )
    assert _findings(bench) == ([] if fits else [("WARNING", "maximumCapacity")])


def test_the_application_as_it_is_in_the_end_counts(bench: Bench) -> None:
    bench.application.release_label = "emr-7.1.0"
    bench.session(**IDLE)
    bench.application.release_label = "emr-7.13.0"
    assert _findings(bench) == []


def test_what_is_known_at_deployment_only_passes(bench: Bench) -> None:
    parameter = cdk.CfnParameter(bench.stack, "Parameter")
    bench.application.release_label = parameter.value_as_string
    bench.application.type = parameter.value_as_string
    bench.application.interactive_configuration = cdk.Fn.condition_if("Condition", {}, {})
    bench.session(**IDLE)
    assert _findings(bench) == []


def test_an_application_from_elsewhere_is_not_judged(bench: Bench) -> None:
    imported = APPLICATION.from_application_id(bench.stack, "Imported", "00abc")
    bench.session(application=imported, **IDLE)
    assert _findings(bench) == []


def test_the_message_names_the_application(bench: Bench) -> None:
    bench.application.type = "HIVE"
    bench.session(**IDLE)
    ((_, message),) = _messages(bench)
    assert "[Stack/Application] type: 'HIVE', must be SPARK" in message


@pytest.mark.parametrize("at", ["session", "stack"])
def test_findings_can_be_acknowledged(bench: Bench, at: str) -> None:
    bench.application.type = "HIVE"
    bench.application.auto_start_configuration = APPLICATION.AutoStartConfigurationProperty(
        enabled=False
    )
    session = bench.session()
    cdk.Validations.of(session if at == "session" else bench.stack).acknowledge(
        *(
            cdk.Acknowledgment(id=f"{PREFIX}{name}", reason="known")
            for name in ("applicationType", "autoStart", "idleTimeout")
        )
    )
    assert _findings(bench) == []


def test_a_warning_can_be_acknowledged_by_annotations_as_it_is_printed(bench: Bench) -> None:
    session = bench.session()
    cdk.Annotations.of(session).acknowledge_warning(f"Annotation::{PREFIX}idleTimeout", "known")
    assert _findings(bench) == []


def test_without_an_idle_timeout_a_warning_says_what_happens(bench: Bench) -> None:
    bench.session()
    assert _findings(bench) == [("WARNING", "idleTimeout")]
    ((_, message),) = _messages(bench)
    assert "after an hour without work" in message


def test_an_idle_timeout_of_zero_is_explained(bench: Bench) -> None:
    bench.session(idle_timeout=cdk.Duration.minutes(0))
    assert _findings(bench) == [("WARNING", "idleTimeoutZero")]
    assert bench.properties()["IdleTimeoutMinutes"] == 0
