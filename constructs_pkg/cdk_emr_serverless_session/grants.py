"""Permissions on a session, for whoever works with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ._checks.findings import ID_PREFIX
from ._template.nag import acknowledge_wildcard

_CONNECT = ("emr-serverless:GetSessionEndpoint", "emr-serverless:GetSession")
_READ = ("emr-serverless:GetSession", "emr-serverless:GetResourceDashboard")
_TERMINATE = ("emr-serverless:TerminateSession",)

CROSS_ACCOUNT_GRANT = ID_PREFIX + "crossAccountGrant"


class _HasArn(cdk.IResource, Protocol):
    @property
    def session_arn(self) -> str: ...


class SessionGrants:
    """Grants on one session, found at ``session.grants``.

    Where the session is kept alive they cover its successors too, which are told by their owner
    tags: the sessions of its application that were started for this very resource.

    Sessions have no resource policies: for a grantee of another account, the grant is added to
    the grantee if its policies can be changed from this app, and the session's account is not
    asked. A role of the session's own account, assumed from outside, is what works then. Where both
    accounts are known, a warning says so (``crossAccountGrant``).
    """

    def __init__(self, session: _HasArn) -> None:
        """Grants on one session.

        Args:
            session: The session, this app's or an imported one.
        """
        self._session = session
        self._given: list[tuple[iam.IGrantable, Sequence[str]]] = []
        self._successors: tuple[str, Mapping[str, str]] | None = None

    def connect(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets the grantee connect to the session with a Spark Connect client.

        This is the full use of the session's execution role: code sent to the session runs with
        the permissions of that role, whatever the grantee's own are, and the endpoint's token can
        be handed on. Give it to those who may act as the execution role.

        A grant to the execution role itself makes a circular dependency, because the session
        waits for that role's policies.

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
        self._warn_of_another_account(name, grantee)
        self._given.append((grantee, actions))
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._session.session_arn],
        )
        return grant.combine(self._on_successors(grantee, actions)) if self._successors else grant

    def _warn_of_another_account(self, name: str, grantee: iam.IGrantable) -> None:
        theirs, own = grantee.grant_principal.principal_account, self._session.env.account
        if theirs is None or theirs == own or any(map(cdk.Token.is_unresolved, (theirs, own))):
            return
        cdk.Validations.of(self._session).add_warning(
            CROSS_ACCOUNT_GRANT,
            f"grants.{name}: the grantee is of account {theirs} and the session of {own}. EMR "
            "Serverless has no resource policies, so that the session's account lets nobody of "
            f"another in. Grant it to a role of {own} that the other account may assume.",
        )

    def _cover_successors(self, sessions_arn: str, tags: Mapping[str, str]) -> None:
        """Extends what was granted, and will be, to the application's sessions with these tags."""
        self._successors = sessions_arn, tags
        for grantee, actions in self._given:
            self._on_successors(grantee, actions)

    def _on_successors(self, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        assert self._successors is not None
        sessions_arn, tags = self._successors
        principal = grantee.grant_principal
        if isinstance(principal, Construct):
            acknowledge_wildcard(
                principal,
                sessions_arn,
                "A successor's id is known only once it is started: sessions of the application "
                "are allowed only where the owner tags are this session's.",
            )
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[sessions_arn],
            conditions={
                "StringEquals": {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
            },
        )
