"""The custom resource provider that starts and ends the sessions of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, Unpack

import aws_cdk as cdk
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from ._checks import provider_kinds as kinds
from ._checks.kinds import SCOPE, Kind, check_kinds, check_scope, duration, value_problems
from ._checks.values import check_values
from ._provider.function import (
    Network,
    ServedStacks,
    handler_function,
    handler_role,
    is_named,
    log_group_of,
    schedule_role,
    write_logs,
)
from ._provider.parameter_lists import application_arn_patterns, stack_id_patterns
from ._provider.permissions import HandlerPermissions, Owner
from ._provider.policies import (
    ManagedPolicyQuota,
    PolicySeries,
    is_made_elsewhere,
    own_series,
    series_of_another_stack,
)
from ._template.completion import when_complete
from ._template.lookups import address_of
from .errors import SessionValidationError

_SINGLETON_ID = "EmrServerlessSessionProvider"

# Lambda's own limit is 15 minutes; the last one is for ending what was started, and answering.
_LONGEST = cdk.Duration.minutes(14)
_TO_ANSWER = cdk.Duration.seconds(60)
_DEFAULT_LOG_RETENTION = logs.RetentionDays.ONE_MONTH


class SessionProviderOptions(TypedDict, total=False):
    """The options of ``SessionProvider``; see there."""

    total_timeout: cdk.Duration | None
    log_group: logs.ILogGroup | None
    log_retention: logs.RetentionDays | None
    vpc: ec2.IVpc | None
    vpc_subnets: ec2.SubnetSelection | None
    security_groups: Sequence[ec2.ISecurityGroup] | None
    permissions_boundary: iam.IManagedPolicy | None
    environment_encryption: kms.IKey | None


class SessionProvider(Construct):
    """The function, role and log group behind the sessions of a stack.

    A stack has one, however many sessions it has, and its sessions create it if there is none. To
    set its options, use ``get_or_create``. To share one between stacks, create one and pass it to
    the sessions as ``provider``.

    A session can't move from one provider to another: CloudFormation refuses to change a
    resource's service token.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        total_timeout: cdk.Duration | None = None,
        log_group: logs.ILogGroup | None = None,
        log_retention: logs.RetentionDays | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
        permissions_boundary: iam.IManagedPolicy | None = None,
        environment_encryption: kms.IKey | None = None,
    ) -> None:
        """Creates the provider's function, role and log group.

        Args:
            scope: The construct that the provider belongs to.
            id: The provider's id in its scope.
            total_timeout: How long a session may take to start or to end, in whole seconds, at
                most 14 minutes: one Lambda invocation waits for it, of at most 15. Below a minute
                it waits somewhat longer: half of the invocation's time. With ``stop_application``
                the application has to stop in that time, too. Default: 14 minutes.
            log_group: The function's log group. Default: a new one. It stays when the stack is
                rolled back or destroyed, so that the log of a failed deployment can be read. Its
                lines expire after ``log_retention``.
            log_retention: How long the new log group keeps its lines. Default: one month.
            vpc: The function's VPC. The function needs a route to EMR Serverless, to S3, where it
                puts its answer to CloudFormation, and to CloudFormation, to notice cancelled
                operations. Default: none.
            vpc_subnets: The subnets in the VPC. Default: the private ones.
            security_groups: The function's security groups. Default: a new one.
            permissions_boundary: The boundary of the provider's roles. Default: none.
            environment_encryption: The key for the function's environment variables.
                Default: Lambda's own.

        Raises:
            SessionValidationError: Options contradict each other or exceed a limit.
        """
        check_scope(scope, id)
        path = f"{scope.node.path}/{id}"
        check_kinds(
            path,
            total_timeout=(total_timeout, duration("seconds")),
            log_group=(log_group, kinds.LOG_GROUP),
            log_retention=(log_retention, kinds.LOG_RETENTION),
            vpc=(vpc, kinds.VPC),
            vpc_subnets=(vpc_subnets, kinds.SUBNETS),
            security_groups=(security_groups, kinds.SECURITY_GROUPS),
            permissions_boundary=(permissions_boundary, kinds.BOUNDARY),
            environment_encryption=(environment_encryption, kinds.KEY),
        )
        super().__init__(scope, id)
        total_timeout = total_timeout or _LONGEST
        in_vpc = {"vpc_subnets": vpc_subnets, "security_groups": security_groups}
        self._check(
            total_timeout,
            log_group,
            log_retention,
            [name for name, value in in_vpc.items() if vpc is None and value is not None],
        )
        # The function ends a minute after its work has to, and CloudFormation waits for another
        # minute: a function that died is then gone, and its event delivered again.
        function_timeout = total_timeout.plus(_TO_ANSWER)
        self._service_timeout = function_timeout.plus(_TO_ANSWER)
        self._boundary = permissions_boundary
        self._vpc = vpc
        self._has_own_log_group = log_group is None
        self._log_group = log_group or log_group_of(self, log_retention or _DEFAULT_LOG_RETENTION)
        self._early_statements = iam.PolicyDocument()
        self._role = handler_role(
            self,
            early_statements=self._early_statements,
            own_log_group=log_group is None,
            log_group=self._log_group,
            in_vpc=vpc is not None,
            boundary=permissions_boundary,
        )
        self._served = ServedStacks()
        self._function = handler_function(
            self,
            role=self._role,
            log_group=self._log_group,
            timeout=function_timeout,
            network=Network(vpc, vpc_subnets, security_groups) if vpc is not None else None,
            encryption=environment_encryption,
            served=self._served,
        )
        self._service_token = self._function.function_arn
        self._schedule_role: iam.IRole | None = None
        self._series: list[PolicySeries] = []
        self._permissions: dict[str, HandlerPermissions] = {}
        self.node.add_validation(ManagedPolicyQuota(self, self._managed_policies))
        self._is_complete = False
        when_complete(cdk.Stack.of(self), self._complete)

    @classmethod
    def get_or_create(
        cls, scope: Construct, **options: Unpack[SessionProviderOptions]
    ) -> SessionProvider:
        """Returns the provider of the stack that ``scope`` is in, and creates it if there is none.

        Args:
            scope: Any construct of the stack.
            options: The options of a new provider, as for the constructor.

        Returns:
            The stack's only provider of this kind.

        Raises:
            SessionValidationError: The stack has one already, and options were given; or the
                scope is no construct of a stack.
        """
        check_kinds(_SINGLETON_ID, scope=(scope, SCOPE))
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
                    f"{', '.join(sorted(options))}: the stack already has a provider; "
                    "set its options before the first session of the stack."
                ],
            )
        return existing

    @classmethod
    def of(cls, scope: Construct) -> SessionProvider | None:
        """Returns the provider of the stack that ``scope`` is in, if there is one.

        Args:
            scope: Any construct of the stack.

        Returns:
            The provider that ``get_or_create`` gives, or None when there is none yet.

        Raises:
            SessionValidationError: The scope is no construct of a stack.
        """
        check_kinds(f"{cls.__name__}.of", scope=(scope, SCOPE))
        found = cdk.Stack.of(scope).node.try_find_child(_SINGLETON_ID)
        return found if isinstance(found, SessionProvider) else None

    @property
    def service_token(self) -> str:
        """The ARN of the function that CloudFormation calls."""
        return self._service_token

    @property
    def service_timeout(self) -> cdk.Duration:
        """How long CloudFormation waits for an answer: two minutes longer than the handler tries.

        Resources of templates without this library set it as ``ServiceTimeout``.
        """
        return self._service_timeout

    @property
    def log_group(self) -> logs.ILogGroup:
        """Where the function logs."""
        return self._log_group

    @property
    def handler_role(self) -> iam.IRole:
        """The role that the function calls EMR Serverless with."""
        return self._role

    @property
    def function(self) -> lambda_.IFunction:
        """The function that CloudFormation and keep-alive schedules call."""
        return self._function

    @property
    def schedule_role(self) -> iam.IRole:
        """The role that schedules call the function with; created when it is first used."""
        if self._schedule_role is None:
            self._schedule_role = schedule_role(self, self._function, self._boundary)
        return self._schedule_role

    def serve(
        self,
        *,
        stack_name: str | None = None,
        stack_id: str | None = None,
        application_arns: Sequence[str] = (),
        execution_role_arns: Sequence[str],
        tag_keys: Sequence[str] = (),
    ) -> None:
        """Serves sessions of a stack that isn't part of this app.

        Its resources of type ``Custom::EMRServerlessSession`` set ``ServiceToken`` to
        ``service_token`` and ``ServiceTimeout`` to the seconds of ``service_timeout``.

        Args:
            stack_name: The name of a stack in this account and region. ``*`` stands for any
                characters: ``analytics-*``.
            stack_id: The stack's id (its ARN), instead of the name.
            application_arns: The applications that its sessions run on, in addition to those that
                the stack declares. Default: none.
            execution_role_arns: The roles that its sessions run with. ``*`` stands for any
                characters, for roles that don't exist yet.
            tag_keys: The keys of the tags that its sessions are started with. Default: none.

        Raises:
            SessionValidationError: Arguments have the wrong type; neither name nor id is given, or
                both are; or an application has a wildcard.
        """
        path = f"{self.node.path} serve"
        arguments: dict[str, tuple[object, Kind]] = {
            "stack_name": (stack_name, kinds.STACK_NAME),
            "stack_id": (stack_id, kinds.STACK_ID),
            "application_arns": (application_arns, kinds.APPLICATION_ARNS),
            "execution_role_arns": (execution_role_arns, kinds.ROLE_ARNS),
            "tag_keys": (tag_keys, kinds.TEXTS),
        }
        check_kinds(path, **arguments)
        problems = value_problems(**arguments)
        if (stack_name is None) == (stack_id is None):
            problems.append("give either stack_name or stack_id.")
        problems += [
            f"application_arns: {arn!r} has a wildcard, which would let the handler tag the "
            "sessions of others. Name each application."
            for arn in application_arns
            if "*" in arn or "?" in arn
        ]
        check_values(self, path, problems)
        if stack_id is not None:
            self._served.add(cdk.Fn.select(1, cdk.Fn.split("/", stack_id)))
            owner = Owner(stack_id, declares_applications=True)
        else:
            self._served.add(str(stack_name))
            pattern = cdk.Stack.of(self).format_arn(
                service="cloudformation", resource="stack", resource_name=f"{stack_name}/*"
            )
            owner = Owner(pattern, "StringLike", declares_applications=True)
        series = self._new_series(self, f"Serves{len(self._series)}", of_the_app=False)
        permissions = self._new_permissions(self, owner, series)
        for application_arn in application_arns:
            permissions.start_on_arn(application_arn)
        for role_arn in execution_role_arns:
            permissions.pass_role_arn(role_arn)
        permissions.tag_with(tag_keys)

    def _serve_listed(
        self,
        *,
        stack_names: list[str],
        application_ids: list[str],
        execution_role_arns: list[str],
        tag_keys: list[str],
    ) -> None:
        """Serves stacks that are listed at deployment, by the parameters of the own stack."""
        self._served.names = stack_names
        owner = Owner(stack_id_patterns(stack_names), "StringLike", declares_applications=True)
        series = own_series(self, self._role)
        permissions = HandlerPermissions(self, owner, policies=series, early=self._add_early)
        permissions.start_on_listed(application_arn_patterns(application_ids))
        permissions.pass_listed_roles(execution_role_arns)
        permissions.tag_with_listed(tag_keys)

    def permissions_for(self, stack: cdk.Stack) -> HandlerPermissions:
        """The handler's permissions for the sessions of one stack of the app.

        In the provider's own stack they are in its role and in one policy beside it. Another stack
        brings a managed policy of its own, so that it refers to the provider and the provider to
        nobody. A policy more is made where one would outgrow IAM's limit, after some ten
        applications and execution roles.

        Args:
            stack: The stack of the sessions.

        Returns:
            What to add applications and execution roles to, and for the sessions to depend on.
        """
        # The same stack may come as another Python object, when it wasn't made in Python.
        address = address_of(stack)
        found = self._permissions.get(address)
        if found is None:
            found = self._permissions[address] = self._permissions_of_stack(stack, address)
        return found

    def _permissions_of_stack(self, stack: cdk.Stack, address: str) -> HandlerPermissions:
        owner = Owner(stack.stack_id)
        home = cdk.Stack.of(self)
        if address != address_of(home):
            self._check_environment(home, stack)
            self._served.add(stack.stack_name)
            policy_id = f"EmrServerlessSessionPermissions{self.node.addr[-8:]}"
            series = self._new_series(stack, policy_id, of_the_app=True)
            return self._new_permissions(stack, owner, series)
        series = own_series(self, self._role)
        self._series.append(series)
        return HandlerPermissions(self, owner, policies=series, early=self._add_early)

    def _add_early(self, statement: iam.PolicyStatement) -> Construct:
        self._early_statements.add_statements(statement)
        if is_made_elsewhere(self._role):
            # What was inline when the role was declared is reported without this.
            self._role.add_to_principal_policy(statement)
        return self._role

    def _complete(self) -> None:
        """Settles what is known when the app is complete, once for all synths."""
        if self._is_complete:
            return
        self._is_complete = True
        if self._has_own_log_group and is_named(self._log_group):
            self._add_early(write_logs(self._log_group.log_group_arn, sid="WriteNamedLogs"))
        if is_made_elsewhere(self._role):
            self._report_statements()

    def _report_statements(self) -> None:
        """Has the CDK report what the policies of a role of somebody else's have to allow."""
        for permissions in self._permissions.values():
            permissions.settle_tag_keys()
        for series in self._series:
            for statement in series.statements:
                self._role.add_to_principal_policy(statement)

    def _new_series(self, scope: Construct, id: str, *, of_the_app: bool) -> PolicySeries:
        series = series_of_another_stack(scope, id, self._role, of_the_app=of_the_app)
        self._series.append(series)
        return series

    @staticmethod
    def _new_permissions(
        scope: Construct, owner: Owner, series: PolicySeries
    ) -> HandlerPermissions:
        return HandlerPermissions(scope, owner, policies=series, early=series.add_early)

    def _managed_policies(self) -> int:
        in_vpc = 0 if self._vpc is None else 1
        return in_vpc + sum(series.managed for series in self._series)

    def _check_environment(self, home: cdk.Stack, stack: cdk.Stack) -> None:
        here, there = (one.environment.removeprefix("aws://") for one in (home, stack))
        if here != there:
            raise SessionValidationError(
                stack.node.path,
                [
                    f"provider: {self.node.path} is in {here} and this stack in {there}: "
                    "CloudFormation calls functions of its own account and region only. "
                    "Make a provider there."
                ],
            )

    def _check(
        self,
        total_timeout: cdk.Duration,
        log_group: logs.ILogGroup | None,
        log_retention: logs.RetentionDays | None,
        without_vpc: Sequence[str],
    ) -> None:
        problems = _timeout_problems(total_timeout)
        if log_group is not None and log_retention is not None:
            problems.append(
                "log_retention: can't be combined with log_group; set the retention on the log "
                "group."
            )
        problems += [f"{name}: needs a vpc." for name in without_vpc]
        if problems:
            raise SessionValidationError(self.node.path, problems)


def _timeout_problems(total_timeout: cdk.Duration) -> list[str]:
    if total_timeout.is_unresolved():
        return [
            "total_timeout: is only known at deployment, and other times follow from it at synth. "
            "Give a number."
        ]
    seconds = total_timeout.to_seconds(integral=False)
    if seconds != int(seconds):
        return [f"total_timeout: {seconds:g} s, must be whole seconds."]
    if not 0 < seconds <= _LONGEST.to_seconds():
        return [
            f"total_timeout: {seconds:g} s, must be above 0 and at most 14 minutes: one Lambda "
            "invocation, of at most 15 minutes, waits for the session."
        ]
    return []
