"""Grants on a session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from ._checks.kinds import GRANTEE, check_kinds
from ._emr.names import (
    ARN_RESOURCE,
    LOGICAL_ID_TAG,
    SERVICE,
    STACK_ID_TAG,
    session_resource_name,
)
from ._template.findings import ID_PREFIX
from ._template.lookups import address_of, as_construct, declared_role, stack_of
from ._template.nag import acknowledge_wildcard

if TYPE_CHECKING:
    from aws_cdk.interfaces.aws_iam import IRoleRef

_CONNECT = ("emr-serverless:GetSessionEndpoint", "emr-serverless:GetSession")
_READ = ("emr-serverless:GetSession", "emr-serverless:GetResourceDashboard")
_TERMINATE = ("emr-serverless:TerminateSession",)

CROSS_ACCOUNT_GRANT = ID_PREFIX + "crossAccountGrant"
NOTHING_GRANTED = ID_PREFIX + "nothingGranted"


class _HasArn(cdk.IResource, Protocol):
    @property
    def session_arn(self) -> str: ...


@dataclass(frozen=True)
class Declaration:
    """Where a session is declared: what the owner tags say of it and of its successors.

    Attributes:
        resource: The custom resource.
        application_id: The id of the application, or its token.
        execution_role: The role that the session waits for, with its policies.
    """

    resource: cdk.CfnResource
    application_id: str
    execution_role: IConstruct


class SessionGrants:
    """Grants on one session, found at ``session.grants``.

    A grantee of the session's own stack gets access by the session's ARN. If the session is kept
    alive, the grantee also gets access to its successors, by their owner tags: sessions of the
    application that were started for this resource.

    The session's own execution role gets access by the owner tags, because the session waits for
    that role's policies, which therefore can't refer to it.

    A grantee of another stack gets access by the owner tags. A reference to the ARN would be an
    export of the session's stack, and CloudFormation refuses to change an export that is in use:
    the session could never be replaced. The grant doesn't refer to the session's stack,
    so either stack can be deployed and deleted first.

    EMR Serverless has no resource policies, so a grantee of another account can't be granted
    access. Use a role of the session's account that the other account may assume. If both accounts
    are known, a warning says so (``crossAccountGrant``).
    """

    def __init__(self, session: _HasArn, declaration: Declaration | None = None) -> None:
        """Grants on one session.

        Args:
            session: The session, this app's or an imported one.
            declaration: Where this app declares it. Default: it is imported.
        """
        self._session = session
        self._declaration = declaration
        self._has_successors = False
        self._granted_by_arn: list[tuple[iam.IGrantable, Sequence[str]]] = []

    def connect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets the grantee connect to the session with a Spark Connect client.

        This is full use of the session's execution role: code in the session runs with the
        permissions of that role, whatever the grantee's own are, and whoever has the endpoint's
        token can use it. Grant it only to those who may act as the execution role.

        Args:
            grantee: Who gets ``GetSessionEndpoint`` and ``GetSession`` on this session.

        Returns:
            The grant, to depend on or to assert.
        """
        return self._grant("connect", grantee, _CONNECT)

    def read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets the grantee see the session's state and its Spark UI, but never its endpoint.

        Args:
            grantee: Who gets ``GetSession`` and ``GetResourceDashboard`` on this session.

        Returns:
            The grant, to depend on or to assert.
        """
        return self._grant("read", grantee, _READ)

    def terminate(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets the grantee end the session.

        Args:
            grantee: Who gets ``TerminateSession`` on this session.

        Returns:
            The grant, to depend on or to assert.
        """
        return self._grant("terminate", grantee, _TERMINATE)

    def _grant(self, name: str, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        check_kinds(f"{self._session.node.path} grants.{name}", grantee=(grantee, GRANTEE))
        grant = self._granted(grantee, actions)
        if not self._warn_of_another_account(name, grantee) and not grant.success:
            self._warn_of_nothing(name, grantee)
        return grant

    def _granted(self, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        declaration = self._declaration
        if declaration is not None and _is_elsewhere(grantee, declaration.resource):
            return self._by_owner_tags(declaration, grantee, actions, elsewhere=True)
        if declaration is not None and _is_same(
            grantee.grant_principal, declaration.execution_role
        ):
            return self._by_owner_tags(declaration, grantee, actions, elsewhere=False)
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._session.session_arn],
        )
        self._granted_by_arn.append((grantee, actions))
        if declaration is None or not self._has_successors:
            return grant
        return grant.combine(self._by_owner_tags(declaration, grantee, actions, elsewhere=False))

    def _warn_of_nothing(self, name: str, grantee: iam.IGrantable) -> None:
        principal = grantee.grant_principal
        shown = principal.to_string() if isinstance(principal, iam.PrincipalBase) else "the grantee"
        cdk.Validations.of(self._session).add_warning(
            NOTHING_GRANTED,
            f"grants.{name}: nothing is granted, because {shown} has no policies of its own, and "
            "sessions have no resource policies. Grant it to a role, user or group.",
        )

    def _warn_of_another_account(self, name: str, grantee: iam.IGrantable) -> bool:
        theirs, own = grantee.grant_principal.principal_account, self._session.env.account
        if theirs is None or theirs == own or any(map(cdk.Token.is_unresolved, (theirs, own))):
            return False
        cdk.Validations.of(self._session).add_warning(
            CROSS_ACCOUNT_GRANT,
            f"grants.{name}: the grantee is in account {theirs} and the session in {own}. EMR "
            "Serverless has no resource policies, so other accounts can't be granted access. Grant "
            f"it to a role in {own} that the other account may assume.",
        )
        return True

    def _cover_successors(self) -> None:
        """Extends what was granted, and will be, to the successors of a session kept alive."""
        declaration = self._declaration
        if declaration is None or self._has_successors:
            return
        self._has_successors = True
        for grantee, actions in self._granted_by_arn:
            self._by_owner_tags(declaration, grantee, actions, elsewhere=False)

    @staticmethod
    def _by_owner_tags(
        declaration: Declaration,
        grantee: iam.IGrantable,
        actions: Sequence[str],
        *,
        elsewhere: bool,
    ) -> iam.Grant:
        stack = cdk.Stack.of(declaration.resource)
        application_id = declaration.application_id
        if elsewhere and cdk.Token.is_unresolved(application_id):
            application_id = "*"  # a reference would be an export, of what may be replaced
        sessions_arn = stack.format_arn(
            service=SERVICE,
            resource=ARN_RESOURCE,
            resource_name=session_resource_name(application_id, "*"),
        )
        scope = _construct_of(grantee)
        if scope is not None:
            acknowledge_wildcard(
                scope,
                sessions_arn,
                "A session's id is known only once it is started: sessions are allowed only where "
                "the owner tags are this session's.",
            )
        operator, stack_id = _stack_in_tags(stack, elsewhere=elsewhere)
        logical_id = declaration.resource.logical_id
        conditions = {"StringEquals": {f"aws:ResourceTag/{LOGICAL_ID_TAG}": logical_id}}
        conditions.setdefault(operator, {})[f"aws:ResourceTag/{STACK_ID_TAG}"] = stack_id
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[sessions_arn],
            conditions=conditions,
        )


