"""Several sessions on one application, each with the Spark configuration of its purpose."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.aws_emrserverless import CfnApplication
from constructs import Construct

from cdk_emr_serverless_session import Configuration, Session

# Purpose: how long it may be idle, and what it changes of Spark's defaults.
SESSIONS = {
    "Exploration": (
        cdk.Duration.minutes(30),
        {
            "spark.driver.cores": "2",
            "spark.driver.memory": "4g",
            "spark.executor.cores": "2",
            "spark.executor.memory": "4g",
            "spark.dynamicAllocation.maxExecutors": "4",
        },
    ),
    "Features": (
        cdk.Duration.hours(2),
        {
            "spark.executor.cores": "8",
            "spark.executor.memory": "48g",
            "spark.sql.shuffle.partitions": "400",
        },
    ),
    "Dashboards": (
        cdk.Duration.hours(4),
        {
            "spark.dynamicAllocation.enabled": "false",
            "spark.executor.instances": "1",
            "spark.scheduler.mode": "FAIR",
        },
    ),
}


class SeveralSessionsStack(cdk.Stack):
    """One application and one provider, however many sessions."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        application = CfnApplication(
            self,
            "Application",
            name="several-sessions",
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
        role = iam.Role(
            self, "ExecutionRole", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com")
        )
        for purpose, (idle_timeout, spark) in SESSIONS.items():
            session = Session(
                self,
                purpose,
                application=application,
                execution_role=role,
                session_name=purpose.lower(),
                idle_timeout=idle_timeout,
                runtime_configuration=[Configuration("spark-defaults", spark)],
            )
            cdk.Tags.of(session).add("purpose", purpose.lower())
            cdk.CfnOutput(self, f"{purpose}SessionId", value=session.session_id)
        cdk.CfnOutput(self, "ApplicationId", value=application.attr_application_id)


app = cdk.App()
SeveralSessionsStack(app, "EmrServerlessSessionSeveral")
app.synth()
