"""Permissions on a session, for whoever works with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aws_cdk import aws_iam as iam

from .permissions import CONNECT_ACTIONS, READ_ACTIONS, TERMINATE_ACTIONS

if TYPE_CHECKING:
    from .session_base import ISession


class SessionGrants:
    """Grants on one session, found at ``session.grants``.

    Sessions have no resource policies: for a grantee of another account, the grant is added to
    the grantee if its policies can be changed from this app, and the session's account is not
    asked. A role of the session's own account, assumed from outside, is what works then.
    """

    def __init__(self, session: ISession) -> None:
        """Grants on the given session."""
        self._session = session

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
        return self._grant(grantee, CONNECT_ACTIONS)

    def read(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets the grantee see the session's state and its Spark UI, but never its endpoint.

        Args:
            grantee: Who gets ``GetSession`` and ``GetResourceDashboard`` on this session.

        Returns:
            The grant, to depend on or to assert.
        """
        return self._grant(grantee, READ_ACTIONS)

    def terminate(self, grantee: iam.IGrantable) -> iam.Grant:
        """Lets the grantee end the session.

        Args:
            grantee: Who gets ``TerminateSession`` on this session.

        Returns:
            The grant, to depend on or to assert.
        """
        return self._grant(grantee, TERMINATE_ACTIONS)

    def _grant(self, grantee: iam.IGrantable, actions: Sequence[str]) -> iam.Grant:
        return iam.Grant.add_to_principal(
            grantee=grantee,
            actions=list(actions),
            resource_arns=[self._session.session_arn],
        )
