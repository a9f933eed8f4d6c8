"""Checks of the session's application, if this app declares it.

The application is judged by the template, with what overrides and aspects made of it. Each finding
has a stable id and is attached to the session. It can be acknowledged there, or further up, with
``Validations.of(…).acknowledge``: errors too, because what is known here of the service may be
overtaken by the service.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import aws_cdk as cdk
from constructs import IConstruct

from .._emr.releases import read_release
from .._emr.workers import PROCESSES, amount, first_workers, worker
from .._template.findings import ID_PREFIX, Finding
from .._template.properties import RETAINING
from ..configuration import Configuration, spark_defaults
from .limits import known_later
from .request import minutes_of
from .spark import worker_findings

APPLICATION_TYPE = ID_PREFIX + "applicationType"
RELEASE_LABEL = ID_PREFIX + "releaseLabel"
SESSION_ENABLED = ID_PREFIX + "sessionEnabled"
AUTO_START = ID_PREFIX + "autoStart"
MONITORING = ID_PREFIX + "monitoring"
MAXIMUM_CAPACITY = ID_PREFIX + "maximumCapacity"
RETAINED_SESSION = ID_PREFIX + "retainedSession"
IDLE_TIMEOUT = ID_PREFIX + "idleTimeout"
IDLE_TIMEOUT_ZERO = ID_PREFIX + "idleTimeoutZero"
IDLE_TIMEOUT_LONG = ID_PREFIX + "idleTimeoutLong"

_SERVICE_LIMIT_MINUTES = 24 * 60


def explain_idle_timeout(session: IConstruct, idle_timeout: cdk.Duration | None) -> None:
    """Says what the service does to a session with no idle time-out, zero, or a very long one."""
    minutes = None if idle_timeout is None else minutes_of(idle_timeout)
    if minutes is None:
        cdk.Validations.of(session).add_warning(
            IDLE_TIMEOUT,
            "idle_timeout: not set; the service ends the session after an hour without work, and "
            "the stack doesn't notice. Until then its workers cost money. Set it to the longest "
            "break that users take.",
        )
    elif minutes == 0:
        cdk.Validations.of(session).add_warning(
            IDLE_TIMEOUT_ZERO,
            "idle_timeout: 0 minutes is in the service's range, but its reference doesn't say "
            "whether that ends the session as soon as it has nothing to do, or never. Set it to a "
            "minute or more to know; to have the service's hour, leave it out.",
        )
    elif minutes > _SERVICE_LIMIT_MINUTES:
        cdk.Validations.of(session).add_warning(
            IDLE_TIMEOUT_LONG,
            f"idle_timeout: {minutes:g} minutes; the service ends every session after 24 hours by "
            "default, idle or not. Write cdk.Duration.hours(24) or less.",
        )


class DeclaredApplication:
    """An application's resource in the template."""

    def __init__(self, path: str, resource: Mapping[str, Any]) -> None:
        """Takes the resource.

        Args:
            path: The application's path in the tree.
            resource: What the template says of it.
        """
        self._path = path
        self._resource = resource

    @property
    def auto_starts(self) -> bool:
        """Whether a session starts it; on unless it is switched off."""
        return self._get("AutoStartConfiguration", "Enabled") not in (False, "false")

    @property
    def is_retained(self) -> bool:
        """Whether it stays when its stack is deleted."""
        return self._resource.get("DeletionPolicy") in RETAINING

    def findings(self) -> list[Finding]:
        """What keeps every session from it."""
        return [self._located(finding) for finding in self._findings()]

    def findings_for(self, own: Sequence[Configuration], *, is_retained: bool) -> list[Finding]:
        """What keeps one session from it.

        Args:
            own: The session's own configuration.
            is_retained: Whether the session stays when its resource goes.
        """
        findings = []
        if is_retained and not self.is_retained:
            findings.append(
                Finding(
                    RETAINED_SESSION,
                    "removal_policy: RETAIN leaves the session running, and an application with a "
                    "session can't be deleted: destroying the application's stack fails until the "
                    "session is over. Retain the application too, or end the session first.",
                    False,
                )
            )
        spark = self._spark(own)
        if spark is not None:
            findings += self._capacity_findings(spark)
        located = [self._located(finding) for finding in findings]
        workers = [] if spark is None else list(worker_findings(spark, is_complete=True))
        # The session's own configuration is no fault of the application.
        return [*located, *(workers if own else map(self._located, workers))]

    def _located(self, finding: Finding) -> Finding:
        return Finding(finding.id, f"[{self._path}] {finding.message}", finding.is_error)

    def _get(self, *keys: str) -> Any:
        """A property; None when it isn't set, ``_LATER`` when it is known at deployment only."""
        value: Any = self._resource.get("Properties", {})
        for key in keys:
            if not isinstance(value, Mapping):
                return value
            value = _known(value.get(key))
        return value

    def _findings(self) -> Iterator[Finding]:
        kind = self._get("Type")
        if isinstance(kind, str) and kind.upper() != "SPARK":
            yield Finding(APPLICATION_TYPE, f"type: {kind!r}, must be SPARK for sessions.", True)
        release = self._get("ReleaseLabel")
        if isinstance(release, str):
            yield from _release_findings(release)
        if self._get("InteractiveConfiguration", "SessionEnabled") in (None, False, "false"):
            yield Finding(
                SESSION_ENABLED,
                "interactive_configuration: session_enabled must be true for sessions; write "
                "CfnApplication.InteractiveConfigurationProperty(session_enabled=True). It can "
                "only be changed while the application is stopped.",
                True,
            )
        if not self.auto_starts:
            yield Finding(
                AUTO_START,
                "auto_start_configuration: enabled is false, so the session can only be started "
                "while somebody else keeps the application started; and destroying its stack fails "
                "while it is started: write stop_application=True, or have it stopped before.",
                False,
            )
        managed = self._get(
            "MonitoringConfiguration", "ManagedPersistenceMonitoringConfiguration", "Enabled"
        )
        bucket = self._get("MonitoringConfiguration", "S3MonitoringConfiguration", "LogUri")
        if managed in (False, "false") and bucket is None:
            yield Finding(
                MONITORING,
                "monitoring_configuration: an interactive application needs managed persistence "
                "(on by default) or S3 logging.",
                True,
            )

    def _spark(self, own: Sequence[Configuration]) -> dict[str, Any] | None:
        """The properties that Spark starts with; None where that can't be told.

        A release merges the session's configuration into the application's, or replaces it.
        """
        mine = spark_defaults(own)
        configurations = self._get("RuntimeConfiguration")
        if configurations is None:
            return dict(mine)
        if not isinstance(configurations, list):
            return None
        theirs: dict[str, Any] = {}
        for configuration in configurations:
            if not isinstance(configuration, Mapping):
                return None
            if configuration.get("Classification") == "spark-defaults":
                properties = configuration.get("Properties") or {}
                theirs.update({key: _known(value) for key, value in properties.items()})
        if not own:
            return theirs
        label = self._get("ReleaseLabel")
        release = read_release(label) if isinstance(label, str) else None
        if release is None:
            return None
        return {**theirs, **mine} if release.merges_configuration else dict(mine)

    def _capacity_findings(self, spark: Mapping[str, Any]) -> Iterator[Finding]:
        """Whether driver and first executor have room: with less a session fails, saying little."""
        taken = first_workers(spark)
        asked = [worker(spark, process) for process in PROCESSES]
        if taken is None or any(one is None or one.size is None for one in asked):
            return  # Larger than any worker, which is a finding of its own.
        cores, memory, disk = taken
        for name, needed, unit in (
            ("Cpu", cores, "vCPU"),
            ("Memory", memory, "GB"),
            ("Disk", disk, "GB"),
        ):
            available = amount(self._get("MaximumCapacity", name))
            if available is not None and needed > available:
                yield Finding(
                    MAXIMUM_CAPACITY,
                    f"maximum_capacity: {name.lower()} is {available:g} {unit}, and a session's "
                    f"driver and first executor take {needed:g} ({cores:g} vCPU, {memory:g} GB, "
                    f"disk {disk:g} GB): the session fails without saying why. Raise it, or lower "
                    "spark.driver.* and spark.executor.* cores and memory.",
                    False,
                )
                return


class _Later:
    """A value that is only known at deployment."""


_LATER = _Later()


def _known(value: Any) -> Any:
    if isinstance(value, Mapping) and any(key == "Ref" or key.startswith("Fn::") for key in value):
        return _LATER
    return _LATER if isinstance(value, str) and known_later(value) else value


def _release_findings(label: str) -> Iterator[Finding]:
    release = read_release(label)
    if release is None and not label.startswith("emr-"):
        yield Finding(
            RELEASE_LABEL,
            f"release_label: {label!r}; write the whole label, such as 'emr-spark-8.1.0' or "
            "'emr-7.13.0'.",
            True,
        )
    elif release is not None and not release.takes_sessions:
        yield Finding(
            RELEASE_LABEL,
            f"release_label: {label!r}, must be emr-7.13.0 or later, or an emr-spark-8 release.",
            True,
        )
