"""A session that is kept alive, on the local AWS: its schedule fires by itself."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from tests.e2e.apps import one_session
from tests.e2e.deployment import USABLE, Deployment

HELD = "emr-serverless-session:held-arn"
EVERY_MINUTE = scheduler.ScheduleExpression.rate(cdk.Duration.minutes(1))


def kept_alive(stack: cdk.Stack, **options: Any) -> None:
    session = one_session(stack, **options)
    session.keep_alive(schedule=EVERY_MINUTE)
    member = iam.Role(stack, "Member", assumed_by=iam.AccountRootPrincipal())
    session.grants.connect(member)
    session.parameter.grant_read(member)
    cdk.CfnOutput(stack, "Parameter", value=session.parameter.parameter_name)
    cdk.CfnOutput(stack, "MemberArn", value=member.role_arn)


def until(found: Callable[[], Any], seconds: float) -> Any:
    """What is found, once it is: the schedule fires when the local AWS's own clock says so."""
    deadline = time.monotonic() + seconds
    while not (result := found()):
        assert time.monotonic() < deadline, "it was not found in time"
        time.sleep(1)
    return result


def usable_successor(deployment: Deployment) -> dict[str, Any] | None:
    return next((s for s in deployment.live() if s["state"] in USABLE), None)


@pytest.mark.slow
@pytest.mark.xdist_group("keep alive")
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
    emr.terminate_session(applicationId=outputs["ApplicationId"], sessionId=outputs["SessionId"])

    successor = until(lambda: usable_successor(deployment), 120)
    assert successor["name"] == "kept"
    assert successor["tags"][HELD] == outputs["SessionArn"]
    assert until(lambda: named() == successor["arn"], 30)
    _member_may_connect_to(deployment, outputs["MemberArn"], successor)

    after = deployment.deploy(partial(kept_alive, name="kept", tags={"team": "a"}))
    assert after["SessionArn"] == successor["arn"]
    assert [s["arn"] for s in deployment.live()] == [successor["arn"]]
    assert named() == successor["arn"]

    deployment.destroy()
    assert deployment.live() == []
    with pytest.raises(parameter.exceptions.ParameterNotFound):
        named()


def _member_may_connect_to(
    deployment: Deployment, member_arn: str, session: dict[str, Any]
) -> None:
    assumed = deployment.aws.client("sts").assume_role(RoleArn=member_arn, RoleSessionName="member")
    keys = assumed["Credentials"]
    client = deployment.aws.client(
        "emr-serverless",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    asked = {"applicationId": session["applicationId"], "sessionId": session["sessionId"]}
    assert client.get_session_endpoint(**asked)["endpoint"]
    with pytest.raises(client.exceptions.ClientError, match="not authorized"):
        client.terminate_session(**asked)
