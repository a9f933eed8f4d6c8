"""The custom resource provider that starts and ends the sessions of a stack."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import custom_resources as cr
from constructs import Construct, DependencyGroup, IConstruct, IDependable, IValidation

from ._checks.findings import ID_PREFIX, is_acknowledged
from ._provider.asset import handler_asset
from ._provider.permissions import HandlerPermissions
from ._template.nag import acknowledge_vpc_policy, acknowledge_waiter, acknowledge_wildcard
from .errors import SessionValidationError

_SINGLETON_ID = "EmrServerlessSessionProvider"

# A late Create can surprise a Delete for as long as on_event may run: that is kept short.
_FUNCTION_TIMEOUT = cdk.Duration.seconds(30)
_DEFAULT_QUERY_INTERVAL = cdk.Duration.seconds(10)
_DEFAULT_TOTAL_TIMEOUT = cdk.Duration.minutes(30)
_DEFAULT_LOG_RETENTION = logs.RetentionDays.ONE_MONTH

# CloudFormation gives up this long after the provider should have: then the provider is gone.
_ANSWER_GRACE_SECONDS = 120
# The longest that the Provider framework and a custom resource's ServiceTimeout allow.
_MAX_SECONDS = 3600

# How many managed policies IAM lets a role have, unless the account's quota was raised.
_POLICIES_OF_A_ROLE = 10
_MOST_POLICIES_OF_A_ROLE = 25
SHARED_PROVIDER = ID_PREFIX + "sharedProvider"


class SessionProviderOptions(TypedDict, total=False):
    """The options of ``SessionProvider``; see there."""

    query_interval: cdk.Duration | None
    total_timeout: cdk.Duration | None
    log_group: logs.ILogGroup | None
    log_retention: logs.RetentionDays | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    permissions_boundary: iam.IManagedPolicy | None
    environment_encryption: kms.IKey | None


class SessionProvider(Construct):
    """The functions, role and waiter behind the sessions of a stack.

    A stack has one, however many sessions it has, and sessions find it by themselves. Make one
    by hand to set its options, or to share one between the stacks of an app, and pass it to the
    sessions as ``provider``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        query_interval: cdk.Duration | None = None,
        total_timeout: cdk.Duration | None = None,
        log_group: logs.ILogGroup | None = None,
        log_retention: logs.RetentionDays | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        environment_encryption: kms.IKey | None = None,
    ) -> None:
        """Makes the provider's functions, roles and state machine.

        Args:
            scope: Where the provider belongs.
            id: The provider's id in its scope.
            query_interval: Time between two looks at a session that is on its way, a whole number
                of them in ``total_timeout``. Default: 10 seconds.
            total_timeout: How long a session may take to start or to end, at most one hour.
                Default: 30 minutes.
            log_group: Where all functions log. Default: a new one, removed with the provider.
            log_retention: How long the new log group keeps its lines. Default: one month.
            vpc: The VPC that all functions run in. It needs a way to EMR Serverless, Lambda, Step
                Functions and S3, where CloudFormation waits for the answer. Default: none.
            vpc_subnets: The subnets in the VPC. Default: the private ones.
            security_groups: The functions' security groups. Default: a new one a function.
            permissions_boundary: The boundary of every role made here. Default: none.
            environment_encryption: The key for the functions' environment variables.
                Default: Lambda's own.

        Raises:
            SessionValidationError: Options contradict each other or exceed a limit.
        """
        super().__init__(scope, id)
        query_interval = query_interval or _DEFAULT_QUERY_INTERVAL
        total_timeout = total_timeout or _DEFAULT_TOTAL_TIMEOUT
        in_vpc = {"vpc_subnets": vpc_subnets, "security_groups": security_groups}
        without_vpc = [name for name, value in in_vpc.items() if vpc is None and value is not None]
        self._check(query_interval, total_timeout, log_group, log_retention, without_vpc)

        self._total_seconds = int(total_timeout.to_seconds())
        self._service_timeout = cdk.Duration.seconds(
            min(self._total_seconds + _ANSWER_GRACE_SECONDS, _MAX_SECONDS)
        )
        self._interval_seconds = int(query_interval.to_seconds())
        self._log_group = log_group or logs.LogGroup(
            self,
            "Logs",
            retention=log_retention or _DEFAULT_LOG_RETENTION,
            removal_policy=cdk.RemovalPolicy.DESTROY,
        )
        self._vpc = vpc
        self._vpc_subnets = vpc_subnets
        self._security_groups = list(security_groups) if security_groups is not None else None
        self._environment_encryption = environment_encryption
        self._keep_alive_function: lambda_.IFunction | None = None
        self._keep_alive_role: iam.Role | None = None
        self._permissions: dict[str, _StackPermissions] = {}
        self._permissions_by_stack: dict[cdk.Stack, _StackPermissions] = {}
        if permissions_boundary is not None:
            iam.PermissionsBoundary.of(self).apply(permissions_boundary)

        self._handler_role = self._function_role("HandlerRole")
        on_event = self._handler("OnEvent", "on_event")
        is_complete = self._handler("IsComplete", "is_complete")
        on_event_role = self._function_role("FrameworkOnEventRole")
        waiter_role = self._function_role("FrameworkWaiterRole")
        self._framework = cr.Provider(
            self,
            "Framework",
            on_event_handler=on_event,
            is_complete_handler=is_complete,
            query_interval=query_interval,
            total_timeout=total_timeout,
            framework_on_event_role=on_event_role,
            framework_complete_and_timeout_role=waiter_role,
            log_group=self._log_group,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
            security_groups=self._security_groups,
            provider_function_env_encryption=environment_encryption,
        )
        self._service_token = self._framework.service_token
        for role in (on_event_role, waiter_role):
            for handler in (on_event, is_complete):
                self._acknowledge_versions(role, handler)
        self._acknowledge_waiter()
        self.node.add_validation(_ManagedPolicies(self))

    @classmethod
    def get_or_create(
        cls, scope: Construct, **options: Unpack[SessionProviderOptions]
    ) -> SessionProvider:
        """The provider of the stack that ``scope`` is in, made when there is none yet.

        Args:
            scope: Any construct of the stack.
            options: The options of a new provider, as for the constructor.

        Returns:
            The stack's only provider of this kind.

        Raises:
            SessionValidationError: The stack has one already, and options were given.
        """
        stack = cdk.Stack.of(scope)
        existing = stack.node.try_find_child(_SINGLETON_ID)
        if existing is None:
            return cls(stack, _SINGLETON_ID, **options)
        if not isinstance(existing, SessionProvider):
            raise SessionValidationError(
                existing.node.path, [f"id: {_SINGLETON_ID!r} is the session provider's."]
            )
        if options:
            raise SessionValidationError(
                existing.node.path,
                [
                    f"{', '.join(sorted(options))}: the stack's provider is there already; "
                    "set its options before the first session of the stack."
                ],
            )
        return existing

    @classmethod
    def of(cls, scope: Construct) -> SessionProvider | None:
        """The provider of the stack that ``scope`` is in, or nothing when there is none yet.

        Args:
            scope: Any construct of the stack.
        """
        found = cdk.Stack.of(scope).node.try_find_child(_SINGLETON_ID)
        return found if isinstance(found, SessionProvider) else None

    @property
    def service_token(self) -> str:
        """The ARN of the function that CloudFormation calls."""
        return self._service_token

    @property
    def service_timeout(self) -> cdk.Duration:
        """How long CloudFormation waits for an answer: a little longer than the provider tries."""
        return self._service_timeout

    @property
    def log_group(self) -> logs.ILogGroup:
        """Where the handler and the framework log."""
        return self._log_group

    @property
    def handler_role(self) -> iam.IRole:
        """The role that the handler calls EMR Serverless with."""
        return self._handler_role

    @property
    def keep_alive_function(self) -> lambda_.IFunction:
        """The function that a schedule calls; made when a session is first kept alive."""
        if self._keep_alive_function is None:
            self._keep_alive_function = self._handler("KeepAlive", "keep_alive")
        return self._keep_alive_function

    @property
    def keep_alive_role(self) -> iam.IRole:
        """The role that schedules call the function with; made when first asked for."""
        if self._keep_alive_role is None:
            self._keep_alive_role = iam.Role(
                self,
                "ScheduleRole",
                assumed_by=iam.ServicePrincipal(
                    "scheduler.amazonaws.com",
                    # A schedule stands for its group there.
                    conditions={
                        "StringEquals": {
                            "aws:SourceAccount": cdk.Aws.ACCOUNT_ID,
                            "aws:SourceArn": cdk.Stack.of(self).format_arn(
                                service="scheduler",
                                resource="schedule-group",
                                resource_name="default",
                            ),
                        }
                    },
                ),
            )
            function = self.keep_alive_function
            self._acknowledge_versions(self._keep_alive_role, function)
        return self._keep_alive_role

    def permissions_for(self, stack: cdk.Stack) -> HandlerPermissions:
        """The handler's permissions for the sessions of one stack.

        In the provider's own stack they are part of its role's policy. Another stack brings a
        managed policy of its own, so that it refers to the provider and the provider to nobody;
        one more for each eight applications, or eight execution roles, beyond the first.

        Args:
            stack: The stack of the sessions.

        Returns:
            What to add applications and execution roles to.
        """
        return self._permissions_of(stack).permissions

    def dependable_for(self, stack: cdk.Stack) -> IDependable:
        """What a session of the stack waits for: the role, and the policies it needs there.

        Args:
            stack: The stack of the sessions.
        """
        return self._permissions_of(stack).dependable

    def _permissions_of(self, stack: cdk.Stack) -> _StackPermissions:
        # The same stack may come as another Python object, when it wasn't made in Python.
        found = self._permissions_by_stack.get(stack)
        if found is None:
            address = stack.node.addr
            if address not in self._permissions:
                self._permissions[address] = self._new_permissions(stack)
            found = self._permissions_by_stack[stack] = self._permissions[address]
        return found

    def _new_permissions(self, stack: cdk.Stack) -> _StackPermissions:
        if stack.node.addr == cdk.Stack.of(self).node.addr:
            return _StackPermissions(
                HandlerPermissions(
                    stack, self._handler_role, self._handler_role.add_to_principal_policy
                ),
                self._handler_role,
            )
        self._check_environment(stack)
        policies = _StackPolicies(self, stack)
        return _StackPermissions(
            HandlerPermissions(stack, policies.first, policies.add), policies.dependable, policies
        )

    @property
    def _managed_policies(self) -> int:
        """How many managed policies the handler's role has in the end."""
        others = [found.policies for found in self._permissions.values() if found.policies]
        own = [
            child
            for child in self._handler_role.node.children
            if child.node.id.startswith("OverflowPolicy")
        ]
        in_vpc = 0 if self._vpc is None else 1
        return sum(policies.count for policies in others) + len(own) + in_vpc

    def _check_environment(self, stack: cdk.Stack) -> None:
        here, there = (_environment(one) for one in (cdk.Stack.of(self), stack))
        if here != there:
            raise SessionValidationError(
                stack.node.path,
                [
                    f"provider: {self.node.path} is in {here} and this stack in {there}: "
                    "CloudFormation calls functions of its own account and region only. "
                    "Make a provider there."
                ],
            )

    def _function_role(self, id: str) -> iam.Role:
        role = iam.Role(self, id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self._log_group.grant_write(role)
        if self._vpc is not None:
            acknowledge_vpc_policy(role)
        return role

    def _acknowledge_waiter(self) -> None:
        state_machine = self._framework.node.try_find_child("waiter-state-machine")
        if state_machine is None:
            return
        acknowledge_waiter(state_machine)
        for name in ("framework-isComplete", "framework-onTimeout"):
            function = self._framework.node.try_find_child(name)
            if isinstance(function, lambda_.Function):
                self._acknowledge_versions(state_machine, function)

    @staticmethod
    def _acknowledge_versions(scope: IConstruct, function: lambda_.IFunction) -> None:
        acknowledge_wildcard(
            scope,
            f"{function.function_arn}:*",
            "The CDK grants the invocation of a function together with that of its versions.",
        )

    def _handler(self, id: str, entry_point: str) -> lambda_.Function:
        return lambda_.Function(
            self,
            id,
            description=f"EMR Serverless sessions: {entry_point}",
            code=lambda_.Code.from_asset(handler_asset()),
            handler=f"session_handler.handler.{entry_point}",
            runtime=lambda_.Runtime.PYTHON_3_14,
            architecture=lambda_.Architecture.ARM_64,
            memory_size=256,
            timeout=_FUNCTION_TIMEOUT,
            role=self._handler_role,
            log_group=self._log_group,
            environment={
                # The handler gives up two looks before the framework would: it can say what it
                # waited for, and end what an update has started.
                "GIVE_UP_AFTER_SECONDS": str(
                    max(self._total_seconds - 2 * self._interval_seconds, self._total_seconds // 2)
                ),
                "ON_EVENT_TIMEOUT_SECONDS": str(int(_FUNCTION_TIMEOUT.to_seconds())),
            },
            environment_encryption=self._environment_encryption,
            vpc=self._vpc,
            vpc_subnets=self._vpc_subnets,
            security_groups=self._security_groups,
        )

    def _check(
        self,
        query_interval: cdk.Duration,
        total_timeout: cdk.Duration,
        log_group: logs.ILogGroup | None,
        log_retention: logs.RetentionDays | None,
        without_vpc: Sequence[str],
    ) -> None:
        problems = [
            *_time_problems("query_interval", query_interval),
            *_time_problems("total_timeout", total_timeout),
        ]
        if not problems:
            interval, total = query_interval.to_seconds(), total_timeout.to_seconds()
            if not 0 < total <= _MAX_SECONDS:
                problems.append(f"total_timeout: {total:g} s, must be above 0 and at most an hour.")
            if interval < 1:
                problems.append(f"query_interval: {interval:g} s, must be at least a second.")
            elif total % interval:
                problems.append(
                    f"query_interval: {interval:g} s, must divide total_timeout ({total:g} s)."
                )
        if log_group is not None and log_retention is not None:
            problems.append("log_retention: is the given log_group's own affair; set it there.")
        problems += [f"{name}: needs a vpc." for name in without_vpc]
        if problems:
            raise SessionValidationError(self.node.path, problems)


def _time_problems(name: str, time: cdk.Duration) -> list[str]:
    if time.is_unresolved():
        return [f"{name}: is known at deployment only, and the waiter is made at synth."]
    seconds = time.to_seconds(integral=False)
    return [] if seconds == int(seconds) else [f"{name}: {seconds:g} s, must be whole seconds."]


def _environment(stack: cdk.Stack) -> str:
    """Account and region as the CDK compares them, unknown ones too."""
    return stack.environment.removeprefix("aws://")


@dataclass(frozen=True)
class _StackPermissions:
    """The permissions for one stack, and what to wait for until they are in place."""

    permissions: HandlerPermissions
    dependable: IDependable
    policies: _StackPolicies | None = None


class _StackPolicies:
    """The managed policies that a stack gives the role of a provider of another stack.

    Statements that grow come in pieces. The first of each kind are in the first policy, the second
    in the second, so that none outgrows IAM's 6,144 characters.
    """

    def __init__(self, provider: SessionProvider, stack: cdk.Stack) -> None:
        self._provider = provider
        self._stack = stack
        self._policies: list[iam.ManagedPolicy] = []
        self._pieces: Counter[tuple[str, ...]] = Counter()
        self.dependable = DependencyGroup()
        self.first = self._policy(0)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._policies)

    def add(self, statement: iam.PolicyStatement) -> None:
        """Adds a statement to the policy that is its turn."""
        kind = tuple(statement.actions)
        self._policy(self._pieces[kind]).add_statements(statement)
        self._pieces[kind] += 1

    def _policy(self, number: int) -> iam.ManagedPolicy:
        if number == len(self._policies):
            role = self._provider.handler_role
            policy = iam.ManagedPolicy(
                self._stack,
                f"EmrServerlessSessionPermissions{self._provider.node.addr[-8:]}{number or ''}",
                description="What the session handler of another stack may do for this one",
            )
            policy.attach_to_role(iam.Role.from_role_name(policy, "HandlerRole", role.role_name))
            self._policies.append(policy)
            self.dependable.add(policy)
        return self._policies[number]


@jsii.implements(IValidation)
class _ManagedPolicies:
    """Says at synth when a provider is shared by more stacks than IAM lets it be."""

    def __init__(self, provider: SessionProvider) -> None:
        self._provider = provider

    def validate(self) -> list[str]:
        """Called by the CDK when the app is complete."""
        count = self._provider._managed_policies
        if count <= _POLICIES_OF_A_ROLE or (
            count <= _MOST_POLICIES_OF_A_ROLE and is_acknowledged(self._provider, SHARED_PROVIDER)
        ):
            return []
        return [
            f"the sessions that share this provider take {count} managed policies of its role, one "
            f"for each other stack at least, and IAM's default quota is {_POLICIES_OF_A_ROLE}: "
            "give some stacks a provider of their own, or have the quota raised to what is needed "
            f"(at most {_MOST_POLICIES_OF_A_ROLE}) and acknowledge {SHARED_PROVIDER} on the "
            "provider."
        ]
