"""An app that uses every part of the public API, to be type-checked and synthesized."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler

from cdk_emr_serverless_session import (
    Configuration,
    ISession,
    Session,
    SessionAttributes,
    SessionGrants,
    SessionProvider,
)


def give(session: ISession, analyst: iam.IGrantable) -> list[iam.Grant]:
    """Takes any session, declared or imported."""
    grants: SessionGrants = session.grants
    return [grants.connect(analyst), grants.read(analyst), grants.terminate(analyst)]


app = cdk.App()
platform = cdk.Stack(app, "Platform")
vpc = ec2.Vpc(platform, "Vpc", max_azs=2)
provider = SessionProvider(
    platform,
    "Provider",
    total_timeout=cdk.Duration.minutes(10),
    log_retention=logs.RetentionDays.TWO_WEEKS,
    vpc=vpc,
    vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_WITH_EGRESS),
    security_groups=[ec2.SecurityGroup(platform, "SecurityGroup", vpc=vpc)],
    permissions_boundary=iam.ManagedPolicy.from_managed_policy_name(
        platform, "Boundary", "boundary"
    ),
    environment_encryption=kms.Key(platform, "Key"),
)
provider.serve(
    stack_name="Plain",
    application_arns=["arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00abc"],
    execution_role_arns=["arn:aws:iam::123456789012:role/execution"],
    tag_keys=["team"],
)

stack = cdk.Stack(app, "Sessions")
assert SessionProvider.of(stack) is None
own_provider = SessionProvider.get_or_create(
    stack, log_group=logs.LogGroup(stack, "Logs"), total_timeout=cdk.Duration.minutes(14)
)
application = emrserverless.CfnApplication.from_application_arn(
    stack, "Application", "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00abc"
)
role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com"))
session = Session(
    stack,
    "Session",
    application=application,
    execution_role=role,
    session_name="whole",
    idle_timeout=cdk.Duration.hours(1),
    runtime_configuration=[
        Configuration("spark-defaults", {"a": "b"}),
        Configuration(classification="outer", configurations=[Configuration("inner")]),
    ],
    tags={"team": "data"},
    removal_policy=cdk.RemovalPolicy.RETAIN,
    wait_until_ready=False,
    ensure_live_on_deploy=True,
    stop_application=True,
    provider=provider,
)
second = Session(stack, "Second", application=application, execution_role=role)
cdk.Tags.of(session).add("stage", "test")
office_hours: scheduler.Schedule = second.keep_alive(
    schedule=scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15)), id="OfficeHours"
)

analyst = iam.Role(stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
imported: list[ISession] = [
    Session.from_session_arn(
        stack,
        "ByArn",
        "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00abc/sessions/00def",
    ),
    Session.from_session_attributes(
        stack, "ByIds", SessionAttributes(application_id="00abc", session_id="00def")
    ),
]
for one in (session, second, *imported):
    for grant in give(one, analyst):
        grant.assert_success()
second.parameter.grant_read(analyst)

for name, value in (
    ("Arn", session.session_arn),
    ("Id", session.session_id),
    ("OnApplication", session.application_id),
    ("Token", own_provider.service_token),
    ("Timeout", str(own_provider.service_timeout.to_seconds())),
):
    cdk.CfnOutput(stack, f"Session{name}", value=value)
app.synth()
