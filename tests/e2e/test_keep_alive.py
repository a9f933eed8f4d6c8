"""A session that is kept alive on the local AWS by its own schedule.

A member of the team has PySpark on it all the while, and moves to the successor with it.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from testbed.apps import one_session
from testbed.cdk_cli import CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import USABLE, Deployment, until

HELD = "emr-serverless-session:held-arn"
EVERY_MINUTE = scheduler.ScheduleExpression.rate(cdk.Duration.minutes(1))
# Knows the parameter's name, and whatever its credentials let it ask for.
FOLLOWER = """
import sys
from emr_session import SessionMovedError, connect

spark = connect(sys.argv[1], follow=True)
print(spark.range(10).count(), flush=True)
for line in sys.stdin:
    try:
        print(spark.range(20).count(), flush=True)
    except SessionMovedError as moved:
        print(moved, flush=True)
"""


@pytest.fixture(scope="module")
def aws(aws_with_spark: LocalAws) -> LocalAws:
    return aws_with_spark


@pytest.fixture(scope="module")
def cdk_cli(cdk_cli_with_spark: CdkCli) -> CdkCli:
    return cdk_cli_with_spark


def kept_alive(stack: cdk.Stack, **options: Any) -> None:
    session = one_session(stack, **options)
    session.keep_alive(schedule=EVERY_MINUTE)
    member = iam.Role(stack, "Member", assumed_by=iam.AccountRootPrincipal())
    session.grants.connect(member)
    session.parameter.grant_read(member)
    cdk.CfnOutput(stack, "Parameter", value=session.parameter.parameter_name)
    cdk.CfnOutput(stack, "MemberArn", value=member.role_arn)


def usable_successor(deployment: Deployment) -> dict[str, Any] | None:
    return next((s for s in deployment.live() if s["state"] in USABLE), None)


@pytest.mark.slow
@pytest.mark.xdist_group("with Spark")
def test_a_schedule_keeps_a_session_alive_until_the_stack_goes(
    new_deployment: Callable[[], Deployment],
) -> None:
    deployment = new_deployment()
    outputs = deployment.deploy(partial(kept_alive, name="kept"))
    aws = deployment.aws
    parameter, emr = aws.client("ssm"), aws.client("emr-serverless")

    def named() -> str:
        value: str = parameter.get_parameter(Name=outputs["Parameter"])["Parameter"]["Value"]
        return value

    assert named() == outputs["SessionArn"]
    keys = keys_of(deployment, outputs["MemberArn"])
    with follower(aws, outputs["Parameter"], keys) as asked:
        emr.terminate_session(
            applicationId=outputs["ApplicationId"], sessionId=outputs["SessionId"]
        )

        successor = until(lambda: usable_successor(deployment), 120)
        assert successor["name"] == "kept"
        assert successor["tags"][HELD] == outputs["SessionArn"]
        assert until(lambda: named() == successor["arn"], 30)
        said = asked()
        assert outputs["SessionId"] in said
        assert f"now uses its successor {successor['sessionId']}" in said
        assert asked() == "20"
    _member_may_not_end(deployment, keys, successor)
    _let_the_schedule_call(deployment)
    assert [s["arn"] for s in deployment.live()] == [successor["arn"]]

    after = deployment.deploy(partial(kept_alive, name="kept", tags={"team": "a"}))
    assert after["SessionArn"] == successor["arn"]
    assert [s["arn"] for s in deployment.live()] == [successor["arn"]]
    assert named() == successor["arn"]

    deployment.destroy()
    assert deployment.live() == []
    with pytest.raises(parameter.exceptions.ParameterNotFound):
        named()


def _let_the_schedule_call(deployment: Deployment) -> None:
    """Send what the deployed schedule sends, as the Scheduler would in a minute."""
    aws = deployment.aws
    resources = aws.client("cloudformation").describe_stack_resources(StackName=deployment.name)
    (name,) = (
        resource["PhysicalResourceId"]
        for resource in resources["StackResources"]
        if resource["ResourceType"] == "AWS::Scheduler::Schedule"
    )
    target = aws.client("scheduler").get_schedule(Name=name)["Target"]
    called = target["Input"].replace(
        "<aws.scheduler.scheduled-time>", datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    )
    answer = aws.client("lambda").invoke(FunctionName=target["Arn"], Payload=called)
    assert "FunctionError" not in answer


def keys_of(deployment: Deployment, role_arn: str) -> dict[str, str]:
    """Credentials of a role, by the names that they have in an environment."""
    assumed = deployment.aws.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="member")
    keys = assumed["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
        "AWS_SESSION_TOKEN": keys["SessionToken"],
    }


@contextmanager
def follower(aws: LocalAws, parameter: str, keys: dict[str, str]) -> Iterator[Callable[[], str]]:
    """A program that is connected by a parameter's name; gives a way to have it ask for rows."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FOLLOWER, parameter],
        env={**aws.environment(), **keys},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdin is not None
        assert program.stdout is not None
        answers, questions = program.stdout, program.stdin
        assert answers.readline() == "10\n"

        def asked() -> str:
            questions.write("again\n")
            questions.flush()
            return answers.readline().strip()

        yield asked
        questions.close()
        assert program.wait(60) == 0


def _member_may_not_end(
    deployment: Deployment, keys: dict[str, str], session: dict[str, Any]
) -> None:
    client = deployment.aws.client(
        "emr-serverless", **{name.lower(): value for name, value in keys.items()}
    )
    with pytest.raises(client.exceptions.ClientError, match="not authorized"):
        client.terminate_session(
            applicationId=session["applicationId"], sessionId=session["sessionId"]
        )
