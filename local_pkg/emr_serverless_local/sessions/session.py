"""One EMR Serverless session: its state over time, from SUBMITTED to TERMINATED.

Pure state: nothing here knows of requests, of other sessions or of AWS.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..names import OVER_STATES, USABLE_STATES

DEFAULT_IDLE_MINUTES = 60
MAXIMUM_SECONDS = 24 * 3600
# What the service starts a driver with by default, and bills. Executors aren't imitated.
DRIVER_VCPU = 4
DRIVER_MEMORY_GB = 16
# A session that nobody has given work to is said to be STARTED at first, then IDLE.
IDLE_AFTER_SECONDS = 60


@dataclass
class Session:
    """A session. ``settle`` brings its state up to a given moment.

    ``usable_at`` is when it will be STARTED, or FAILED if ``failure`` is set;
    ``starting_at`` is when it leaves SUBMITTED. While it ``waits`` for what is
    behind it, it isn't STARTED at any time.
    """

    application_id: str
    session_id: str
    arn: str
    request: Mapping[str, Any]
    release: str
    created_by: str
    created_at: float
    starting_at: float
    usable_at: float
    stop_seconds: float
    failure: str | None = None
    waits: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    state: str = "SUBMITTED"
    state_details: str = "Session submitted."
    updated_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    idle_since: float | None = None
    settled_at: float = 0.0

    def settle(self, now: float) -> None:
        """Do what time alone does."""
        self.settled_at = now
        if self.state == "SUBMITTED" and now >= self.starting_at:
            self._enter("STARTING", self.starting_at, "Session starting.")
        if self.state == "STARTING" and now >= self.usable_at and not self.waits:
            if self.failure is None:
                self._enter("STARTED", self.usable_at, "Session started.")
                self.started_at = self.idle_since = self.usable_at
            else:
                self._enter("FAILED", self.usable_at, self.failure)
                self.ended_at = self.usable_at
        if self.state in USABLE_STATES:
            self._grow_old(now)
        if self.state == "TERMINATING" and now >= self.updated_at + self.stop_seconds:
            self.ended_at = self.updated_at + self.stop_seconds
            self._enter("TERMINATED", self.ended_at, self.state_details)

    def come_up(self, now: float) -> None:
        """End the wait for what is behind it."""
        if self.waits:
            self.waits = False
            self.usable_at = max(self.usable_at, now)

    def fail(self, now: float, reason: str) -> None:
        """Fail, because its backing failed; unless it is over or ending."""
        if self.state not in OVER_STATES and self.state != "TERMINATING":
            self._enter("FAILED", now, f"Session failed. {reason}")
            self.ended_at = now

    def terminate(self, now: float, reason: str = "Session terminated by user.") -> None:
        """End it, unless it is over or ending."""
        if self.state not in OVER_STATES and self.state != "TERMINATING":
            self._enter("TERMINATING", now, reason)
            self.settle(now)

    def work(self, now: float) -> None:
        """Give it work: BUSY until ``rest``."""
        if self.state in USABLE_STATES:
            self._enter("BUSY", now, "Session busy.")
            self.idle_since = None

    def rest(self, now: float) -> None:
        """Let it be IDLE from now on."""
        if self.state in USABLE_STATES:
            self._enter("IDLE", now, "Session idle.")
            self.idle_since = now

    def describe(self) -> dict[str, Any]:
        """What GetSession says of it."""
        end = self.ended_at if self.ended_at is not None else self.updated_at
        return {
            "applicationId": self.application_id,
            "sessionId": self.session_id,
            "arn": self.arn,
            "name": self.request.get("name"),
            "state": self.state,
            "stateDetails": self.state_details,
            "releaseLabel": self.release,
            "executionRoleArn": self.request["executionRoleArn"],
            "createdBy": self.created_by,
            "createdAt": self.created_at,
            "updatedAt": self.updated_at,
            "startedAt": self.started_at,
            "endedAt": self.ended_at,
            "idleSince": self.idle_since if self.state in USABLE_STATES else None,
            "configurationOverrides": self.request.get("configurationOverrides"),
            "idleTimeoutMinutes": self.request.get("idleTimeoutMinutes", DEFAULT_IDLE_MINUTES),
            "tags": self.tags,
            "totalExecutionDurationSeconds": (
                int(end - self.started_at) if self.started_at is not None else None
            ),
            "billedResourceUtilization": self._billed(),
        }

    def _billed(self) -> dict[str, float] | None:
        """What is billed so far: a driver of the default size, without executors."""
        if self.started_at is None:
            return None
        end = self.ended_at if self.ended_at is not None else self.settled_at
        hours = max(0.0, end - self.started_at) / 3600
        return {
            "vCPUHour": DRIVER_VCPU * hours,
            "memoryGBHour": DRIVER_MEMORY_GB * hours,
            "storageGBHour": 0.0,
        }

    def _grow_old(self, now: float) -> None:
        """Go IDLE, and end when idle for too long or simply too old."""
        if self.started_at is None:
            raise AssertionError("a usable session was started at some time")
        minutes = self.request.get("idleTimeoutMinutes", DEFAULT_IDLE_MINUTES)
        ends = [(self.started_at + MAXIMUM_SECONDS, "Session reached its maximum duration.")]
        if self.idle_since is not None and minutes > 0:
            ends.append((self.idle_since + 60 * minutes, "Session reached its idle timeout."))
        end, reason = min(ends)
        if now >= end:
            self.terminate(end, reason)
            self.settle(now)
        elif self.state == "STARTED" and now >= self.started_at + IDLE_AFTER_SECONDS:
            self._enter("IDLE", self.started_at + IDLE_AFTER_SECONDS, "Session idle.")

    def _enter(self, state: str, at: float, details: str) -> None:
        self.state, self.updated_at, self.state_details = state, at, details
