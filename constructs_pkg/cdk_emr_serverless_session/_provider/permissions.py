"""The handler's permissions for the sessions of one stack.

What names no application and no role comes first: it is in force early. The rest grows with the
sessions that the stack declares, and the sessions wait for it.

Starting is confined to the applications and execution roles that the sessions name. Ending is
not: an update that moves a session to another application changes the policy before it ends the
old session. So the statements that end sessions reach every session of the account and region,
and are held by the owner tag that the handler gave its sessions at their start.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from aws_cdk.interfaces.aws_iam import IRoleRef
from constructs import IConstruct, IDependable

from .._emr.names import (
    ARN_RESOURCE,
    FIXED_OWNER_TAGS,
    HELD_ARN_TAG,
    SERVICE,
    STACK_ID_TAG,
    session_resource_name,
)
from .._template.lookups import address_of, application_arn_of, role_arn_of, stack_of
from .._template.nag import acknowledge_wildcard
from .parameter_lists import with_listed
from .policies import GrowingStatement, PolicySeries

# CloudFormation puts this tag on the resources of a stack, and no one else can.
_STACK_OF_RESOURCE = "aws:ResourceTag/aws:cloudformation:stack-id"

_TAGS_AT_START = "ForAllValues:StringEquals"

# The longest ARNs, quoted and with a comma: of applications, their sessions, roles, parameters.
_APPLICATION = 140
_SESSIONS = 150
_ROLE = 110
_PARAMETER = 300


@dataclass(frozen=True)
class Owner:
    """The stacks whose sessions are meant, as an owner tag names them.

    Attributes:
        stack_ids: The id of one stack; or a pattern, or a list of patterns, for the ids of stacks
            that are known by their names alone.
        operator: How IAM compares them: ``StringEquals``, or ``StringLike`` for patterns.
        declares_applications: Whether the stacks' own applications are meant, too, without being
            named.
    """

    stack_ids: str | list[str]
    operator: str = "StringEquals"
    declares_applications: bool = False

    @property
    def resources(self) -> list[str]:
        """The same, as resources of a statement."""
        return [self.stack_ids] if isinstance(self.stack_ids, str) else self.stack_ids

    def where(self, *keys: str, operator: str | None = None) -> dict[str, Any]:
        """The condition that these keys have the id of one of the stacks."""
        return {operator or self.operator: dict.fromkeys(keys, self.stack_ids)}


class HandlerPermissions:
    """The handler's permissions for the sessions of one stack.

    Each application and each execution role is named once, however many sessions use it.
    """

    def __init__(
        self,
        scope: IConstruct,
        owner: Owner,
        *,
        policies: PolicySeries,
        early: Callable[[iam.PolicyStatement], IConstruct],
    ) -> None:
        """Adds the statements that don't depend on which sessions there are.

        Args:
            scope: Where the policies are, for the partition, account and region of ARNs.
            owner: The stacks whose sessions the handler may end.
            policies: The policies that sessions wait for.
            early: Adds a statement that names no application and no role to a policy, and returns
                the construct that has it.
        """
        self._policies = policies
        self._stack = cdk.Stack.of(scope)
        self._owner = owner
        self._known: set[object] = set()
        self._tag_keys = _TagKeys()
        self._tagging_at_start: list[iam.PolicyStatement] = []
        self._tag_at_start = GrowingStatement(
            self._tag_at_start_statement, 600, _APPLICATION + _SESSIONS
        )
        for statement in self._early_statements():
            policy = early(statement)
        self._acknowledge_early(policy)

    @property
    def dependable(self) -> IDependable:
        """What sessions wait for."""
        return self._policies.dependable

    def start_on(self, application: IApplicationRef) -> None:
        """Lets the handler start sessions on the application."""
        if application not in self._known:
            self._known.add(application)
            arn = application_arn_of(application)
            self._start_on(_identity(application, arn), arn)

    def start_on_arn(self, application_arn: str) -> None:
        """The same for an application that is known by its ARN alone."""
        self._start_on(("", application_arn), application_arn)

    def stop(self, application: IApplicationRef) -> None:
        """Lets the handler stop an application that isn't a resource of the stack."""
        arn = application_arn_of(application)
        self._allow(_STOP, _identity(application, arn), arn)

    def pass_role(self, role: IRoleRef) -> None:
        """Lets the handler pass the execution role to EMR Serverless, and to nothing else."""
        if role not in self._known:
            self._known.add(role)
            arn = role_arn_of(role)
            self._allow(_PASS, _identity(role, arn), arn)

    def pass_role_arn(self, role_arn: str) -> None:
        """The same for a role that is known by its ARN alone."""
        self._allow(_PASS, ("", role_arn), role_arn)

    def start_on_listed(self, application_arns: list[str]) -> None:
        """The same for a list of applications that is known at deployment."""
        self._policies.add_resources(_START, *application_arns)
        self._policies.add_resources(self._tag_at_start, *application_arns)

    def pass_listed_roles(self, role_arns: list[str]) -> None:
        """The same for a list of roles that is known at deployment."""
        self._policies.add_resources(_PASS, *role_arns)

    def tag_with_listed(self, keys: list[str]) -> None:
        """The same for a list of keys that is known at deployment."""
        self._tag_keys.listed = keys

    def write_parameter(self, parameter_name: str) -> None:
        """Lets the handler write which session is the current one."""
        # By its name: a reference would make the session wait for a parameter that waits for it.
        arn = self._stack.format_arn(
            service="ssm", resource="parameter", resource_name=parameter_name.removeprefix("/")
        )
        self._allow(_PUT_PARAMETER, ("", arn), arn)

    def tag_as(self, tags: cdk.TagManager) -> None:
        """Lets the handler start sessions with the tags that are in the manager at the end."""
        self._tag_keys.managers.append(tags)

    def tag_with(self, keys: Iterable[str]) -> None:
        """Lets the handler start sessions with tags of these keys."""
        self._tag_keys.keys.update(keys)

    def settle_tag_keys(self) -> None:
        """Writes the keys down, when the app is complete, for what doesn't ask for them then."""
        for statement in self._tagging_at_start:
            if statement.frozen:
                continue
            statement.add_condition(_TAGS_AT_START, {"aws:TagKeys": self._tag_keys.all()})

    def _start_on(self, key: tuple[str, str], application_arn: str) -> None:
        self._allow(_START, key, application_arn)
        self._allow(self._tag_at_start, key, application_arn, f"{application_arn}/sessions/?")

    def _allow(self, growing: GrowingStatement, key: tuple[str, str], *arns: str) -> None:
        """Adds resources, unless those of this key were added."""
        if (growing, key) not in self._known:
            self._known.add((growing, key))
            self._policies.add_resources(growing, *arns)

    def _early_statements(self) -> list[iam.PolicyStatement]:
        applications = self._arn("*")
        sessions = self._arn(session_resource_name("*", "*"))
        owned = self._owner.where(f"aws:ResourceTag/{STACK_ID_TAG}")
        own_applications = self._owner.declares_applications
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
                conditions=owned,
            ),
            # The owner tags say whose a session is. After the start nobody changes them, the
            # handler least of all; but for the two that say how a running session is held.
            iam.PolicyStatement(
                sid="TagOwnSessions",
                actions=["emr-serverless:TagResource", "emr-serverless:UntagResource"],
                resources=[sessions],
                conditions={
                    **owned,
                    "ForAllValues:StringNotEquals": {"aws:TagKeys": list(FIXED_OWNER_TAGS)},
                },
            ),
            iam.PolicyStatement(
                sid="UseOwnApplications" if own_applications else "StopOwnApplications",
                actions=[
                    "emr-serverless:StopApplication",
                    "emr-serverless:GetApplication",
                    *(["emr-serverless:StartSession"] if own_applications else []),
                ],
                resources=[applications],
                conditions=self._owner.where(_STACK_OF_RESOURCE),
            ),
            iam.PolicyStatement(
                sid="AskWhetherWanted",
                actions=["cloudformation:DescribeStackResource", "cloudformation:DescribeStacks"],
                resources=self._owner.resources,
            ),
            *(self._tag_on_own_applications() if own_applications else ()),
        ]

    def _tag_on_own_applications(self) -> list[iam.PolicyStatement]:
        """The tags that come with StartSession on whatever applications the stacks declare.

        Nothing names them: they are made together with their sessions. CloudFormation's own tag
        tells whose they are. IAM may know the application's tags or not when it is asked about
        the tags of a new session, hence ``IfExists``; and the resource reaches the sessions of
        others, hence the refusal. See ``_tag_at_start_statement`` for what isn't published.
        """
        applications = self._arn("*")
        if_known = f"{self._owner.operator}IfExists"
        otherwise = self._owner.operator.replace("String", "StringNot")
        return [
            iam.PolicyStatement(
                sid="TagAtStart",
                actions=["emr-serverless:TagResource"],
                resources=[applications],
                conditions={
                    **self._at_start(),
                    **self._owner.where(_STACK_OF_RESOURCE, operator=if_known),
                },
            ),
            # Two characters and more: a session that has its id.
            iam.PolicyStatement(
                sid="NeverTagOthers",
                effect=iam.Effect.DENY,
                actions=["emr-serverless:TagResource"],
                resources=[self._arn(session_resource_name("*", "??*"))],
                conditions=self._owner.where(f"aws:ResourceTag/{STACK_ID_TAG}", operator=otherwise),
            ),
        ]

    def _tag_at_start_statement(self) -> iam.PolicyStatement:
        """The tags that come with StartSession, which takes TagResource too.

        Which ARN IAM checks that on isn't published: the application's, on which StartSession
        itself is checked, or the new session's, which has no id yet. The statement names both,
        and keeps the role from calling TagResource itself on what is there already:

        - while a session has no id, IAM is asked about ``/sessions/*``, as for other resources
          that are being made (``cluster/*`` of EMR in gchq/sleeper issue 2584). ``?`` stands for
          that one character, and for no id. With ``/sessions/*`` here the role could set its owner
          tag on the session of somebody else, and end it as its own: no condition tells that
          request from one that starts a session;
        - on an application it may set the tags that sessions are started with, and no other.
        """
        statement = iam.PolicyStatement(
            actions=["emr-serverless:TagResource"], conditions=self._at_start()
        )
        self._tagging_at_start.append(statement)
        return statement

    def _at_start(self) -> dict[str, Any]:
        """The condition that the tags are those that a session of the stacks is started with."""
        return {
            **self._owner.where(f"aws:RequestTag/{STACK_ID_TAG}"),
            _TAGS_AT_START: {"aws:TagKeys": self._tag_keys.at_the_end()},
        }

    def _acknowledge_early(self, policy: IConstruct) -> None:
        acknowledge_wildcard(
            policy,
            self._arn("*"),
            "Sessions to end may be on an application that the template doesn't name any more: "
            "applications are listed, and stopped only where CloudFormation's tag is the stack's.",
        )
        acknowledge_wildcard(
            policy,
            self._arn(session_resource_name("*", "*")),
            "A session's id is known only once it is started: sessions are read, and ended or "
            "tagged only where the owner tag is the stack's.",
        )

    def _arn(self, resource_name: str) -> str:
        return self._stack.format_arn(
            service=SERVICE, resource=ARN_RESOURCE, resource_name=resource_name
        )


