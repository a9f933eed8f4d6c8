"""The one function behind the sessions of a stack, with its role and its log group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from .._template.nag import acknowledge_vpc_policy, acknowledge_wildcard
from .asset import asset_folder

_VPC_POLICY = "service-role/AWSLambdaVPCAccessExecutionRole"


@dataclass(frozen=True)
class Network:
    """Where a function runs that runs in a VPC."""

    vpc: ec2.IVpc
    subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None


@jsii.implements(cdk.IStringProducer)
class ServedStacks:
    """The names of the stacks that a provider serves, or patterns for them."""

    def __init__(self) -> None:
        """Begins with the provider's own stack."""
        self.names = [cdk.Aws.STACK_NAME]

    def add(self, name: str) -> None:
        """Adds a stack. What is only known at deployment may stand for any name."""
        self.names.append("*" if cdk.Token.is_unresolved(name) else name)

    def produce(self, context: cdk.IResolveContext) -> str:  # noqa: ARG002
        """Called by the CDK when the template is written."""
        return cdk.Fn.join(",", self.names)


def log_group_of(scope: Construct, retention: logs.RetentionDays) -> logs.LogGroup:
    """The log group, which outlives its stack.

    A first deployment that fails is rolled back, and the reason on the screen names this group:
    it has to be there still. No deletion policy keeps a resource in the rollback of its creation
    and deletes it with its stack (RetainExceptOnCreate is the opposite), so it stays then too. Its
    lines go with the retention; what stays is an empty group, which costs nothing. Its name is
    CloudFormation's, so that it stands in the way of no later deployment.
    """
    return logs.LogGroup(
        scope, "Logs", retention=retention, removal_policy=cdk.RemovalPolicy.RETAIN
    )


def write_logs(log_group_arn: str, *, sid: str = "WriteLogs") -> iam.PolicyStatement:
    """Lets the function write its log, and no other."""
    return iam.PolicyStatement(
        sid=sid,
        actions=["logs:CreateLogStream", "logs:PutLogEvents"],
        resources=[log_group_arn],
    )


def is_named(log_group: logs.ILogGroup) -> bool:
    """Whether a log group was named after it was made: by an aspect, for one."""
    resource = log_group.node.default_child
    if not isinstance(resource, logs.CfnLogGroup):
        return False
    return resource.stack.resolve(resource.log_group_name) is not None


def handler_role(
    scope: Construct,
    *,
    early_statements: iam.PolicyDocument,
    own_log_group: bool,
    log_group: logs.ILogGroup,
    in_vpc: bool,
    boundary: iam.IManagedPolicy | None,
) -> iam.Role:
    """The function's role, with everything inline that names no application and no role.

    Nothing may be added to it afterwards (``add_to_policy``): the CDK would make a policy for it
    that the function waits for. What is awaited is in policies beside the role.
    """
    early_statements.add_statements(
        write_logs(_generated_names(log_group) if own_log_group else log_group.log_group_arn)
    )
    role = iam.Role(
        scope,
        "Role",
        description="Starts and ends EMR Serverless sessions",
        assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        inline_policies={"Handler": early_statements},
        # The network interfaces of a function in a VPC are made with the function's own role,
        # when the function is created: this has to be part of the role, not of a later policy.
        managed_policies=(
            [iam.ManagedPolicy.from_aws_managed_policy_name(_VPC_POLICY)] if in_vpc else None
        ),
        permissions_boundary=boundary,
    )
    if in_vpc:
        acknowledge_vpc_policy(role)
    if own_log_group:
        acknowledge_wildcard(
            role,
            _generated_names(log_group),
            "The log group's name is generated; a reference to it would have the role wait for it.",
        )
    return role


def handler_function(
    scope: Construct,
    *,
    role: iam.Role,
    log_group: logs.ILogGroup,
    timeout: cdk.Duration,
    network: Network | None,
    encryption: kms.IKey | None,
    served: ServedStacks,
) -> lambda_.Function:
    """The function that CloudFormation and schedules call.

    Its logical id never changes: the function is the service token of the stack's sessions, and
    CloudFormation refuses to change that ("Modifying service token is not allowed.").

    It depends on no policy, because sessions depend on the policies themselves. If its environment
    is encrypted, it depends on the policy for the key.
    """
    if encryption is not None:
        encryption.grant_decrypt(role)
    function = lambda_.Function(
        scope,
        "Function",
        description="Starts and ends EMR Serverless sessions for CloudFormation",
        code=lambda_.Code.from_asset(asset_folder(scope)),
        handler="session_handler.handler.handle",
        runtime=lambda_.Runtime.PYTHON_3_14,
        architecture=lambda_.Architecture.ARM_64,
        memory_size=256,
        timeout=timeout,
        role=role,
        environment={
            # It tells the sessions that the function made from others'.
            "ROLE_ARN": role.role_arn,
            # It tells a refusal that is meant from a policy that isn't in force yet.
            "SERVED_STACKS": cdk.Lazy.uncached_string(served),
        },
        log_group=log_group,
        environment_encryption=encryption,
        vpc=network.vpc if network else None,
        vpc_subnets=network.subnets if network else None,
        security_groups=list(network.security_groups)
        if network and network.security_groups is not None
        else None,
    )
    if network is not None:
        # Its ways to the services, endpoints among them, are there before the first session starts,
        # and stay until the last one has ended. The function's security group doesn't wait: rules
        # of the endpoints may refer to it.
        resource = function.node.default_child
        assert isinstance(resource, lambda_.CfnFunction)
        resource.node.add_dependency(network.vpc)
    return function


def schedule_role(
    scope: Construct, function: lambda_.IFunction, boundary: iam.IManagedPolicy | None
) -> iam.IRole:
    """The role that schedules call the function with; what it may do is inline."""
    role = iam.Role(
        scope,
        "ScheduleRole",
        description="Calls the function that keeps EMR Serverless sessions alive",
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            # A schedule stands for its group there.
            conditions={
                "StringEquals": {
                    "aws:SourceAccount": cdk.Aws.ACCOUNT_ID,
                    "aws:SourceArn": cdk.Stack.of(scope).format_arn(
                        service="scheduler", resource="schedule-group", resource_name="default"
                    ),
                }
            },
        ),
        inline_policies={
            "Invoke": iam.PolicyDocument(
                statements=[
                    iam.PolicyStatement(
                        actions=["lambda:InvokeFunction"], resources=[function.function_arn]
                    )
                ]
            )
        },
        permissions_boundary=boundary,
    )
    # The CDK's target would add the same once more, in a policy that schedules would wait for.
    return role.without_policy_updates()


def _generated_names(log_group: logs.ILogGroup) -> str:
    """The ARNs of the log groups that CloudFormation may make of a resource.

    It names them STACK-LOGICALID-SUFFIX. By reference the role would wait for the group.
    """
    stack = cdk.Stack.of(log_group)
    resource = log_group.node.default_child
    assert isinstance(resource, logs.CfnLogGroup)
    return stack.format_arn(
        service="logs",
        resource="log-group",
        resource_name=f"{cdk.Aws.STACK_NAME}-{resource.logical_id}-*:*",
        arn_format=cdk.ArnFormat.COLON_RESOURCE_NAME,
    )
