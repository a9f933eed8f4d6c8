"""A session for one run of a CI pipeline: deployed, queried, destroyed. See README.md beside it."""

import os

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.aws_emrserverless import CfnApplication
from constructs import Construct

from cdk_emr_serverless_session import Configuration, Session


class EphemeralStack(cdk.Stack):
    """All that a run needs and nothing that outlives it."""

    def __init__(self, scope: Construct, id: str, *, run: str) -> None:
        super().__init__(scope, id)
        application = CfnApplication(
            self,
            "Application",
            name=f"ci-{run}",
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
            # The most that a run can cost: a driver and two executors.
            maximum_capacity=CfnApplication.MaximumAllowedResourcesProperty(
                cpu="8 vCPU", memory="32 GB"
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
            session_name=f"ci-{run}",
            # What ends it when the runner dies before `cdk destroy`.
            idle_timeout=cdk.Duration.minutes(10),
            runtime_configuration=[
                Configuration(
                    "spark-defaults",
                    {
                        "spark.driver.cores": "2",
                        "spark.driver.memory": "4g",
                        "spark.executor.cores": "2",
                        "spark.executor.memory": "4g",
                        "spark.executor.instances": "2",
                        "spark.dynamicAllocation.maxExecutors": "2",
                    },
                )
            ],
        )
        cdk.Tags.of(self).add("ci-run", run)
        cdk.CfnOutput(self, "SessionArn", value=session.session_arn)
        cdk.CfnOutput(self, "ApplicationId", value=session.application_id)
        cdk.CfnOutput(self, "SessionId", value=session.session_id)


app = cdk.App()
run = os.environ.get("CI_RUN", "local")
EphemeralStack(app, f"EmrServerlessSessionCi-{run}", run=run)
app.synth()
