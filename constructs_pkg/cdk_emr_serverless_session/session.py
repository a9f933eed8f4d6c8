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
from ._checks.environment import environment_problems
from ._checks.kinds import (
    APPLICATION,
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
from ._checks.late import Declared, checks_of
from ._checks.request import minutes_of, request_problems
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
from ._template.rendered import misses_lookups
from .attributes import ImportedSession, ISession, SessionAttributes
from .configuration import AnyConfiguration, as_configurations
from .errors import SessionValidationError
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

    It is started when the stack is created and ended when the resource goes. A session can't be
    changed, its tags aside: any other change starts a new one and then ends the old.

    The session is started after the execution role's policies are in place and ended before they
    go. It also ends by itself: after ``idle_timeout`` without work, and 24 hours after its start
    by the service's default.
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

        The limits named here are those of the service's model, as the installed botocore has it;
        they are checked at synth for values that are known then.

        Args:
            scope: Where the session belongs.
            id: The session's id in its scope.
            application: The application to run on, of type Spark, release emr-7.13.0 or later,
                with interactive sessions enabled and started or with auto-start on. One that is
                elsewhere: ``CfnApplication.from_application_arn``.
            execution_role: The role that the session's code runs with; it trusts
                ``emr-serverless.amazonaws.com``. The session waits for every policy that the app
                attaches to it.
            session_name: 1 to 256 characters, not blank. Default: none.
            idle_timeout: How long the session may be idle until the service ends it, in whole
                minutes, at most 1,000,000. What 0 means isn't documented by the service.
                Default: the service's, one hour.
            runtime_configuration: Spark configuration for this session, at most 100 entries:
                ``Configuration``, the CDK's ``CfnApplication.ConfigurationObjectProperty``, or
                mappings of the same names. Default: the application's.
            tags: Tags of the session, beside those of ``Tags.of``, before which they go. Together
                at most 200, seven of which are the library's. Default: none.
            removal_policy: ``RETAIN`` leaves the session running when the resource goes or is
                replaced, until the service ends it. Default: ``DESTROY``.
            wait_until_ready: Whether the deployment waits until the session takes connections,
                for as long as the provider's ``total_timeout``. If not, it goes on as soon as the
                service has accepted the session. Default: wait.
            ensure_live_on_deploy: Whether each deployment looks at the session, keeps it as it is
                where it lives and starts a new one where it has ended. The template then differs
                with each synth. Default: a deployment that changes nothing looks at nothing.
            stop_application: Whether to stop the application when the last session on it is over
                and nothing else runs there: an application that is started can't be deleted.
                Default: when this app declares the application, in whichever stack, and its
                auto-start is on.
            provider: Who starts and ends the session. Default: the stack's own.

        Raises:
            SessionValidationError: Arguments of another kind, or values that the service would
                refuse; all of them together. No values, while the CLI has values still to look up.
        """
        check_scope(scope, id)
        path = f"{path_of(scope)}/{id}"
        check_kinds(
            path,
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
        configuration = as_configurations(runtime_configuration)
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
        # Until the CLI has looked up what is missing, anything may stand for it.
        if problems and not misses_lookups(scope):
            raise SessionValidationError(path, problems)
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
            Declared(
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
        """A session that is there already, by its ARN.

        Args:
            scope: Where the reference belongs.
            id: The reference's id in its scope.
            session_arn: The session's ARN; may be a token.

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
        """A session of the stack's own account and region, by its ids.

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

        It is made when it is first asked for and goes with the stack. CloudFormation writes it
        when the session is created or replaced, the handler when a successor is started.
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
        """Has a successor started where the session is over, whenever the schedule says.

        A successor is asked for what this session was asked for, tags included. It ends when this
        session is deleted or replaced, and an update of the stack takes it for the session.
        ``parameter`` names it, and grants cover it. Outside of the schedule nothing is started,
        so that the idle time-out is what ends it. While an operation on the session is under way
        nothing is started either.

        Deleting or replacing a session that is kept alive takes a minute at least: a last call of
        the schedule may be on its way. The successors of a session that is retained are left, too.
        What ``add_property_override`` changes of this session, successors don't have.

        Args:
            schedule: When to look: ``ScheduleExpression.cron(minute="0/15", hour="8-18",
                week_day="MON-FRI", time_zone=TimeZone.EUROPE_BERLIN)``, for one.
            id: The schedule's id, for a session with more than one. Default: ``KeepAlive``.

        Returns:
            The schedule, for its metrics.
        """
        from .keep_alive import keep_alive_schedule

        check_kinds(f"{self.node.path} keep_alive", schedule=(schedule, SCHEDULE))
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
