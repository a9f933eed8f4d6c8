"""A session in another stack than its application: a platform team's and a product team's."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.aws_emrserverless import CfnApplication
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from constructs import Construct

from cdk_emr_serverless_session import Session


class PlatformStack(cdk.Stack):
    """The application, which outlives the sessions on it."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        self.application = CfnApplication(
            self,
            "Application",
            name="shared",
            type="SPARK",
            release_label="emr-spark-8.1.0",
            interactive_configuration=CfnApplication.InteractiveConfigurationProperty(
                session_enabled=True
            ),
            monitoring_configuration=CfnApplication.MonitoringConfigurationProperty(
                managed_persistence_monitoring_configuration=CfnApplication.ManagedPersistenceMonitoringConfigurationProperty(
                    enabled=True
                )
            ),
        )


class ProductStack(cdk.Stack):
    """A session on whatever application it is given, with a role of its own."""

    def __init__(self, scope: Construct, id: str, *, application: IApplicationRef) -> None:
        super().__init__(scope, id)
        role = iam.Role(
            self, "ExecutionRole", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com")
        )
        session = Session(
            self,
            "Session",
            application=application,
            execution_role=role,
            idle_timeout=cdk.Duration.minutes(30),
        )
        cdk.CfnOutput(self, "ApplicationId", value=session.application_id)
        cdk.CfnOutput(self, "SessionId", value=session.session_id)


app = cdk.App()
platform = PlatformStack(app, "EmrServerlessSessionPlatform")
# An application of another app: CfnApplication.from_application_arn(stack, "Application", arn).
ProductStack(app, "EmrServerlessSessionProduct", application=platform.application)
app.synth()
