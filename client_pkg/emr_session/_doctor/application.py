"""Checks an application's settings and state, as GetApplication shows them.

The constructs check the same at synth, in the same words, of what an app declares.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._emr.aws import Aws
from .._emr.releases import find_release, takes_sessions
from .finding import Finding, ok, warning, wrong
from .question import Unanswered, ask

APPLICATION = "application"
AT_REST = ("CREATED", "STOPPED")
ONLY_AT_REST = (
    "Change it while the application is CREATED or STOPPED (aws emr-serverless stop-application)."
)


def read_application(aws: Aws, application_id: str, region: str) -> dict[str, Any] | Unanswered:
    """Ask the service for an application."""
    client = aws.emr_serverless(region)
    return ask(
        "emr-serverless:GetApplication",
        lambda: dict(client.get_application(applicationId=application_id)["application"]),
    )


def unread_application(application_id: str, region: str, unanswered: Unanswered) -> Finding:
    """What to say of an application that GetApplication doesn't show."""
    if unanswered.code == "ResourceNotFoundException":
        return wrong(
            APPLICATION,
            f"there is no application {application_id} in {region}",
            "Check the id, the account and the region: aws emr-serverless list-applications.",
        )
    return unanswered.finding(APPLICATION)


def application_findings(application: Mapping[str, Any]) -> Iterator[Finding]:
    """Judge its settings and its state."""
    yield from _kind(application)
    yield from _release(application)
    yield from _session_enabled(application)
    yield from _state(application)
    yield from _monitoring(application)
    yield from _network(application)


def _kind(application: Mapping[str, Any]) -> Iterator[Finding]:
    kind = application["type"]
    if kind.upper() == "SPARK":
        name = f" ({application['name']})" if application.get("name") else ""
        yield ok(APPLICATION, f"{application['applicationId']}{name}, of type SPARK")
    else:
        yield wrong(
            APPLICATION,
            f"type: {kind.upper()!r}, must be SPARK for sessions",
            "Use an application of type SPARK.",
        )


def _release(application: Mapping[str, Any]) -> Iterator[Finding]:
    label = application["releaseLabel"]
    if takes_sessions(label) is False:
        yield wrong(
            "release",
            f"releaseLabel: {label!r}, must be emr-7.13.0 or later, or an emr-spark-8 release",
            f"Set releaseLabel. {ONLY_AT_REST}",
        )
        return
    known = find_release(label)
    if known:
        yield ok("release", f"{label}, Spark {known.spark}")
    else:
        yield warning(
            "release",
            f"{label} is not known to this version of emr-session: its Spark isn't either",
            "Update emr-session, or compare versions with --connect.",
        )


def _session_enabled(application: Mapping[str, Any]) -> Iterator[Finding]:
    if application.get("interactiveConfiguration", {}).get("sessionEnabled"):
        yield ok("sessions", "interactiveConfiguration.sessionEnabled is true")
    else:
        yield wrong(
            "sessions",
            "interactiveConfiguration: sessionEnabled must be true for sessions",
            f"Set it to true. {ONLY_AT_REST}",
        )


def _state(application: Mapping[str, Any]) -> Iterator[Finding]:
    state = application["state"]
    starts = application.get("autoStartConfiguration", {}).get("enabled", True)
    start_it = f"aws emr-serverless start-application --application-id {_id(application)}"
    if state == "TERMINATED":
        yield wrong("state", "the application is TERMINATED", "Use another application.")
    elif state in AT_REST and not starts:
        yield wrong(
            "state",
            f"the application is {state}, and autoStartConfiguration: enabled is false",
            f"Start it ({start_it}), or set enabled to true.",
        )
    elif not starts:
        yield warning(
            "state",
            f"{state}, and autoStartConfiguration: enabled is false: a session can only be started "
            "while somebody else keeps the application started",
            f"Set enabled to true. {ONLY_AT_REST}",
        )
    elif state in ("CREATING", "STOPPING"):
        yield warning("state", f"the application is {state}", "Wait until it is at rest.")
    else:
        yield ok("state", f"the application is {state}, and starts by itself")


def _monitoring(application: Mapping[str, Any]) -> Iterator[Finding]:
    monitoring = application.get("monitoringConfiguration", {})
    managed = monitoring.get("managedPersistenceMonitoringConfiguration", {}).get("enabled", True)
    bucket = monitoring.get("s3MonitoringConfiguration", {}).get("logUri")
    if managed or bucket:
        yield ok("logs", f"kept in {bucket}" if bucket else "kept by the service for 30 days")
    else:
        yield wrong(
            "logs",
            "monitoringConfiguration: an interactive application needs managed persistence (on by "
            "default) or S3 logging",
            f"Turn one of them on. {ONLY_AT_REST}",
        )


def _network(application: Mapping[str, Any]) -> Iterator[Finding]:
    subnets = application.get("networkConfiguration", {}).get("subnetIds", [])
    if len(subnets) == 1:
        yield warning(
            "network",
            f"workers are in one subnet, {subnets[0]}: no session starts while its zone has no "
            "capacity or its addresses are used up",
            f"Name subnets of several Availability Zones. {ONLY_AT_REST}",
        )
    elif subnets:
        yield ok("network", f"workers are in {len(subnets)} subnets of a VPC")


def _id(application: Mapping[str, Any]) -> str:
    return str(application["applicationId"])
