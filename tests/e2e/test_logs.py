"""``emr-session logs`` reads what a session's Spark wrote, from S3 and from CloudWatch Logs."""

import gzip
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from emr_session._command.main import main
from testbed.local_aws import LocalAws
from testbed.sessions import started

BUCKET = "sparks-logs"


@dataclass
class Time:
    """The machine's time, in which what is to happen happens when somebody waits."""

    to_happen: list[Callable[[], object]] = field(default_factory=list)

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:  # noqa: ARG002
        self.to_happen.pop(0)()


@pytest.fixture
def environment(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.env.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("environment")
def test_logs_prints_what_spark_wrote_to_s3(
    aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    monitoring = {"s3MonitoringConfiguration": {"logUri": f"s3://{BUCKET}/spark/"}}
    session = started(aws, {"clientToken": "in-s3", "monitoringConfiguration": monitoring})
    application_id, session_id = session["applicationId"], session["sessionId"]

    def write(file: str, *lines: str) -> None:
        s3.put_object(
            Bucket=BUCKET,
            Key=f"spark/applications/{application_id}/sessions/{session_id}/{file}.gz",
            Body=gzip.compress("".join(f"{line}\n" for line in lines).encode()),
        )

    assert main(["logs", session_id]) == 0
    assert "Spark has written nothing there yet." in capsys.readouterr().err

    write("SPARK_DRIVER/stderr", "one", "\tat two", "\x1b[31mthree")
    write("SPARK_DRIVER/archived/stderr_1", "older")
    write("SPARK_EXECUTOR/1/stdout", "elsewhere")
    assert main(["logs", session_id, "--lines", "2"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[-3:] == [
        "==> SPARK_DRIVER/stderr <==",
        "        at two",
        "\N{REPLACEMENT CHARACTER}[31mthree",
    ]
    assert main(["logs", session_id, "--executors"]) == 0
    assert "==> SPARK_EXECUTOR/1/stdout <==\nelsewhere\n" in capsys.readouterr().out

    clock = Time(
        [
            lambda: write("SPARK_DRIVER/stderr", "one", "\tat two", "three", "four"),
            lambda: write("SPARK_DRIVER/stdout", "five"),
            lambda: write("SPARK_DRIVER/stderr", "six"),
            lambda: aws.client("emr-serverless").terminate_session(
                applicationId=application_id, sessionId=session_id
            ),
            *(lambda: time.sleep(0.2) for _ in range(100)),
        ]
    )
    assert main(["logs", session_id, "--lines", "1", "--follow"], clock=clock) == 0
    followed = capsys.readouterr()
    lines = [line for line in followed.out.splitlines() if not line.startswith("==>")]
    assert lines[-3:] == ["four", "five", "six"]
    assert lines[-4].endswith("three")
    assert f"Session {session_id} is TERMINATED." in followed.err


@pytest.mark.usefixtures("environment")
def test_logs_prints_what_spark_wrote_to_cloudwatch(
    aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = aws.client("logs")
    group = {"logGroupName": "/teams/spark"}
    logs.create_log_group(**group)
    configured = {"enabled": True, "logStreamNamePrefix": "nightly", **group}
    monitoring = {"cloudWatchLoggingConfiguration": configured}
    session = started(aws, {"clientToken": "in-logs", "monitoringConfiguration": monitoring})
    application_id, session_id = session["applicationId"], session["sessionId"]
    for of in (session_id, "another"):
        name = f"nightly/applications/{application_id}/sessions/{of}/SPARK_DRIVER/stdout"
        stream = {**group, "logStreamName": name}
        logs.create_log_stream(**stream)
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": f"{line} of {of}"} for line in ("one", "two")]
        logs.put_log_events(**stream, logEvents=events)

    assert main(["logs", session_id, "--lines", "1"]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"==> SPARK_DRIVER/stdout <==\ntwo of {session_id}\n")
    assert main(["logs", session_id, "--lines", "0"]) == 0
    assert said.count("of another") == 0
    assert f"one of {session_id}\n" in capsys.readouterr().out


@pytest.mark.usefixtures("environment")
def test_what_of_sparks_logs_may_not_be_read_is_said(
    aws: LocalAws, capsys: pytest.CaptureFixture[str]
) -> None:
    monitoring = {"s3MonitoringConfiguration": {"logUri": "s3://of-nobody/spark"}}
    session = started(aws, {"clientToken": "refused", "monitoringConfiguration": monitoring})

    assert main(["logs", session["sessionId"]]) == 0
    said = capsys.readouterr()
    assert "s3://of-nobody/spark/applications/" in said.out
    assert "Spark's lines can't be read: " in said.err
    assert "NoSuchBucket" in said.err
