"""A team's notebook: warm workers, one session, and a role that may connect to it."""

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_scheduler as scheduler
from aws_cdk.aws_emrserverless import CfnApplication
from constructs import Construct

from cdk_emr_serverless_session import Configuration, Session

# What the session asks for is what is kept warm: a worker of another size starts cold. Beside
# the memory of a worker there is Spark's overhead of a tenth, so 14g fit into 16 GB.
SPARK = {
    "spark.driver.cores": "4",
    "spark.driver.memory": "14g",
    "spark.executor.cores": "4",
    "spark.executor.memory": "14g",
    "spark.executor.instances": "2",
    "spark.dynamicAllocation.maxExecutors": "6",
}


class TeamNotebookStack(cdk.Stack):
    """An application that a team shares, with a session that its members connect to."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        worker = CfnApplication.WorkerConfigurationProperty(cpu="4 vCPU", memory="16 GB")
        application = CfnApplication(
            self,
            "Application",
            name="team-notebook",
            type="SPARK",
            release_label="emr-spark-8.1.0",
            architecture="ARM64",
            interactive_configuration=CfnApplication.InteractiveConfigurationProperty(
                session_enabled=True
            ),
            monitoring_configuration=CfnApplication.MonitoringConfigurationProperty(
                managed_persistence_monitoring_configuration=CfnApplication.ManagedPersistenceMonitoringConfigurationProperty(
                    enabled=True
                )
            ),
            # Billed while the application is started; it stops after 15 idle minutes.
            initial_capacity=[
                CfnApplication.InitialCapacityConfigKeyValuePairProperty(
                    key=kind,
                    value=CfnApplication.InitialCapacityConfigProperty(
                        worker_count=count, worker_configuration=worker
                    ),
                )
                for kind, count in (("Driver", 1), ("Executor", 2))
            ],
            maximum_capacity=CfnApplication.MaximumAllowedResourcesProperty(
                cpu="32 vCPU", memory="128 GB"
            ),
            auto_stop_configuration=CfnApplication.AutoStopConfigurationProperty(
                enabled=True, idle_timeout_minutes=15
            ),
        )

        data = s3.Bucket(
            self,
            "Data",
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
        )
        execution_role = iam.Role(
            self, "ExecutionRole", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com")
        )
        data.grant_read(execution_role)

        session = Session(
            self,
            "Session",
            application=application,
            execution_role=execution_role,
            session_name="team-notebook",
            idle_timeout=cdk.Duration.minutes(45),
            runtime_configuration=[Configuration("spark-defaults", SPARK)],
        )

        # Every quarter of an hour on weekdays: a session is there, or a successor starts.
        session.keep_alive(
            schedule=scheduler.ScheduleExpression.cron(
                minute="0/15", hour="8-17", week_day="MON-FRI", time_zone=cdk.TimeZone.EUROPE_BERLIN
            )
        )

        # Whoever connects acts as the execution role: here, reads the bucket.
        team = iam.Role(self, "TeamRole", assumed_by=iam.AccountPrincipal(self.account))
        session.grants.connect(team)
        session.grants.read(team)
        session.parameter.grant_read(team)

        cdk.Tags.of(self).add("team", "search")
        cdk.CfnOutput(self, "ApplicationId", value=session.application_id)
        cdk.CfnOutput(self, "SessionId", value=session.session_id)
        cdk.CfnOutput(self, "TeamRoleArn", value=team.role_arn)
        cdk.CfnOutput(self, "Parameter", value=session.parameter.parameter_name)


app = cdk.App()
TeamNotebookStack(app, "EmrServerlessSessionTeamNotebook")
app.synth()
