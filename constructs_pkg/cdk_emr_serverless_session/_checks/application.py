"""Checks of the application that a session is to run on, where this app declares it.

Each finding has a stable id and is attached to the session. It can be acknowledged there, or
further up, with ``Validations.of(…).acknowledge``: errors too, because what is known here of the
service may be overtaken by the service.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk.aws_emrserverless import CfnApplication
from constructs import IConstruct

from .._emr.memory import DEFAULT_CORES, process_mib
from .._emr.releases import read_release
from .._template.findings import ID_PREFIX, Finding, report
from .request import minutes_of

APPLICATION_TYPE = ID_PREFIX + "applicationType"
RELEASE_LABEL = ID_PREFIX + "releaseLabel"
SESSION_ENABLED = ID_PREFIX + "sessionEnabled"
AUTO_START = ID_PREFIX + "autoStart"
MONITORING = ID_PREFIX + "monitoring"
MAXIMUM_CAPACITY = ID_PREFIX + "maximumCapacity"
IDLE_TIMEOUT = ID_PREFIX + "idleTimeout"
IDLE_TIMEOUT_ZERO = ID_PREFIX + "idleTimeoutZero"


@dataclass(frozen=True)
class _Checked:
    session: IConstruct
    spark_settings: Mapping[str, str]


def check_application(
    application: CfnApplication, session: IConstruct, spark_settings: Mapping[str, str]
) -> None:
    """Has the application checked once the app is complete, for the session's sake.

    Args:
        application: The application, whose properties may still change.
        session: Where findings are attached.
        spark_settings: The session's own ``spark-defaults``, for what its driver needs.
    """
    checks = _checks.get(application)
    if checks is None:
        checks = _checks[application] = _ApplicationChecks(application)
        cdk.Aspects.of(application).add(checks, priority=cdk.AspectPriority.READONLY)
    checks.sessions.append(_Checked(session, spark_settings))


def explain_idle_timeout(session: IConstruct, idle_timeout: cdk.Duration | None) -> None:
    """Says what the service does to a session without an idle time-out, or with one of zero."""
    if idle_timeout is None:
        cdk.Validations.of(session).add_warning(
            IDLE_TIMEOUT,
            "idle_timeout: not set; the service ends the session after an hour without work, and "
            "the stack doesn't notice. Until then it costs what its workers cost. Set it to the "
            "time that a break may take.",
        )
    elif minutes_of(idle_timeout) == 0:
        cdk.Validations.of(session).add_warning(
            IDLE_TIMEOUT_ZERO,
            "idle_timeout: 0 minutes is in the service's range, but its reference doesn't say "
            "whether that ends the session as soon as it has nothing to do, or never. Set it to a "
            "minute or more to know; to have the service's hour, leave it out.",
        )


@jsii.implements(cdk.IAspect)
class _ApplicationChecks:
    """Looks at one application when everything else is done, for all sessions on it."""

    def __init__(self, application: CfnApplication) -> None:
        self._application = application
        self.sessions: list[_Checked] = []

    def visit(self, node: IConstruct) -> None:
        """Called by the CDK for the application."""
        if node.node.addr != self._application.node.addr:
            return
        settings = _Settings(self._application)
        findings = list(_findings(settings))
        for checked in self.sessions:
            for finding in (*findings, *_driver_findings(settings, checked.spark_settings)):
                located = replace(finding, message=f"[{node.node.path}] {finding.message}")
                report(checked.session, located)


_checks: WeakKeyDictionary[CfnApplication, _ApplicationChecks] = WeakKeyDictionary()


class _Settings:
    """The application's properties as far as they are known at synth."""

    def __init__(self, application: CfnApplication) -> None:
        self._application = application
        self._stack = cdk.Stack.of(application)
        self._found: dict[str, Any] = {}

    def get(self, name: str) -> Any:
        """A property in plain Python; ``None`` when it isn't set, ``_LATER`` when not known."""
        if name not in self._found:
            value = getattr(self._application, name)
            self._found[name] = _known(self._stack.resolve(value))
        return self._found[name]

    def field(self, name: str, *keys: str) -> Any:
        """A field inside a property."""
        value = self.get(name)
        for key in keys:
            if not isinstance(value, Mapping):
                return value
            value = _known(value.get(key))
        return value


