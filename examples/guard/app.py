"""Sends email when sessions are left running, or when a day of them costs more than a limit."""

import os
import shutil
import tempfile
from pathlib import Path

import aws_cdk as cdk
import botocore
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

# List prices of us-east-1, x86: https://aws.amazon.com/emr/pricing/
PRICES = {
    "USD_PER_VCPU_HOUR": "0.052624",
    "USD_PER_GB_HOUR": "0.0057785",
    "USD_PER_STORAGE_GB_HOUR": "0.000111",
}


class GuardStack(cdk.Stack):
    """A function that looks four times a day at the sessions of this account and region."""

    def __init__(self, scope: Construct, id: str, *, mail: str, daily_limit_usd: float) -> None:
        super().__init__(scope, id)
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # Amazon SNS asks the owner of the address to confirm.
        topic.add_subscription(subscriptions.EmailSubscription(mail))

        function = lambda_.Function(
            self,
            "Guard",
            runtime=lambda_.Runtime.PYTHON_3_13,
            handler="guard.handle",
            code=_code(),
            timeout=cdk.Duration.minutes(5),
            memory_size=256,
            log_group=logs.LogGroup(
                self,
                "Log",
                retention=logs.RetentionDays.ONE_MONTH,
                removal_policy=cdk.RemovalPolicy.DESTROY,
            ),
            environment={
                "TOPIC_ARN": topic.topic_arn,
                "DAILY_LIMIT_USD": str(daily_limit_usd),
                "AWS_DATA_PATH": "/var/task/models",
                **PRICES,
            },
        )
        topic.grant_publish(function)
        for actions, resource in (
            (["ListApplications"], "/*"),
            (["ListSessions"], "/applications/*"),
            (["GetSession"], "/applications/*/sessions/*"),
        ):
            function.add_to_role_policy(
                iam.PolicyStatement(
                    actions=[f"emr-serverless:{action}" for action in actions],
                    resources=[
                        self.format_arn(
                            service="emr-serverless",
                            resource=resource,
                            arn_format=cdk.ArnFormat.NO_RESOURCE_NAME,
                        )
                    ],
                )
            )
        function.add_to_role_policy(
            iam.PolicyStatement(
                actions=["cloudformation:DescribeStacks", "cloudformation:DescribeStackResource"],
                resources=[
                    self.format_arn(service="cloudformation", resource="stack", resource_name="*")
                ],
            )
        )
        scheduler.Schedule(
            self,
            "Schedule",
            schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(6)),
            target=targets.LambdaInvoke(function),
        )
        cdk.CfnOutput(self, "FunctionName", value=function.function_name)
        cdk.CfnOutput(self, "TopicArn", value=topic.topic_arn)


def _code() -> lambda_.Code:
    """The function, and the model of EMR Serverless of the boto3 that is installed here.

    Lambda's own boto3 may be older than 1.42.94, the first that knows sessions.
    """
    folder = Path(tempfile.mkdtemp())
    shutil.copy(Path(__file__).parent / "guard.py", folder)
    model = Path(botocore.__file__).parent / "data" / "emr-serverless"
    shutil.copytree(model, folder / "models" / "emr-serverless")
    return lambda_.Code.from_asset(str(folder))


app = cdk.App()
GuardStack(
    app,
    "EmrServerlessSessionGuard",
    mail=os.environ.get("GUARD_MAIL", "somebody@example.com"),
    daily_limit_usd=float(os.environ.get("GUARD_DAILY_LIMIT_USD", "20")),
)
app.synth()
