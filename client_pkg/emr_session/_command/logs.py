"""``logs``: the logs of a session's Spark and of the stack's function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import click
from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws_errors import is_temporary
from .._emr.inventory import Owner, listed
from .._emr.names import LIVE_STATES, SessionArn
from .._emr.session import describe
from .._emr.spark_logs import SparkLog, log_group, s3_folder, spark_logs
from .._emr.stacks import region_of, resources_of, template_of
from .arguments import APPLICATION, SESSION, Span
from .command import DONE, command
from .failure import failure
from .invocation import Invocation
from .times import timestamp

_SINCE = timedelta(days=1)
_LINES = 20
# EMR Serverless writes S3's files again so often:
# https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/rotating-logs.html
_FOLLOW_SECONDS = 15.0


@command(
    SESSION,
    APPLICATION,
    click.option(
        "--lines",
        metavar="NUMBER",
        type=click.IntRange(min=0),
        default=_LINES,
        help=f"The last so many of each of Spark's logs; 0 for all ({_LINES}).",
    ),
    click.option("--executors", is_flag=True, help="The executors' logs, too."),
    click.option(
        "--follow", is_flag=True, help="Go on with what Spark writes, until the session ends."
    ),
    click.option(
        "--since",
        metavar="TIME",
        type=Span(),
        default=_SINCE,
        help="How far back to read the function's log: 30m, 12h, 7d (1d).",
    ),
)
def logs(
    run: Invocation,
    session: str | None,
    application: str | None,
    lines: int,
    executors: bool,
    follow: bool,
    since: timedelta,
) -> int:
    """Show what the session's Spark wrote, and what the stack's function logged about it.

    Spark's logs are read from S3, or else from CloudWatch Logs, if the application writes them
    there. With managed persistence they are only in the Spark UI.
    """
    if follow and run.output.as_json:
        raise click.UsageError("--follow and --json can't be combined.")
    arn = run.locate(session, application)
    client = run.aws.emr_serverless(arn.region)
    found = listed(client.get_session(**arn.ids)["session"])
    described = client.get_application(applicationId=arn.application_id)["application"]
    places = list(_places(described, arn))
    group = _function_group(run, found.owner) if found.owner else None
    begin = datetime.fromtimestamp(run.clock.now(), UTC) - since
    own = list(_lines(run, group, found.owner, begin)) if group and found.owner else []
    reader = _Reader(run, arn, described, executors=executors)
    if run.output.as_json:
        written = {log.name: last for log, last in reader.last(lines)}
        document = {"spark": places, "spark_lines": written, "log_group": group, "lines": own}
        run.output.json(document)
        return DONE
    for place in places:
        run.output.line(f"Spark: {place}")
    if group:
        run.output.line(f"Function: {group}, {len(own)} lines since {timestamp(begin)}")
    elif found.owner:
        run.output.line(
            f"Function: its log group isn't in stack {found.owner.stack_name}; see the stack of "
            "the shared provider"
        )
    for line in own:
        run.output.line(f"{line['time']}  {line['message']}")
    for log, last in reader.last(lines):
        reader.print(log, last)
    if follow:
        reader.follow()
    return DONE


class _Reader:
    """Reads Spark's logs, and prints them as ``tail`` does: each under its name."""

    def __init__(
        self, run: Invocation, arn: SessionArn, application: Mapping[str, Any], *, executors: bool
    ) -> None:
        self._run = run
        self._arn = arn
        self._application = application
        self._executors = executors
        self._printed = ""
        self._known: dict[str, SparkLog] = {}

    def look(self) -> list[SparkLog]:
        """The logs there are; those that weren't there before last."""
        for log in spark_logs(
            self._run.aws, self._arn, self._application, executors=self._executors
        ):
            self._known.setdefault(log.name, log)
        return list(self._known.values())

    def last(self, lines: int) -> list[tuple[SparkLog, list[str]]]:
        """The last lines of each. What may not be read is said, and no failure."""
        try:
            found = [(log, log.last(lines)) for log in self.look()]
        except (BotoCoreError, ClientError) as error:
            self._run.output.note(f"Spark's lines can't be read: {failure(error, None)}")
            return []
        if not found and (s3_folder(self._application) or log_group(self._application)):
            self._run.output.note("Spark has written nothing there yet.")
        return found

    def print(self, log: SparkLog, lines: list[str]) -> None:
        """Print lines of a log, under its name unless it was the last one, too."""
        if not lines:
            return
        if self._printed != log.name:
            self._run.output.line(f"==> {log.name} <==")
            self._printed = log.name
        for line in lines:
            # Traces of the stack have tabs.
            self._run.output.line(line.expandtabs())

    def follow(self) -> None:
        """Print what comes, until the session has ended.

        Raises:
            botocore.exceptions.ClientError: The service, S3 or CloudWatch Logs refuses it.
        """
        live = True
        while live:
            self._run.clock.sleep(_FOLLOW_SECONDS)
            try:
                status = describe(self._run.aws, self._arn)
                known = set(self._known)
                for log in self.look():
                    self.print(log, log.more() if log.name in known else log.last(0))
            except (BotoCoreError, ClientError) as error:
                if not is_temporary(error):
                    raise
            else:
                live = status.state in (*LIVE_STATES, "TERMINATING")
        self._run.output.note(f"Session {self._arn.session_id} is {status.state}.")


def _places(application: Mapping[str, Any], arn: SessionArn) -> Iterator[str]:
    folder, group = s3_folder(application), log_group(application)
    if folder:
        yield f"{folder}, below which is {arn.session_id}"
    if group:
        streams = f", streams {group[1]}..." if group[1] else ""
        yield f"log group {group[0]}{streams}: aws logs tail {group[0]}"
    monitoring = application.get("monitoringConfiguration", {})
    # On by default.
    if monitoring.get("managedPersistenceMonitoringConfiguration", {}).get("enabled", True):
        yield (
            f"kept by the service for 30 days: emr-session ui {arn.application_id}/{arn.session_id}"
        )


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
            yield {"time": timestamp(time) or "", "message": event["message"].rstrip()}
