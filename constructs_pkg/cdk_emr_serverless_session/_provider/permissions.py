"""What the session handler may do: the statements of its role's policy.

Starting is confined to the applications and execution roles that the sessions name. Ending is
not: an update that moves a session to another application changes the policy before it ends the
old session, so the statements that end sessions reach every session of the account and region,
and are held by the owner tag that the handler gave its sessions at their start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from constructs import IConstruct

from .._emr.names import FIXED_OWNER_TAGS, STACK_ID_TAG
from .._template.nag import acknowledge_wildcard

# A statement with more resources than this is begun anew, because whole statements are moved to
# further policies when one comes near IAM's limit. One of each kind fits into a managed policy.
_RESOURCES_PER_STATEMENT = 8


class HandlerPermissions:
    """The handler's permissions for the sessions of one stack.

    Each application and each execution role is named once, however many sessions use it.
    """

    def __init__(
        self,
        stack: cdk.Stack,
        policy_scope: IConstruct,
        add_statement: Callable[[iam.PolicyStatement], object],
    ) -> None:
        """Adds the statements that don't depend on which sessions there are.

        Args:
            stack: The stack whose sessions the handler may end.
            policy_scope: The construct that the policy is of.
            add_statement: Adds a statement to a policy of the handler's role.
        """
        self._stack = stack
        self._known: set[object] = set()
        self._served = _GrowingStatement(self._start_statement, add_statement)
        self._tagged = _GrowingStatement(self._tag_at_start_statement, add_statement)
        self._passed = _GrowingStatement(_pass_role_statement, add_statement)
        self._stopped = _GrowingStatement(_stop_statement, add_statement)
        self._named = _GrowingStatement(_put_parameter_statement, add_statement)
        self._add_statement = add_statement
        self._keeps_alive = False
        for statement in self._standing_statements():
            add_statement(statement)
        acknowledge_wildcard(
            policy_scope,
            self._arn("*"),
            "Sessions to end may be on an application that the template doesn't name any more: "
            "applications are listed, and stopped only where CloudFormation's tag is the stack's.",
        )
        acknowledge_wildcard(
            policy_scope,
            self._arn("*/sessions/*"),
            "A session's id is known only once it is started: sessions are read, and ended or "
            "tagged only where the owner tag is the stack's.",
        )

    def serve(self, application: IApplicationRef) -> None:
        """Lets the handler start sessions on the application."""
        if application in self._known:
            return
        self._known.add(application)
        arn = application.application_ref.application_arn
        key = _identity(application, arn)
        self._served.add(key, arn)
        self._tagged.add(key, arn)

    def stop(self, application: IApplicationRef) -> None:
        """Lets the handler stop an application that isn't a resource of the stack."""
        arn = application.application_ref.application_arn
        self._stopped.add(_identity(application, arn), arn)

    def pass_role(self, role: iam.IRole) -> None:
        """Lets the handler pass the execution role to EMR Serverless, and to nothing else."""
        if role in self._known:
            return
        self._known.add(role)
        arn = role.role_arn
        self._passed.add(_identity(role, arn), arn)

    def keep_alive(self, parameter_name: str) -> None:
        """Lets the handler look at the stack's resource, and say which session is the current."""
        if not self._keeps_alive:
            self._keeps_alive = True
            self._add_statement(
                iam.PolicyStatement(
                    sid="LookAtTheStack",
                    actions=["cloudformation:DescribeStackResource"],
                    resources=[self._stack_id],
                )
            )
        # By its name: a reference would make the session wait for a parameter that waits for it.
        arn = self._stack.format_arn(
            service="ssm", resource="parameter", resource_name=parameter_name.removeprefix("/")
        )
        self._named.add(("", arn), arn)

    def _standing_statements(self) -> Sequence[iam.PolicyStatement]:
        applications = self._arn("*")
        sessions = self._arn("*/sessions/*")
        return [
            iam.PolicyStatement(
                sid="FindSessions",
                actions=["emr-serverless:ListSessions"],
                resources=[applications],
            ),
            iam.PolicyStatement(
                sid="ReadSessions",
                actions=["emr-serverless:GetSession"],
                resources=[sessions],
            ),
            iam.PolicyStatement(
                sid="EndOwnSessions",
                actions=["emr-serverless:TerminateSession"],
                resources=[sessions],
                conditions={"StringEquals": {f"aws:ResourceTag/{STACK_ID_TAG}": self._stack_id}},
            ),
            # The owner tags say whose a session is. After the start nobody changes them, the
            # handler least of all.
            iam.PolicyStatement(
                sid="TagOwnSessions",
                actions=["emr-serverless:TagResource", "emr-serverless:UntagResource"],
                resources=[sessions],
                conditions={
                    "StringEquals": {f"aws:ResourceTag/{STACK_ID_TAG}": self._stack_id},
                    "ForAllValues:StringNotEquals": {"aws:TagKeys": list(FIXED_OWNER_TAGS)},
                },
            ),
            # CloudFormation puts this tag on the resources of a stack, and no one else can.
            iam.PolicyStatement(
                sid="StopOwnApplications",
                actions=["emr-serverless:StopApplication", "emr-serverless:GetApplication"],
                resources=[applications],
                conditions={
                    "StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-id": self._stack_id}
                },
            ),
        ]

    def _start_statement(self) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            actions=["emr-serverless:StartSession", "emr-serverless:GetApplication"]
        )

    def _tag_at_start_statement(self) -> iam.PolicyStatement:
        """Tags that come with StartSession, a request on the application.

        The statement names applications, never ``/sessions/*``. A session's ARN here would let
        the role tag a session that somebody else started, and from then on end it as its own: the
        request to tag a running session carries the same tags as the request that starts one, so
        that no condition tells the two apart.
        """
        return iam.PolicyStatement(
            actions=["emr-serverless:TagResource"],
            conditions={"StringEquals": {f"aws:RequestTag/{STACK_ID_TAG}": self._stack_id}},
        )

    @property
    def _stack_id(self) -> str:
        return self._stack.stack_id

    def _arn(self, resource_name: str) -> str:
        return self._stack.format_arn(
            service="emr-serverless", resource="/applications", resource_name=resource_name
        )


class _GrowingStatement:
    """Statements of one kind, whose resources are collected while constructs are made."""

    def __init__(
        self,
        make: Callable[[], iam.PolicyStatement],
        add_statement: Callable[[iam.PolicyStatement], object],
    ) -> None:
        self._make = make
        self._add_statement = add_statement
        self._seen: set[tuple[str, str]] = set()
        self._current: iam.PolicyStatement | None = None

    def add(self, key: tuple[str, str], arn: str) -> None:
        if key in self._seen:
            return
        current = self._current
        if current is None or len(self._seen) % _RESOURCES_PER_STATEMENT == 0:
            self._current = current = self._make()
            current.add_resources(arn)
            self._add_statement(current)
        else:
            current.add_resources(arn)
        self._seen.add(key)


def _pass_role_statement() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        actions=["iam:PassRole"],
        conditions={"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
    )


def _stop_statement() -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["emr-serverless:StopApplication"])


def _put_parameter_statement() -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["ssm:PutParameter"])


def _identity(construct: IApplicationRef | iam.IRole, arn: str) -> tuple[str, str]:
    """What tells one ARN from another before references between stacks are resolved."""
    if not cdk.Token.is_unresolved(arn):
        return ("", arn)
    stack = cdk.Stack.of(construct)
    return (stack.node.addr, json.dumps(stack.resolve(arn), sort_keys=True))
