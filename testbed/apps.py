"""Small stacks that tests and benchmarks deploy."""

from collections.abc import Mapping
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from cdk_emr_serverless_session import Configuration, Session

# Answers CloudFormation by itself: FAILED if it is told to, SUCCESS otherwise.
TRIPWIRE_CODE = """
import json, urllib.request

def handler(event, context):
    broken = event["RequestType"] != "Delete" and event["ResourceProperties"]["Broken"] == "true"
    answer = {
        "Status": "FAILED" if broken else "SUCCESS",
        "Reason": "the tripwire was told to break",
        "PhysicalResourceId": "tripwire",
        **{name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")},
    }
    urllib.request.urlopen(
        urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT")
    )
"""


def application(
    scope: cdk.Stack, construct_id: str = "Application", **properties: Any
) -> emrserverless.CfnApplication:
    """Add an application that takes sessions."""
    settings: dict[str, Any] = {
        "name": construct_id,
        "type": "SPARK",
        "release_label": "emr-spark-8.1.0",
        "interactive_configuration": {"sessionEnabled": True},
        **properties,
    }
    return emrserverless.CfnApplication(scope, construct_id, **settings)


def execution_role(scope: cdk.Stack, construct_id: str = "ExecutionRole") -> iam.Role:
    """Add a role for what runs in a session."""
    principal = iam.ServicePrincipal("emr-serverless.amazonaws.com")
    return iam.Role(scope, construct_id, assumed_by=principal)


def one_session(
    stack: cdk.Stack,
    *,
    idle_minutes: int = 60,
    tags: Mapping[str, str] | None = None,
    name: str | None = None,
    spark: Mapping[str, str] | None = None,
) -> Session:
    """Fill a stack with an application, a role and a session, and say in outputs which."""
    configuration = [Configuration("spark-defaults", dict(spark))] if spark else None
    session = Session(
        stack,
        "Session",
        application=application(stack),
        execution_role=execution_role(stack),
        session_name=name,
        idle_timeout=cdk.Duration.minutes(idle_minutes),
        runtime_configuration=configuration,
    )
    for key, value in (tags or {}).items():
        cdk.Tags.of(session).add(key, value)
    output(stack, session)
    return session


def session_that_does_not_fit(stack: cdk.Stack) -> None:
    """Fill a stack with a session whose workers the application has no room for."""
    Session(
        stack,
        "Session",
        application=application(stack, maximum_capacity={"cpu": "1 vCPU", "memory": "2 GB"}),
        execution_role=execution_role(stack),
    )


def output(stack: cdk.Stack, session: Session, prefix: str = "") -> None:
    """Add a session's attributes to the stack's outputs."""
    cdk.CfnOutput(stack, f"{prefix}SessionArn", value=session.session_arn)
    cdk.CfnOutput(stack, f"{prefix}SessionId", value=session.session_id)
    cdk.CfnOutput(stack, f"{prefix}ApplicationId", value=session.application_id)


def tripwire(stack: cdk.Stack, after: Session, *, broken: bool) -> cdk.CustomResource:
    """Add a resource that fails or not, once the session is there."""
    function = lambda_.Function(
        stack,
        "TripwireFunction",
        runtime=lambda_.Runtime.PYTHON_3_13,
        handler="index.handler",
        code=lambda_.Code.from_inline(TRIPWIRE_CODE),
    )
    resource = cdk.CustomResource(
        stack,
        "Tripwire",
        service_token=function.function_arn,
        properties={"Broken": broken},
        service_timeout=cdk.Duration.seconds(60),
    )
    resource.node.add_dependency(after)
    return resource
