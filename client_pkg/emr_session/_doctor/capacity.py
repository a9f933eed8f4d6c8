"""Checks the room for a session: the application's capacity and sessions, the account's vCPU.

A session that doesn't fit goes to FAILED with little more than "Session failed.".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .._emr.aws import Aws
from .._emr.configuration import runtime_configuration, spark_defaults
from .._emr.names import LIVE_STATES
from .._emr.releases import merges_configuration
from .._emr.workers import amount, first_workers
from .finding import Finding, ok, warning, wrong
from .question import Unanswered, ask

# Sessions at a time on an application, by default: EMR Serverless' user guide, "Endpoints and
# quotas". It is no quota of Service Quotas, so a raised one can't be read.
MAXIMUM_SESSIONS = 25
# "Max concurrent vCPUs per account" in Service Quotas.
VCPU_QUOTA = "L-D05C8A75"
# What Service Quotas gives an account that is new.
NEW_ACCOUNT_VCPU = 16


def settings_of(
    application: Mapping[str, Any] | None, session: Mapping[str, Any] | None
) -> dict[str, str]:
    """The Spark settings of a session: its own, on top of the application's where they merge.

    Args:
        application: As GetApplication shows it, if it could be asked for.
        session: As GetSession shows it, if there is one.
    """
    own = runtime_configuration(session or {})
    shown = application or {}
    if own and not merges_configuration(shown.get("releaseLabel", "")):
        return spark_defaults(own)
    return spark_defaults([*shown.get("runtimeConfiguration", ()), *own])


def capacity_findings(
    application: Mapping[str, Any], settings: Mapping[str, str]
) -> Iterator[Finding]:
    """Whether the application's maximum capacity has room for a driver and an executor."""
    limit = application.get("maximumCapacity")
    taken = first_workers(settings)
    if not limit or taken is None:
        return
    for name, needed, unit in (
        ("cpu", taken.cores, "vCPU"),
        ("memory", taken.memory_gb, "GB"),
        ("disk", taken.disk_gb, "GB"),
    ):
        available = amount(limit.get(name))
        if available is not None and needed > available:
            yield wrong(
                "capacity",
                f"maximumCapacity: {name} is {available:g} {unit}, and a session's driver and "
                f"first executor take {needed:g}",
                "The session fails without saying why. Raise maximumCapacity, or lower the cores "
                "and memory of spark.driver.* and spark.executor.*.",
            )
            return
    yield ok("capacity", f"at most {limit['cpu']}, {limit['memory']} for all its sessions together")


def read_live_sessions(
    aws: Aws, application_id: str, region: str
) -> list[dict[str, Any]] | Unanswered:
    """Ask for the live sessions of an application."""
    pages = aws.emr_serverless(region).get_paginator("list_sessions")
    return ask(
        "emr-serverless:ListSessions",
        lambda: [
            dict(summary)
            for page in pages.paginate(applicationId=application_id, states=list(LIVE_STATES))
            for summary in page["sessions"]
        ],
    )


def session_count_finding(live: Sequence[Mapping[str, Any]]) -> Finding:
    """Whether the application takes one more session."""
    said = f"{len(live)} of {MAXIMUM_SESSIONS} live on this application"
    if len(live) < MAXIMUM_SESSIONS:
        return ok("session quota", said)
    return wrong(
        "session quota",
        f"{said}: no more can start, if its quota is the service's default",
        "End sessions that nobody uses (emr-session list), or use another application.",
    )


def read_vcpu_quota(aws: Aws, region: str) -> float | Unanswered:
    """Ask Service Quotas for the account's vCPU: the applied quota, or else the default."""
    client = aws.of("service-quotas", region)
    which = {"ServiceCode": "emr-serverless", "QuotaCode": VCPU_QUOTA}
    applied = ask(
        "servicequotas:GetServiceQuota",
        lambda: float(client.get_service_quota(**which)["Quota"]["Value"]),
    )
    if not isinstance(applied, Unanswered) or applied.code != "NoSuchResourceException":
        return applied
    return ask(
        "servicequotas:GetAWSDefaultServiceQuota",
        lambda: float(client.get_aws_default_service_quota(**which)["Quota"]["Value"]),
    )


def vcpu_finding(quota: float, live: int, settings: Mapping[str, str], *, running: bool) -> Finding:
    """Whether the account's vCPU are enough for a session with an executor.

    Args:
        quota: The account's vCPU.
        live: How many sessions live on the application.
        settings: Spark's.
        running: Whether the session that is asked about is one of those.
    """
    driver, both = first_workers(settings, executors=0), first_workers(settings)
    if driver is None or both is None:
        return ok("vCPU quota", f"{quota:,g} for the account")
    others = (live - running) * driver.cores
    left = quota - others
    needed = both.cores
    said = f"{quota:,g} for the account"
    if others:
        said += f", at least {others} of them held by the drivers of other sessions here"
    raise_it = f"Raise quota {VCPU_QUOTA} of emr-serverless in Service Quotas"
    if left < needed:
        return wrong(
            "vCPU quota",
            f"{said}; a driver and an executor need {needed}",
            f"{raise_it}, end other sessions, or start smaller workers.",
        )
    if quota <= NEW_ACCOUNT_VCPU:
        executors = int((left - driver.cores) // (both.cores - driver.cores))
        plural = "executors" if executors > 1 else "executor"
        return warning(
            "vCPU quota",
            f"{said}, as for a new account: enough for a driver and {executors} {plural}",
            f"{raise_it} before sessions have to grow.",
        )
    return ok("vCPU quota", said)
