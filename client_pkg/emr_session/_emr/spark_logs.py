"""Spark's logs of a session, in S3 or CloudWatch Logs.

The places are published for job runs: ``applications/APPLICATION/jobs/JOB/SPARK_DRIVER/stderr.gz``
(https://docs.aws.amazon.com/emr/latest/EMR-Serverless-UserGuide/logging.html). What stands in place
of ``jobs`` for a session isn't, so that every folder of the application is looked into.
"""

from __future__ import annotations

import gzip
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from .aws import Aws
from .names import SessionArn

# What EMR Serverless writes to where an application names no group.
DEFAULT_GROUP = "/aws/emr-serverless"
_DRIVER = "SPARK_DRIVER"
# Files that Spark has filled, 128 MB each: stderr_1.gz and so on.
_ARCHIVED = "archived"


class SparkLog(Protocol):
    """A log of one worker: ``SPARK_DRIVER/stderr``.

    Attributes:
        name: The worker and the stream.
    """

    name: str

    def last(self, count: int) -> list[str]:
        """The last lines; all of them if ``count`` is 0.

        Raises:
            botocore.exceptions.ClientError: S3 or CloudWatch Logs refuses them.
        """
        ...

    def more(self) -> list[str]:
        """The lines that came since the last look.

        Raises:
            botocore.exceptions.ClientError: S3 or CloudWatch Logs refuses them.
        """
        ...


def s3_folder(application: Mapping[str, Any]) -> str | None:
    """The folder of an application's logs, as an ``s3://`` URI; None where there is none."""
    monitoring = application.get("monitoringConfiguration", {})
    uri = monitoring.get("s3MonitoringConfiguration", {}).get("logUri")
    return f"{uri.rstrip('/')}/applications/{application['applicationId']}/" if uri else None


def log_group(application: Mapping[str, Any]) -> tuple[str, str] | None:
    """The log group of an application, and what its streams begin with, if it has one."""
    configured = application.get("monitoringConfiguration", {}).get(
        "cloudWatchLoggingConfiguration"
    )
    if not configured or not configured.get("enabled"):
        return None
    return configured.get("logGroupName") or DEFAULT_GROUP, configured.get(
        "logStreamNamePrefix", ""
    )


def spark_logs(
    aws: Aws, arn: SessionArn, application: Mapping[str, Any], *, executors: bool
) -> list[SparkLog]:
    """The logs of a session that there are: the driver's first.

    Args:
        aws: The clients.
        arn: The session.
        application: Its application, as GetApplication describes it.
        executors: Whether those of executors are wanted, too.

    Raises:
        botocore.exceptions.ClientError: S3 refuses ``ListBucket``, or CloudWatch Logs
            ``DescribeLogStreams``.
    """
    found: list[SparkLog] = []
    folder, group = s3_folder(application), log_group(application)
    if folder:
        found += _in_s3(aws.of("s3", arn.region), folder, arn.session_id)
    elif group:
        found += _in_cloudwatch(aws.of("logs", arn.region), *group, arn)
    wanted = [one for one in found if executors or one.name.startswith(_DRIVER)]
    return sorted(wanted, key=lambda one: (not one.name.startswith(_DRIVER), one.name))


class _S3Log:
    """A file, which is written again every 15 seconds while the session lives."""

    def __init__(self, client: Any, bucket: str, key: str, name: str) -> None:
        self.name = name
        self._client = client
        self._file = {"Bucket": bucket, "Key": key}
        self._version = ""
        self._seen = 0

    def last(self, count: int) -> list[str]:
        kept: deque[str] = deque(maxlen=count or None)
        lines = 0
        for line in self._lines():
            kept.append(line)
            lines += 1
        self._seen = lines
        return list(kept)

    def more(self) -> list[str]:
        if self._client.head_object(**self._file)["ETag"] == self._version:
            return []
        lines = list(self._lines())
        # Spark begins a new file when one is full.
        begin = self._seen if len(lines) >= self._seen else 0
        self._seen = len(lines)
        return lines[begin:]

    def _lines(self) -> Iterator[str]:
        answer = self._client.get_object(**self._file)
        self._version = answer["ETag"]
        with gzip.open(answer["Body"], "rt", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield line.rstrip("\n")


class _CloudWatchLog:
    """A stream of a log group."""

    def __init__(self, client: Any, group: str, stream: str, name: str) -> None:
        self.name = name
        self._client = client
        self._stream = {"logGroupName": group, "logStreamName": stream}
        self._token: str | None = None

    def last(self, count: int) -> list[str]:
        if not count:
            return self.more()
        answer = self._client.get_log_events(**self._stream, limit=count, startFromHead=False)
        self._token = answer["nextForwardToken"]
        return _messages(answer)

    def more(self) -> list[str]:
        found: list[str] = []
        while True:
            token = {"nextToken": self._token} if self._token else {}
            answer = self._client.get_log_events(**self._stream, **token, startFromHead=True)
            found += _messages(answer)
            # The same token again is the end.
            if answer["nextForwardToken"] == self._token:
                return found
            self._token = answer["nextForwardToken"]


def _messages(answer: Mapping[str, Any]) -> list[str]:
    return [line for event in answer["events"] for line in event["message"].splitlines()]


def _in_s3(client: Any, folder: str, session_id: str) -> Iterator[SparkLog]:
    url = urlsplit(folder)
    bucket, prefix = url.netloc, url.path.lstrip("/")
    pages = client.get_paginator("list_objects_v2")
    kinds = [
        kind["Prefix"]
        for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
        for kind in page.get("CommonPrefixes", ())
    ]
    for kind in kinds:
        own = f"{kind}{session_id}/"
        for page in pages.paginate(Bucket=bucket, Prefix=own):
            for file in page.get("Contents", ()):
                name = file["Key"].removeprefix(own)
                if name.endswith(".gz") and f"/{_ARCHIVED}/" not in name:
                    yield _S3Log(client, bucket, file["Key"], name.removesuffix(".gz"))


def _in_cloudwatch(client: Any, group: str, prefix: str, arn: SessionArn) -> Iterator[SparkLog]:
    pages = client.get_paginator("describe_log_streams")
    within = {"logStreamNamePrefix": prefix} if prefix else {}
    for page in pages.paginate(logGroupName=group, **within):
        for stream in page["logStreams"]:
            _, own, name = stream["logStreamName"].partition(f"/{arn.session_id}/")
            if own:
                yield _CloudWatchLog(client, group, stream["logStreamName"], name)
