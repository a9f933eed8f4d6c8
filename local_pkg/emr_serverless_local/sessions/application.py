"""One EMR Serverless application: its configuration and its state over time.

Pure state: nothing here knows of requests, of other applications or of AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import Conflict, Validation
from .release import has_sessions
from .workers import amount, first_workers

AUTO_STOP_MINUTES = 15
STARTED_REFUSAL = (
    "Only the following configurations can be updated when an application is in STARTED state: "
    "schedulerConfiguration.maxConcurrentRuns, extendedSupportConfiguration, imageConfiguration, "
    "workerTypeSpecifications.imageConfiguration, maximumCapacity."
)

_SETTABLE = (
    "releaseLabel",
    "initialCapacity",
    "maximumCapacity",
    "autoStartConfiguration",
    "autoStopConfiguration",
    "networkConfiguration",
    "architecture",
    "imageConfiguration",
    "workerTypeSpecifications",
    "runtimeConfiguration",
    "monitoringConfiguration",
    "diskEncryptionConfiguration",
    "interactiveConfiguration",
    "schedulerConfiguration",
    "identityCenterConfiguration",
    "jobLevelCostAllocationConfiguration",
)


@dataclass
class Application:
    """An application. ``settle`` brings its state up to a given moment."""

    application_id: str
    arn: str
    settings: dict[str, Any]
    created_at: float
    engine: str = "SPARK"
    name: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "CREATED"
    state_details: str = ""
    updated_at: float = 0.0
    active_at: float = 0.0
    _next: tuple[float, str] | None = None

    @classmethod
    def create(
        cls, application_id: str, arn: str, params: Mapping[str, Any], now: float, seconds: float
    ) -> "Application":
        """A new application, CREATING until ``seconds`` are over."""
        engine = params["type"].upper()
        if engine not in ("SPARK", "HIVE"):
            raise Validation(f"Unsupported application type: {params['type']}")
        settings = {name: params[name] for name in _SETTABLE if name in params}
        _check(settings)
        made = cls(
            application_id,
            arn,
            settings,
            now,
            engine=engine,
            name=params.get("name"),
            tags=dict(params.get("tags", {})),
            updated_at=now,
        )
        made._move("CREATING", now, seconds, "CREATED")
        return made

    @property
    def auto_starts(self) -> bool:
        """Whether work that is asked of it starts it."""
        return bool(self.settings.get("autoStartConfiguration", {}).get("enabled", True))

    def settle(self, now: float, stop_seconds: float, working: bool) -> None:
        """Do what time alone does: finish starting and stopping, stop after idle minutes."""
        self._arrive(now)
        auto_stop = self.settings.get("autoStopConfiguration", {})
        if self.state == "STARTED" and not working and auto_stop.get("enabled", True):
            minutes = auto_stop.get("idleTimeoutMinutes", AUTO_STOP_MINUTES)
            idle_over = self.active_at + 60 * minutes
            if now >= idle_over:
                self._move("STOPPING", idle_over, stop_seconds, "STOPPED")
                self.state_details = "AUTO_STOPPING"
                self._arrive(now)

    def touch(self, moment: float) -> None:
        """Note that there was work until ``moment``."""
        self.active_at = max(self.active_at, moment)

    def start(self, now: float, seconds: float) -> None:
        """Start it, unless it is started or starting."""
        if self.state in ("STARTING", "STARTED"):
            return
        if self.state not in ("CREATED", "STOPPED"):
            raise Validation(f"Application {self.application_id} can't be started: {self.state}")
        self._move("STARTING", now, seconds, "STARTED")

    def stop(self, now: float, seconds: float) -> None:
        """Stop it, unless it is stopped or stopping."""
        if self.state in ("STOPPING", "STOPPED", "CREATED"):
            return
        if self.state not in ("STARTING", "STARTED"):
            raise Validation(f"Application {self.application_id} can't be stopped: {self.state}")
        self._move("STOPPING", now, seconds, "STOPPED")

    def update(self, params: Mapping[str, Any], now: float) -> None:
        """Change its settings, which takes a CREATED or STOPPED application but for some.

        Source of the sentence and of what may change: hashicorp/terraform-provider-aws
        issue 49109.
        """
        settings = {**self.settings, **{n: params[n] for n in _SETTABLE if n in params}}
        if self.state == "STARTED":
            if _fixed_while_started(settings) != _fixed_while_started(self.settings):
                raise Validation(STARTED_REFUSAL)
        else:
            self._require_at_rest("updated")
        _check(settings)
        self.settings = settings
        self.updated_at = now

    def delete(self, now: float) -> None:
        """Delete it, which takes a CREATED or STOPPED application."""
        self._require_at_rest("deleted")
        self._move("TERMINATED", now, 0, "TERMINATED")

    def require_session(self) -> None:
        """Refuse a session that this application can't take, for the reason that AWS has."""
        if self.engine != "SPARK":
            raise Validation("Sessions are supported for applications of type SPARK only")
        release = self.settings["releaseLabel"]
        if not has_sessions(release):
            raise Validation(
                "Sessions are supported for emr-7.13.0, emr-spark-8.0.0 and later, "
                f"not for {release}"
            )
        if not self.settings.get("interactiveConfiguration", {}).get("sessionEnabled"):
            raise Validation(
                f"Interactive sessions are not enabled for application {self.application_id}"
            )
        if self.state in ("CREATING", "STOPPING"):
            raise Conflict(f"Application {self.application_id} is in state {self.state}")
        if self.state == "TERMINATED":
            raise Validation(f"Application {self.application_id} is TERMINATED")
        if self.state in ("CREATED", "STOPPED") and not self.auto_starts:
            raise Validation(
                f"Application {self.application_id} is in state {self.state} and AutoStart is "
                "not enabled"
            )

    def fits(self, spark: Mapping[str, str]) -> bool:
        """Whether a driver and the executors it starts with are within the maximum capacity."""
        limit = self.settings.get("maximumCapacity", {})
        executors = spark.get("spark.executor.instances", "1")
        taken = first_workers(spark, int(executors) if executors.isdigit() else 1)
        if taken is None:
            return True
        limits = [amount(limit.get(name)) for name in ("cpu", "memory", "disk")]
        return all(
            most is None or needed <= most for needed, most in zip(taken, limits, strict=True)
        )

    def describe(self) -> dict[str, Any]:
        """What GetApplication says of it."""
        return {
            "applicationId": self.application_id,
            "arn": self.arn,
            "name": self.name,
            "type": self.engine.capitalize(),
            "state": self.state,
            "stateDetails": self.state_details,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "tags": self.tags,
            "architecture": "X86_64",
            "autoStartConfiguration": {"enabled": True},
            "autoStopConfiguration": {"enabled": True, "idleTimeoutMinutes": AUTO_STOP_MINUTES},
            **self.settings,
        }

    def _require_at_rest(self, verb: str) -> None:
        if self.state not in ("CREATED", "STOPPED"):
            raise Validation(
                f"Application {self.application_id} can't be {verb} in state {self.state}. "
                "It must be in one of the following states: [CREATED, STOPPED]"
            )

    def _move(self, state: str, at: float, seconds: float, then: str) -> None:
        self.state, self.state_details, self.updated_at = state, "", at
        self._next = (at + seconds, then)
        if seconds <= 0:
            self._arrive(at)

    def _arrive(self, now: float) -> None:
        if self._next and now >= self._next[0]:
            self.updated_at, self.state = self._next
            self._next = None
            if self.state == "STARTED":
                self.touch(self.updated_at)


def _fixed_while_started(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that a started application can't change."""
    fixed = {**settings}
    for name in ("extendedSupportConfiguration", "imageConfiguration", "maximumCapacity"):
        fixed.pop(name, None)
    scheduler = {**fixed.pop("schedulerConfiguration", {})}
    scheduler.pop("maxConcurrentRuns", None)
    fixed["schedulerConfiguration"] = scheduler
    workers = fixed.pop("workerTypeSpecifications", {})
    kept = {
        worker: {n: v for n, v in specification.items() if n != "imageConfiguration"}
        for worker, specification in workers.items()
    }
    fixed["workerTypeSpecifications"] = {worker: rest for worker, rest in kept.items() if rest}
    return fixed


def _check(settings: Mapping[str, Any]) -> None:
    """Refuse an interactive application that keeps no logs anywhere."""
    monitoring = settings.get("monitoringConfiguration", {})
    persistent = monitoring.get("managedPersistenceMonitoringConfiguration", {})
    logged = persistent.get("enabled", True) or "s3MonitoringConfiguration" in monitoring
    if settings.get("interactiveConfiguration", {}).get("sessionEnabled") and not logged:
        raise Validation(
            "Interactive sessions need S3 logging or managed persistence to be enabled"
        )