def _stack_in_tags(stack: cdk.Stack, *, elsewhere: bool) -> tuple[str, str]:
    """How a policy compares the owner tag that names the stack, and with what."""
    if not elsewhere or cdk.Token.is_unresolved(stack.stack_name):
        return "StringEquals", stack.stack_id
    # By its name, which only one stack of an account and region has at a time.
    pattern = stack.format_arn(
        service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*"
    )
    return "StringLike", pattern


def _construct_of(grantee: iam.IGrantable) -> IConstruct | None:
    """Where a grantee's policies are; None for a principal that a construct is wrapped in."""
    return as_construct(grantee.grant_principal) or as_construct(grantee)


def _is_elsewhere(grantee: iam.IGrantable, resource: IConstruct) -> bool:
    """Whether a grantee's policies may be in another stack, with all that is nested in it."""
    construct = _construct_of(grantee)
    if construct is None:
        return True
    theirs, own = (_outermost(stack_of(one)) for one in (construct, resource))
    return address_of(theirs) != address_of(own)


def _is_same(principal: iam.IPrincipal, role: IConstruct) -> bool:
    construct = as_construct(principal)
    if construct is None:
        return False
    if hasattr(construct, "role_ref"):
        construct = declared_role(cast("IRoleRef", construct))
    return address_of(construct) == address_of(role)


def _outermost(stack: cdk.Stack) -> cdk.Stack:
    while (parent := stack.nested_stack_parent) is not None:
        stack = parent
    return stack
