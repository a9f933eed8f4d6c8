"""A CDK app with many sessions, or with alternatives to them; run as a process of its own.

``python -m testbed.synth_app KIND COUNT`` prints the template's size and the seconds of each step.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any

SYNTH = "synth"
steps: dict[str, float] = {}
_last = time.perf_counter()


def step(name: str) -> None:
    """A step ends here."""
    global _last
    now = time.perf_counter()
    steps[name] = now - _last
    _last = now


# Loading the smallest of all jsii packages first starts Node.
import constructs._jsii  # noqa: E402, F401

step("import jsii, start Node")

import aws_cdk as cdk  # noqa: E402

step("import aws_cdk")

from aws_cdk import aws_emrserverless as emrserverless  # noqa: E402
from aws_cdk import aws_iam as iam  # noqa: E402

step("import aws_emrserverless, aws_iam")


def main(kind: str, count: int) -> None:
    """Build, synthesize and report."""
    from testbed.sizes import minified_bytes

    template = synthesized(kind, count)
    found = {"bytes": minified_bytes(template), "resources": len(template["Resources"])}
    print(json.dumps({**found, "steps": steps}))


def synthesized(kind: str, count: int) -> dict[str, Any]:
    """The template of an app with an application, a role, and so many of a kind."""
    declare = {
        "Session": sessions,
        "AwsCustomResource": aws_custom_resources,
        "AwsCustomResource, calls alone": calls_alone,
        "CustomResource": custom_resources,
        "Provider": behind_a_provider,
    }[kind]
    with tempfile.TemporaryDirectory() as folder:
        # CloudFormation takes 500 resources a stack, and so 248 AwsCustomResources at most.
        limit = {"@aws-cdk/core:stackResourceLimit": 1000}
        app = cdk.App(outdir=folder, analytics_reporting=False, context=limit)
        stack = cdk.Stack(app, "Stack")
        application = emrserverless.CfnApplication(
            stack,
            "Application",
            type="SPARK",
            release_label="emr-spark-8.1.0",
            interactive_configuration={"sessionEnabled": True},
            monitoring_configuration={
                "managedPersistenceMonitoringConfiguration": {"enabled": True}
            },
        )
        principal = iam.ServicePrincipal("emr-serverless.amazonaws.com")
        role = iam.Role(stack, "ExecutionRole", assumed_by=principal)
        step("app, stack, application, role")
        declare(stack, count, application, role)
        assembly = app.synth()
        template: dict[str, Any] = assembly.get_stack_by_name("Stack").template
        step(SYNTH)
    return template


def sessions(stack: cdk.Stack, count: int, application: Any, role: iam.Role) -> None:
    """This library."""
    from cdk_emr_serverless_session import Session

    step("import the library")
    from cdk_emr_serverless_session import SessionProvider
    from cdk_emr_serverless_session._provider.asset import handler_asset

    step("import aws_lambda, aws_ec2 and others, for the provider")
    handler_asset()
    step("stage the asset")
    SessionProvider.get_or_create(stack)
    step("the provider, once a stack")
    for number in range(count):
        Session(
            stack,
            f"Session{number:04}",
            application=application,
            execution_role=role,
            idle_timeout=cdk.Duration.minutes(30),
        )
        if number == 0:
            step("the first session")
    step("the other sessions")


def aws_custom_resources(stack: cdk.Stack, count: int, application: Any, role: iam.Role) -> None:
    """The CDK's AwsCustomResource: two SDK calls each, and the permissions that they take."""
    from aws_cdk import custom_resources as cr

    for number in range(count):
        allowed = (
            ("emr-serverless:StartSession", application.attr_arn),
            ("emr-serverless:TerminateSession", f"{application.attr_arn}/sessions/*"),
            ("iam:PassRole", role.role_arn),
        )
        policy = cr.AwsCustomResourcePolicy.from_statements(
            [iam.PolicyStatement(actions=[action], resources=[arn]) for action, arn in allowed]
        )
        _aws_custom_resource(stack, number, application, role, policy)


def calls_alone(stack: cdk.Stack, count: int, application: Any, role: iam.Role) -> None:
    """AwsCustomResource at its shortest: any resource, and iam:PassRole seen to elsewhere."""
    from aws_cdk import custom_resources as cr

    for number in range(count):
        policy = cr.AwsCustomResourcePolicy.from_sdk_calls(
            resources=cr.AwsCustomResourcePolicy.ANY_RESOURCE
        )
        _aws_custom_resource(stack, number, application, role, policy)


def _aws_custom_resource(
    stack: cdk.Stack, number: int, application: Any, role: iam.Role, policy: Any
) -> None:
    from aws_cdk import custom_resources as cr

    cr.AwsCustomResource(
        stack,
        f"Session{number:04}",
        resource_type="Custom::EMRServerlessSession",
        policy=policy,
        on_create=cr.AwsSdkCall(
            service="EMRServerless",
            action="startSession",
            parameters={
                "applicationId": application.ref,
                "executionRoleArn": role.role_arn,
                "idleTimeoutMinutes": 30,
            },
            physical_resource_id=cr.PhysicalResourceId.from_response("sessionId"),
        ),
        on_delete=cr.AwsSdkCall(
            service="EMRServerless",
            action="terminateSession",
            parameters={
                "applicationId": application.ref,
                "sessionId": cr.PhysicalResourceIdReference(),
            },
        ),
    )


def custom_resources(stack: cdk.Stack, count: int, application: Any, role: iam.Role) -> None:
    """The least there is: a CustomResource each, on a function that is there already."""
    token = "arn:aws:lambda:us-east-1:123456789012:function:provider"
    for number in range(count):
        cdk.CustomResource(
            stack,
            f"Session{number:04}",
            resource_type="Custom::EMRServerlessSession",
            service_token=token,
            properties={
                "ApplicationId": application.ref,
                "ExecutionRoleArn": role.role_arn,
                "IdleTimeoutMinutes": 30,
            },
        )


def behind_a_provider(stack: cdk.Stack, count: int, application: Any, role: iam.Role) -> None:
    """The CDK's Provider framework with two functions, as its documentation shows it."""
    from aws_cdk import aws_lambda as lambda_
    from aws_cdk import custom_resources as cr

    def handler(id: str) -> lambda_.Function:
        function = lambda_.Function(
            stack,
            id,
            code=lambda_.Code.from_inline("def handle(event, context): ..."),
            handler="index.handle",
            runtime=lambda_.Runtime.PYTHON_3_14,
        )
        for actions, arn in (
            (["emr-serverless:StartSession"], application.attr_arn),
            (
                ["emr-serverless:GetSession", "emr-serverless:TerminateSession"],
                f"{application.attr_arn}/sessions/*",
            ),
            (["iam:PassRole"], role.role_arn),
        ):
            statement = iam.PolicyStatement(actions=actions, resources=[arn])
            function.add_to_role_policy(statement)
        return function

    provider = cr.Provider(
        stack,
        "Provider",
        on_event_handler=handler("OnEvent"),
        is_complete_handler=handler("IsComplete"),
    )
    for number in range(count):
        cdk.CustomResource(
            stack,
            f"Session{number:04}",
            resource_type="Custom::EMRServerlessSession",
            service_token=provider.service_token,
            properties={
                "ApplicationId": application.ref,
                "ExecutionRoleArn": role.role_arn,
                "IdleTimeoutMinutes": 30,
            },
        )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