@jsii.implements(cdk.IListProducer)
class _TagKeys:
    """The keys of the tags that sessions are started with, known when the app is complete."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.managers: list[cdk.TagManager] = []
        self.listed: list[str] | None = None

    def at_the_end(self) -> Any:
        """The keys, asked for when the policy is written into the template."""
        return cdk.Lazy.uncached_list(self)

    def produce(self, context: cdk.IResolveContext) -> list[str]:  # noqa: ARG002
        """Called by the CDK."""
        return self.all()

    def all(self) -> list[str]:
        """The keys as far as they are known now."""
        used = {key for manager in self.managers for key in manager.tag_values()}
        keys = [*FIXED_OWNER_TAGS, HELD_ARN_TAG, *sorted(self.keys | used)]
        return keys if self.listed is None else with_listed(keys, self.listed)


_START = GrowingStatement(
    lambda: iam.PolicyStatement(
        actions=["emr-serverless:StartSession", "emr-serverless:GetApplication"]
    ),
    120,
    _APPLICATION,
)
_PASS = GrowingStatement(
    lambda: iam.PolicyStatement(
        actions=["iam:PassRole"],
        conditions={"StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}},
    ),
    160,
    _ROLE,
)
_STOP = GrowingStatement(
    lambda: iam.PolicyStatement(actions=["emr-serverless:StopApplication"]), 80, _APPLICATION
)
_PUT_PARAMETER = GrowingStatement(
    lambda: iam.PolicyStatement(actions=["ssm:PutParameter"]), 70, _PARAMETER
)


def _identity(construct: IApplicationRef | IRoleRef, arn: str) -> tuple[str, str]:
    """What tells one ARN from another before references between stacks are resolved."""
    if not cdk.Token.is_unresolved(arn):
        return ("", arn)
    stack = stack_of(construct)
    return (address_of(stack), json.dumps(stack.resolve(arn), sort_keys=True))
