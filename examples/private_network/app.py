"""Workers, provider and clients in a VPC without internet access, with PrivateLink."""

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk.aws_emrserverless import CfnApplication
from constructs import Construct

from cdk_emr_serverless_session import Session, SessionProvider

ADDRESSES = "10.0.0.0/16"
ENDPOINTS = {
    # The API of EMR Serverless, for the provider and for clients that ask for the endpoint.
    "Api": "emr-serverless",
    # The sessions' own endpoints, which PySpark connects to.
    "Sessions": "emr-serverless-services.sessions",
    # Where the provider asks whether a request is still wanted.
    "CloudFormation": "cloudformation",
}


class PrivateStack(cdk.Stack):
    """A session whose every connection stays in the VPC."""

    def __init__(self, scope: Construct, id: str) -> None:
        super().__init__(scope, id)
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr(ADDRESSES),
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(name="Private", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
            ],
        )
        isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
        # Data, and the answers to CloudFormation, go by S3's gateway.
        vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        workers = ec2.SecurityGroup(self, "Workers", vpc=vpc, description="Workers of Spark")
        endpoints = ec2.SecurityGroup(self, "Endpoints", vpc=vpc, description="Endpoints")
        endpoints.add_ingress_rule(ec2.Peer.ipv4(ADDRESSES), ec2.Port.tcp(443))
        for name, service in ENDPOINTS.items():
            # By private DNS the names that the service gives lead to the endpoint.
            vpc.add_interface_endpoint(
                name,
                service=ec2.InterfaceVpcEndpointAwsService(service),
                subnets=isolated,
                security_groups=[endpoints],
                open=False,
                private_dns_enabled=True,
            )

        application = CfnApplication(
            self,
            "Application",
            name="private",
            type="SPARK",
            release_label="emr-spark-8.1.0",
            interactive_configuration=CfnApplication.InteractiveConfigurationProperty(
                session_enabled=True
            ),
            monitoring_configuration=CfnApplication.MonitoringConfigurationProperty(
                managed_persistence_monitoring_configuration=(
                    CfnApplication.ManagedPersistenceMonitoringConfigurationProperty(enabled=True)
                )
            ),
            network_configuration=CfnApplication.NetworkConfigurationProperty(
                subnet_ids=vpc.select_subnets(
                    subnet_type=ec2.SubnetType.PRIVATE_ISOLATED
                ).subnet_ids,
                security_group_ids=[workers.security_group_id],
            ),
        )
        role = iam.Role(
            self, "ExecutionRole", assumed_by=iam.ServicePrincipal("emr-serverless.amazonaws.com")
        )
        SessionProvider.get_or_create(self, vpc=vpc, vpc_subnets=isolated)
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
PrivateStack(app, "EmrServerlessSessionPrivate")
app.synth()
