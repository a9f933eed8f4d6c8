"""The attributes of every session, declared or imported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn, Protocol

import aws_cdk as cdk
from aws_cdk import IResource
from constructs import Construct

from ._checks.kinds import check_kinds, check_scope, instance_of
from ._checks.limits import known_later, shape_problems, text_problems
from ._checks.values import check_values
from ._emr.names import ARN_RESOURCE, SERVICE, session_resource_name
from .errors import SessionValidationError
from .grants import SessionGrants


class ISession(IResource, Protocol):
    """An EMR Serverless session: one of this app's, or an imported one."""

    @property
    def session_arn(self) -> str:
        """The session's ARN."""

    @property
    def session_id(self) -> str:
        """The session's id, unique within its application."""

    @property
    def application_id(self) -> str:
        """The id of the application that the session runs on."""

    @property
    def grants(self) -> SessionGrants:
        """Permissions on the session, to give to others."""


@dataclass(frozen=True)
class SessionAttributes:
    """The ids of an existing session.

    Attributes:
        application_id: The id of the session's application.
        session_id: The session's id.
    """

    application_id: str
    session_id: str


_ATTRIBUTES = instance_of(SessionAttributes, "pass SessionAttributes(…)", is_optional=False)


class ImportedSession(cdk.Resource):
    """A session that another app, or no app, started."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        session_arn: str,
        attributes: SessionAttributes | None,
        *,
        is_arn: bool = True,
    ) -> None:
        """Refers to a session; see ``from_arn`` and ``from_attributes``."""
        super().__init__(scope, id, environment_from_arn=session_arn if is_arn else None)
        self._session_arn = session_arn
        self._attributes = attributes
        self._grants = SessionGrants(self)

    @classmethod
    def from_arn(cls, scope: Construct, id: str, session_arn: str) -> ImportedSession:
        """A session by its ARN, which may be a token.

        Raises:
            SessionValidationError: The ARN isn't one of a session.
        """
        check_scope(scope, id)
        if not _check(scope, id, session_arn=("SessionArn", session_arn)):
            # What stands for an ARN that the CLI looks up stands for its parts, too.
            stand_in = SessionAttributes(session_arn, session_arn)
            return cls(scope, id, session_arn, stand_in, is_arn=False)
        if _is_dynamic_reference(scope, session_arn):
            return cls(scope, id, session_arn, None, is_arn=False)
        # …:/applications/{applicationId}/sessions/{sessionId}
        parts = cdk.Fn.split("/", session_arn)
        attributes = SessionAttributes(cdk.Fn.select(2, parts), cdk.Fn.select(4, parts))
        return cls(scope, id, session_arn, attributes)

    @classmethod
    def from_attributes(
        cls, scope: Construct, id: str, attributes: SessionAttributes
    ) -> ImportedSession:
        """A session of the stack's own account and region, by its ids.

        The ids are checked because a grant makes an ARN of them: a wildcard would be every session.

        Raises:
            SessionValidationError: The ids aren't those of an application and a session.
        """
        check_scope(scope, id)
        check_kinds(f"{scope.node.path}/{id}", attributes=(attributes, _ATTRIBUTES))
        _check(
            scope,
            id,
            application_id=("ApplicationId", attributes.application_id),
            session_id=("SessionId", attributes.session_id),
        )
        arn = cdk.Stack.of(scope).format_arn(
            service=SERVICE,
            resource=ARN_RESOURCE,
            resource_name=session_resource_name(attributes.application_id, attributes.session_id),
        )
        return cls(scope, id, arn, attributes)

    @property
    def session_arn(self) -> str:
        """The session's ARN."""
        return self._session_arn

    @property
    def session_id(self) -> str:
        """The session's id."""
        return self._ids("session_id").session_id

    @property
    def application_id(self) -> str:
        """The id of the session's application."""
        return self._ids("application_id").application_id

    @property
    def grants(self) -> SessionGrants:
        """Permissions on the session, to give to others."""
        return self._grants

    @property
    def parameter(self) -> NoReturn:
        """Only where the session is declared."""
        raise self._only_where_declared("parameter")

    def keep_alive(self, **_: object) -> NoReturn:
        """Only where the session is declared."""
        raise self._only_where_declared("keep_alive")

    def _ids(self, name: str) -> SessionAttributes:
        if self._attributes is not None:
            return self._attributes
        reference = self.stack.resolve(self._session_arn)
        raise SessionValidationError(
            self.node.path,
            [
                f"{name}: is unknown, because CloudFormation can't split the dynamic reference "
                f"{reference!r}; pass ssm.StringParameter.value_for_string_parameter(…) without a "
                "version, or use Session.from_session_attributes(…)."
            ],
        )

    def _only_where_declared(self, name: str) -> SessionValidationError:
        return SessionValidationError(
            self.node.path,
            [f"{name}: this session is imported. Use {name} of the Session that declares it."],
        )


def _is_dynamic_reference(scope: Construct, value: str) -> bool:
    """Whether CloudFormation resolves the value after it evaluates Fn::Split, which needs it."""
    return known_later(value) and "{{resolve:" in str(cdk.Stack.of(scope).resolve(value))


def _check(scope: Construct, id: str, **values: tuple[str, str]) -> bool:
    """Whether the values are right, or known at deployment only.

    Raises:
        SessionValidationError: They aren't, and stand for nothing that the CLI looks up.
    """
    path = f"{scope.node.path}/{id}"
    check_kinds(
        path,
        *(problem for name, (_, value) in values.items() for problem in text_problems(name, value)),
    )
    problems = [
        problem
        for name, (shape, value) in values.items()
        for problem in shape_problems(name, shape, value)
    ]
    check_values(scope, path, problems)
    return not problems