class _Later:
    """A value that is only known at deployment."""


_LATER = _Later()


def _known(value: Any) -> Any:
    if isinstance(value, Mapping) and any(key == "Ref" or key.startswith("Fn::") for key in value):
        return _LATER
    return value


def _findings(settings: _Settings) -> Iterator[Finding]:
    kind = settings.get("type")
    if isinstance(kind, str) and kind.upper() != "SPARK":
        yield Finding(APPLICATION_TYPE, f"type: {kind!r}, must be SPARK for sessions.", True)
    release = settings.get("release_label")
    if isinstance(release, str):
        known = read_release(release)
        if known is not None and not known.takes_sessions:
            yield Finding(
                RELEASE_LABEL,
                f"release_label: {release!r}, must be emr-7.13.0 or later, or an emr-spark-8 "
                "release.",
                True,
            )
    if settings.field("interactive_configuration", "sessionEnabled") in (None, False):
        yield Finding(
            SESSION_ENABLED,
            "interactive_configuration: session_enabled must be true for sessions; it can only be "
            "changed while the application is stopped.",
            True,
        )
    if settings.field("auto_start_configuration", "enabled") is False:
        yield Finding(
            AUTO_START,
            "auto_start_configuration: enabled is false, so the session can only be started while "
            "somebody else keeps the application started.",
            False,
        )
    managed = settings.field(
        "monitoring_configuration", "managedPersistenceMonitoringConfiguration", "enabled"
    )
    bucket = settings.field("monitoring_configuration", "s3MonitoringConfiguration", "logUri")
    if managed is False and bucket is None:
        yield Finding(
            MONITORING,
            "monitoring_configuration: an interactive application needs managed persistence (on by "
            "default) or S3 logging.",
            True,
        )


def _driver_findings(settings: _Settings, own: Mapping[str, str]) -> Iterator[Finding]:
    cpu = _amount(settings.field("maximum_capacity", "cpu"))
    memory = _amount(settings.field("maximum_capacity", "memory"))
    if cpu is None and memory is None:
        return
    spark = {**_application_spark(settings), **own}
    cores = _amount(spark.get("spark.driver.cores", str(DEFAULT_CORES)))
    mib = process_mib(spark, "driver")
    gigabytes = None if mib is None else math.ceil(mib / 1024)
    for name, available, needed, unit in (
        ("cpu", cpu, cores, "vCPU"),
        ("memory", memory, gigabytes, "GB"),
    ):
        if available is not None and needed is not None and needed > available:
            yield Finding(
                MAXIMUM_CAPACITY,
                f"maximum_capacity: {name} is {available:g} {unit}, and a session's driver alone "
                f"needs {needed:g}: the session would fail without saying why.",
                False,
            )
            return


def _application_spark(settings: _Settings) -> dict[str, str]:
    configurations = settings.get("runtime_configuration")
    spark: dict[str, str] = {}
    for configuration in configurations if isinstance(configurations, list) else []:
        if configuration.get("classification") == "spark-defaults":
            properties = configuration.get("properties")
            spark.update(properties if isinstance(properties, Mapping) else {})
    return spark


def _amount(text: Any) -> float | None:
    """The number in a text such as ``16 GB`` or ``4 vCPU``."""
    pattern = r"\s*(\d+(?:\.\d+)?)\s*(vcpu|gb|g)?s?\s*"
    match = re.fullmatch(pattern, text, re.IGNORECASE) if isinstance(text, str) else None
    return None if match is None else float(match[1])
