"""An application, an execution role and a session: the shortest complete app."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.aws_emrserverless import CfnApplication
from constructs import Construct

from cdk_emr_serverless_session import Configuration, Session


class QuickstartStack(cdk.Stack):
    """A stack with an interactive application and one session on it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        application = CfnApplication(
            self,
            "Application",
            name="quickstart",
            type="SPARK",
            release_label="emr-spark-8.1.0",
            auto_start_configuration=CfnApplication.AutoStartConfigurationProperty(enabled=True),
            interactive_configuration=CfnApplication.InteractiveConfigurationProperty(
                session_enabled=True
            ),
            monitoring_configuration=CfnApplication.MonitoringConfigurationProperty(
                managed_persistence_monitoring_configuration=CfnApplication.ManagedPersistenceMonitoringConfigurationProperty(
                    enabled=True
                )
            ),
        )
        role = iam.Role(
            self, "ExecutionRole", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com")
        )
        session = Session(
            self,
            "Session",
            application=application,
            execution_role=role,
            session_name="quickstart",
            idle_timeout=cdk.Duration.minutes(30),
            runtime_configuration=[
                Configuration("spark-defaults", {"spark.sql.shuffle.partitions": "16"})
            ],
        )
        cdk.CfnOutput(self, "SessionArn", value=session.session_arn)
        cdk.CfnOutput(self, "SessionId", value=session.session_id)
        cdk.CfnOutput(self, "ApplicationId", value=session.application_id)


app = cdk.App()
QuickstartStack(app, "EmrServerlessSessionQuickstart")
app.synth()
