"""An EMR Serverless interactive session as a resource of a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from aws_cdk.interfaces.aws_iam import IRoleRef
from constructs import Construct

from ._checks.application import explain_idle_timeout
from ._checks.complete_app import DeclaredSession, checks_of
from ._checks.environment import environment_problems
from ._checks.kinds import (
    APPLICATION,
    ID,
    REMOVAL_POLICY,
    ROLE,
    SCHEDULE,
    SWITCH,
    SWITCH_OR_DEFAULT,
    check_kinds,
    check_scope,
    duration,
    having,
)
from ._checks.request import minutes_of, request_problems
from ._checks.request_kinds import type_problems
from ._checks.values import check_values
from ._emr.names import (
    RESOURCE_TYPE,
)
from ._template.dependencies import depend_on_permissions
from ._template.lookups import (
    address_of,
    application_id_of,
    cached,
    declared_by,
    declared_role,
    path_of,
    role_arn_of,
    stack_of,
)
from ._template.properties import SessionResource, handling_properties, request_properties
from .attributes import ImportedSession, ISession, SessionAttributes
from .configuration import AnyConfiguration, as_configurations
from .grants import Declaration, SessionGrants

if TYPE_CHECKING:
    from aws_cdk import aws_scheduler as scheduler
    from aws_cdk import aws_ssm as ssm

    from .provider import SessionProvider

# Tags.of adds with 100. A session's own tags go before those of the scopes around it.
_OWN_TAG_PRIORITY = 101

_PROVIDER = having("permissions_for", "pass a SessionProvider", is_optional=True)


@jsii.implements(cdk.ITaggableV2)
class Session(cdk.Resource):
    """A Spark Connect session on an EMR Serverless application.

    It starts when the stack is created and ends when the resource is deleted. Tags change in
    place. Any other change starts a new session and then ends the old one.

    The session starts after the execution role's policies are in place and ends before they are
    removed. It also ends by itself: after ``idle_timeout`` without work, and by default 24 hours
    after its start.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        application: IApplicationRef,
        execution_role: IRoleRef,
        session_name: str | None = None,
        idle_timeout: cdk.Duration | None = None,
        runtime_configuration: Sequence[AnyConfiguration] | None = None,
        tags: Mapping[str, str] | None = None,
        removal_policy: cdk.RemovalPolicy | None = None,
        wait_until_ready: bool = True,
        ensure_live_on_deploy: bool = False,
        stop_application: bool | None = None,
        provider: SessionProvider | None = None,
    ) -> None:
        """Declares a session.

        The limits are those of the service model in the installed botocore. Values that are known
        at synth are checked against them.

        Args:
            scope: The construct that the session belongs to.
            id: The session's id in its scope.
            application: The application to run on, of type Spark, release emr-7.13.0 or later,
                with interactive sessions enabled, and started or with auto-start on. Use
                ``CfnApplication.from_application_arn`` for an existing one.
            execution_role: The role that the session's code runs with; it trusts
                ``emr-serverless.amazonaws.com``. The session waits for every policy that the app
                attaches to it.
            session_name: 1 to 256 characters, not blank. Default: none.
            idle_timeout: How long the session may be idle before the service ends it, in whole
                minutes, at most 1,000,000. The service doesn't document what 0 means.
                Default: the service's, one hour.
            runtime_configuration: Spark configuration for this session, at most 100 entries:
                ``Configuration``, the CDK's ``CfnApplication.ConfigurationObjectProperty``, or
                mappings of the same names. Default: the application's.
            tags: Tags of the session, which override those of ``Tags.of``. Together at most 200,
                seven of which are the library's. Default: none.
            removal_policy: ``RETAIN`` leaves the session running when the resource is deleted or
                replaced, until the service ends it. Default: ``DESTROY``.
            wait_until_ready: Whether the deployment waits until the session accepts connections,
                at most for the provider's ``total_timeout``. If not, it continues when the service
                has accepted the request. Default: wait.
            ensure_live_on_deploy: Restart an ended session on every deploy. The template then
                differs with each synth. Default: no.
            stop_application: Whether to stop the application when the last session on it is over
                and nothing else runs there, because a started application can't be deleted.
                Default: when this app declares the application, in whichever stack, and its
                auto-start is on.
            provider: The provider that starts and ends the session. Default: the stack's own.

        Raises:
            SessionValidationError: Arguments have the wrong type, or the service would refuse
                their values; it lists all problems of either. Values aren't checked while the CLI
                has values to look up.
        """
        check_scope(scope, id)
        path = f"{path_of(scope)}/{id}"
        configuration = as_configurations(runtime_configuration)
        check_kinds(
            path,
            *type_problems(
                session_name=session_name,
                idle_timeout=idle_timeout,
                runtime_configuration=configuration,
                tags=tags,
            ),
            application=(application, APPLICATION),
            execution_role=(execution_role, ROLE),
            idle_timeout=(idle_timeout, duration("minutes")),
            removal_policy=(removal_policy, REMOVAL_POLICY),
            wait_until_ready=(wait_until_ready, SWITCH),
            ensure_live_on_deploy=(ensure_live_on_deploy, SWITCH),
            stop_application=(stop_application, SWITCH_OR_DEFAULT),
            provider=(provider, _PROVIDER),
        )
        stack = stack_of(scope)
        application_id = application_id_of(application)
        execution_role_arn = role_arn_of(execution_role)
        problems = request_problems(
            application_id=application_id,
            execution_role_arn=execution_role_arn,
            session_name=session_name,
            idle_timeout=idle_timeout,
            runtime_configuration=configuration,
            tags=tags,
            removal_policy=removal_policy,
        )
        problems += environment_problems(stack, application, execution_role)
        check_values(scope, path, problems)
        super().__init__(scope, id)
        execution_role = declared_role(execution_role)
        provider = provider or _provider_of(stack)
        permissions = provider.permissions_for(stack)
        permissions.start_on(application)
        permissions.pass_role(execution_role)
        declared = declared_by(application_id)
        stops_by_default = stop_application is None and declared is not None
        is_own = declared is not None and address_of(stack_of(declared)) == address_of(stack)
        if (stop_application or stops_by_default) and not is_own:
            permissions.stop(application)

        request = request_properties(
            application_id=application_id,
            execution_role_arn=execution_role_arn,
            session_name=session_name,
            idle_timeout_minutes=None if idle_timeout is None else minutes_of(idle_timeout),
            runtime_configuration=configuration,
        )
        handling = handling_properties(
            stop_application=stop_application or stops_by_default,
            wait_until_ready=wait_until_ready,
            ensure_live_on_deploy=ensure_live_on_deploy,
        )
        self._resource = SessionResource(
            self,
            "Resource",
            type=RESOURCE_TYPE,
            properties={
                "ServiceToken": provider.service_token,
                "ServiceTimeout": _service_timeout(provider),
                **request,
                **handling,
            },
        )
        if removal_policy is not None:
            self._resource.apply_removal_policy(removal_policy)
        depend_on_permissions(self._resource, permissions.dependable, execution_role)
        self._grants = SessionGrants(
            self, Declaration(self._resource, application_id, execution_role)
        )
        self._request = request
        self._provider = provider
        self._permissions = permissions
        self._tag_manager: cdk.TagManager | None = None
        for key, value in (tags or {}).items():
            self.cdk_tag_manager.set_tag(key, value, _OWN_TAG_PRIORITY)
        self._parameter: ssm.IStringParameter | None = None
        checks_of(stack).add(
            DeclaredSession(
                self,
                self._resource,
                declared,
                execution_role,
                configuration or (),
                stops_by_default,
            )
        )
        explain_idle_timeout(self, idle_timeout)

    @staticmethod
    def from_session_arn(scope: Construct, id: str, session_arn: str) -> ISession:
        """Refers to an existing session by its ARN.

        Args:
            scope: Where the reference belongs.
            id: The reference's id in its scope.
            session_arn: The session's ARN; may be a token. From a dynamic reference,
                ``session_id`` and ``application_id`` aren't known.

        Returns:
            The session, to read its attributes and to grant permissions on.

        Raises:
            SessionValidationError: The ARN isn't one of a session.
        """
        return ImportedSession.from_arn(scope, id, session_arn)

    @staticmethod
    def from_session_attributes(
        scope: Construct, id: str, attributes: SessionAttributes
    ) -> ISession:
        """Refers to an existing session of the stack's account and region by its ids.

        Args:
            scope: Where the reference belongs.
            id: The reference's id in its scope.
            attributes: Application and session.

        Returns:
            The session, to read its attributes and to grant permissions on.

        Raises:
            SessionValidationError: The ids aren't those of an application and a session.
        """
        return ImportedSession.from_attributes(scope, id, attributes)

    @property
    def session_arn(self) -> str:
        """The session's ARN; changes when the session is replaced."""
        return self._resource.get_att("Arn").to_string()

    @property
    def session_id(self) -> str:
        """The session's id; changes when the session is replaced."""
        return self._resource.get_att("SessionId").to_string()

    @property
    def application_id(self) -> str:
        """The id of the application that the session runs on."""
        return self._resource.get_att("ApplicationId").to_string()

    @property
    def grants(self) -> SessionGrants:
        """Permissions on the session, to give to others."""
        return self._grants

    @property
    def parameter(self) -> ssm.IStringParameter:
        """An SSM parameter that names the current session's ARN.

        It is created when it is first used, and deleted with the stack. CloudFormation writes it
        when the session is created or replaced, the handler when a successor starts.
        ``parameter.grant_read`` lets others read it.
        """
        if self._parameter is None:
            from aws_cdk import aws_ssm as ssm

            self._parameter = ssm.StringParameter(
                self,
                "Parameter",
                parameter_name=self._parameter_name,
                simple_name=False,
                string_value=self.session_arn,
                description=f"The current EMR Serverless session of {self.node.path}",
            )
        return self._parameter

    def keep_alive(
        self, *, schedule: scheduler.ScheduleExpression, id: str = "KeepAlive"
    ) -> scheduler.Schedule:
        """Starts a successor on a schedule if the session has ended.

        A successor has the same properties and tags as this session. It ends when this session is
        deleted or replaced, and the next update of the session adopts it. ``parameter`` names it,
        and grants cover it. Nothing is started outside of the schedule, or while an operation on
        the stack is in progress.

        Deleting or replacing a session that is kept alive takes at least a minute, because a last
        call of the schedule may be on its way. If the session is retained, its successors are too.
        Successors don't have what ``add_property_override`` changes.

        Args:
            schedule: When to check the session, for example
                ``ScheduleExpression.cron(minute="0/15", hour="8-18", week_day="MON-FRI",
                time_zone=TimeZone.EUROPE_BERLIN)``.
            id: The schedule's id, for a session with more than one. Default: ``KeepAlive``.

        Returns:
            The schedule, for its metrics.
        """
        from .keep_alive import keep_alive_schedule

        check_kinds(f"{self.node.path} keep_alive", schedule=(schedule, SCHEDULE), id=(id, ID))
        self._resource.add_property_override("KeepAlive", "true")
        self._permissions.write_parameter(self._parameter_name)
        self._grants._cover_successors()
        return keep_alive_schedule(
            self,
            id,
            schedule=schedule,
            provider=self._provider,
            resource=self._resource,
            session_arn=self.session_arn,
            properties={**self._request, "Tags": self.cdk_tag_manager.rendered_tags},
            parameter_name=self.parameter.parameter_name,
        )

    @property
    def _parameter_name(self) -> str:
        unique = cdk.Names.unique_resource_name(self, max_length=200)
        return f"/emr-serverless-session/{self.stack.stack_name}/{unique}"

    @property
    def cdk_tag_manager(self) -> cdk.TagManager:
        """Holds the session's tags for ``Tags.of``; made when it is first asked for."""
        if self._tag_manager is None:
            self._tag_manager = cdk.TagManager(cdk.TagType.MAP, RESOURCE_TYPE)
            self._resource.add_property_override("Tags", self._tag_manager.rendered_tags)
            self._permissions.tag_as(self._tag_manager)
            checks_of(self.stack).add_tags(self, self._tag_manager)
        return self._tag_manager


@cached
def _provider_of(stack: cdk.Stack) -> SessionProvider:
    # An app that has imported sessions alone does without the modules of Lambda and EC2.
    from .provider import SessionProvider

    return SessionProvider.get_or_create(stack)


@cached
def _service_timeout(provider: SessionProvider) -> str:
    return str(int(provider.service_timeout.to_seconds()))
