"""``logs``: where a session's logs are, and what the stack's function says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from .._emr.inventory import Owner, listed
from .._emr.stacks import region_of, resources_of, template_of
from .arguments import APPLICATION, SESSION, Span
from .command import DONE, command
from .invocation import Invocation
from .moments import moment

# What EMR Serverless writes to where an application names no group:
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html
_DEFAULT_GROUP = "/aws/emr-serverless"
_SINCE = timedelta(days=1)


@command(
    SESSION,
    APPLICATION,
    click.option(
        "--since",
        metavar="TIME",
        type=Span(),
        default=_SINCE,
        help="How far back to read the function's log: 30m, 12h, 7d (1d).",
    ),
)
def logs(run: Invocation, session: str | None, application: str | None, since: timedelta) -> int:
    """Where Spark's logs are, and what the stack's function logged about the session."""
    arn = run.locate(session, application)
    client = run.aws.emr_serverless(arn.region)
    found = listed(client.get_session(**arn.ids)["session"])
    described = client.get_application(applicationId=arn.application_id)["application"]
    places = list(_places(described, arn.application_id, arn.session_id))
    group = _function_group(run, found.owner) if found.owner else None
    begin = datetime.fromtimestamp(run.clock.now(), UTC) - since
    lines = list(_lines(run, group, found.owner, begin)) if group and found.owner else []
    if run.output.as_json:
        run.output.json({"spark": places, "log_group": group, "lines": lines})
        return DONE
    for place in places:
        run.output.line(f"Spark: {place}")
    if group:
        run.output.line(f"Function: {group}, {len(lines)} lines since {moment(begin)}")
    elif found.owner:
        run.output.line(
            f"Function: its log group isn't in stack {found.owner.stack_name}; see the stack of "
            "the shared provider"
        )
    for line in lines:
        run.output.line(f"{line['time']}  {line['message']}")
    return DONE


def _places(application: Mapping[str, Any], application_id: str, session_id: str) -> Iterator[str]:
    monitoring = application.get("monitoringConfiguration", {})
    uri = monitoring.get("s3MonitoringConfiguration", {}).get("logUri")
    if uri:
        yield f"{uri.rstrip('/')}/applications/{application_id}/, below which is {session_id}"
    cloudwatch = monitoring.get("cloudWatchLoggingConfiguration", {})
    if cloudwatch.get("enabled"):
        group = cloudwatch.get("logGroupName") or _DEFAULT_GROUP
        prefix = cloudwatch.get("logStreamNamePrefix")
        streams = f", streams {prefix}..." if prefix else ""
        yield f"log group {group}{streams}: aws logs tail {group}"
    # On by default.
    if monitoring.get("managedPersistenceMonitoringConfiguration", {}).get("enabled", True):
        yield f"kept by the service for 30 days: emr-session ui {application_id}/{session_id}"


def _function_group(run: Invocation, owner: Owner) -> str | None:
    """The log group of the function behind a session, where it is in the session's stack."""
    template = template_of(run.aws, owner.stack_id)
    token = template.get(owner.logical_id, {}).get("Properties", {}).get("ServiceToken", {})
    function = _referred(token)
    logging = template.get(function, {}).get("Properties", {}).get("LoggingConfig", {})
    group = _referred(logging.get("LogGroup", {}))
    for resource in resources_of(run.aws, owner.stack_id) or ():
        if resource.logical_id == group:
            return resource.physical_id
    return None


def _referred(reference: Any) -> str:
    """The logical id that a template's Ref or Fn::GetAtt refers to, else nothing."""
    if not isinstance(reference, Mapping):
        return ""
    return str(reference.get("Ref") or reference.get("Fn::GetAtt", [""])[0])


def _lines(run: Invocation, group: str, owner: Owner, begin: datetime) -> Iterator[dict[str, str]]:
    pages = run.aws.of("logs", region_of(owner.stack_id)).get_paginator("filter_log_events")
    for page in pages.paginate(
        logGroupName=group,
        filterPattern=f'"{owner.logical_id}"',
        startTime=int(begin.timestamp() * 1000),
    ):
        for event in page["events"]:
            time = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            yield {"time": moment(time) or "", "message": event["message"].rstrip()}
