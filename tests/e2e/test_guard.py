"""The guard example sends a message about a leftover session, and none without one."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from testbed.cdk_cli import ROOT, CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import LIVE, template

STACK = "EmrServerlessSessionGuard"
GONE = "arn:aws:cloudformation:us-east-1:000000000000:stack/Gone/7f0c"
OWNER = {"emr-serverless-session:stack-id": GONE, "emr-serverless-session:logical-id": "Session"}


@dataclass(frozen=True)
class Guard:
    """The deployed example, and a queue that its topic's messages come to."""

    aws: LocalAws
    function: str
    queue: str
    assembly: Path

    def look(self) -> dict[str, Any]:
        """Have it look, as its schedule does."""
        answer = self.aws.client("lambda").invoke(FunctionName=self.function)
        found: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, found
        return found

    def messages(self) -> list[str]:
        """What was published since the last time."""
        sqs = self.aws.client("sqs")
        received = sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
        found = []
        for message in received.get("Messages", []):
            sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"])["Message"])
        return found


@pytest.fixture(scope="module")
def guard(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guard]:
    assembly = tmp_path_factory.mktemp("guard") / "cdk.out"
    cdk_cli.synth(ROOT / "examples" / "guard" / "app.py", assembly)
    outputs = cdk_cli.deploy(assembly)
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    queue = aws.client("sqs").create_queue(
        QueueName=f"mails-{uuid.uuid4().hex}",
        Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})},
    )["QueueUrl"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    aws.client("sns").subscribe(
        TopicArn=outputs["TopicArn"],
        Protocol="sqs",
        Endpoint=attributes["Attributes"]["QueueArn"],
    )
    yield Guard(aws, outputs["FunctionName"], queue, assembly)
    cdk_cli.destroy(assembly)


@pytest.fixture(scope="module")
def application_id(aws: LocalAws) -> str:
    return str(
        aws.client("emr-serverless").create_application(
            type="SPARK",
            releaseLabel="emr-spark-8.1.0",
            interactiveConfiguration={"sessionEnabled": True},
        )["applicationId"]
    )


def test_a_session_that_is_left_is_published_until_it_ends_and_so_is_a_day_over_the_limit(
    guard: Guard, application_id: str
) -> None:
    assert guard.look()["strays"] == []
    assert guard.messages() == []

    client = guard.aws.client("emr-serverless")
    trusted = {"Service": "emr-serverless.amazonaws.com"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}
    role = guard.aws.client("iam").create_role(
        RoleName="guarded", AssumeRolePolicyDocument=json.dumps({"Statement": [trust]})
    )["Role"]["Arn"]
    asked = {"applicationId": application_id, "executionRoleArn": role}
    owned_by_nobody = client.start_session(**asked)
    left = client.start_session(**asked, tags=OWNER)
    kept = client.start_session(**asked, tags={**OWNER, "emr-serverless-session:retained": "true"})
    found = guard.look()
    assert len(found["strays"]) == 1, found
    (message,) = guard.messages()
    assert f"{left['arn']} is " in message
    assert "its stack" in message
    assert kept["arn"] not in message
    assert owned_by_nobody["arn"] not in message

    billed = 0.0
    while not billed:
        session = client.get_session(applicationId=application_id, sessionId=left["sessionId"])
        assert session["session"]["state"] in LIVE, session
        billed = session["session"].get("billedResourceUtilization", {}).get("vCPUHour", 0.0)
    for session in (owned_by_nobody, left, kept):
        client.terminate_session(applicationId=application_id, sessionId=session["sessionId"])
    assert guard.look()["strays"] == []
    assert guard.messages() == []

    # They have cost something, which is within the limit until that is zero.
    functions = guard.aws.client("lambda")
    settings = functions.get_function_configuration(FunctionName=guard.function)["Environment"]
    settings["Variables"]["DAILY_LIMIT_USD"] = "0"
    functions.update_function_configuration(FunctionName=guard.function, Environment=settings)
    assert guard.look()["cost"] > 0
    (message,) = guard.messages()
    assert "Sessions of the last 24 hours cost USD" in message


def test_its_role_reads_and_publishes_and_no_more(guard: Guard) -> None:
    resources = template(guard.assembly, STACK)["Resources"].values()
    (policy,) = [
        one["Properties"]["PolicyDocument"]["Statement"]
        for one in resources
        if one["Type"] == "AWS::IAM::Policy" and "sns:Publish" in str(one)
    ]
    actions = {action for one in policy for action in _listed(one["Action"])}
    assert actions == {
        "cloudformation:DescribeStackResource",
        "cloudformation:DescribeStacks",
        "emr-serverless:GetSession",
        "emr-serverless:ListApplications",
        "emr-serverless:ListSessions",
        "sns:Publish",
    }
    assert all(one["Resource"] != "*" for one in policy)
    (schedule,) = [one for one in resources if one["Type"] == "AWS::Scheduler::Schedule"]
    assert schedule["Properties"]["ScheduleExpression"] == "rate(6 hours)"


def _listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
