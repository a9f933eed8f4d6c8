"""A session's dependencies: it starts after them, and ends before they are deleted.

A role's own policies are its children. Others are attached from anywhere in the app, by the role's
name, before or after the session is declared: they are looked for when the app is complete, in the
templates that come out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_iam import IRoleRef
from constructs import IConstruct, IDependable

from .._emr.names import RESOURCE_TYPE
from .findings import ID_PREFIX, Finding, report
from .lookups import address_of, path_of
from .references import awaited_by_each, dependents_of
from .rendered import Templates
from .role_names import RoleName, RoleNames, declared_in

POLICY_IN_LATER_STACK = ID_PREFIX + "policyInLaterStack"
POLICY_WAITS_FOR_SESSION = ID_PREFIX + "policyWaitsForSession"

# Where a policy says which roles it is attached to.
_ATTACHED_BY = {
    "AWS::IAM::Policy": "Roles",
    "AWS::IAM::ManagedPolicy": "Roles",
    "AWS::IAM::RolePolicy": "RoleName",
}


def depend_on_permissions(
    resource: cdk.CfnResource, handler_policies: IDependable, execution_role: IRoleRef
) -> None:
    """Starts the session after all policies are in place, and ends it before they go.

    Args:
        resource: The session's custom resource.
        handler_policies: What the handler may do.
        execution_role: What the session's code runs with, with the policies that are its children.
    """
    resource.node.add_dependency(handler_policies, execution_role)


@dataclass
class _Role:
    """An execution role and the resources of the sessions that run with it."""

    role: IRoleRef
    sessions: list[tuple[IConstruct, cdk.CfnResource]] = field(default_factory=list)


@dataclass(frozen=True)
class _Policy:
    resource: cdk.CfnResource
    stack: cdk.Stack
    roles: set[RoleName]


class PolicyDependencies:
    """The policies that the sessions of one stack wait for."""

    def __init__(self, stack: cdk.Stack) -> None:
        """No sessions yet.

        Args:
            stack: The stack of the sessions.
        """
        self._stack = stack
        self._roles: dict[str, _Role] = {}
        self._of_other_stacks: list[tuple[_Policy, _Role]] = []
        self._waiting_for_sessions: list[tuple[IConstruct, Finding]] = []

    def add(self, session: IConstruct, resource: cdk.CfnResource, role: IRoleRef) -> None:
        """Has a session wait for every policy that is attached to the role in the end."""
        waiting = self._roles.setdefault(address_of(role), _Role(role))
        waiting.sessions.append((session, resource))

    def attach(self, templates: Templates) -> None:
        """Adds the dependencies within the stack, when the app is complete.

        Args:
            templates: The templates of that moment.
        """
        self._of_other_stacks.clear()
        self._waiting_for_sessions.clear()
        own = _outermost(self._stack)
        waiting = self._waiting(templates)
        names = RoleNames(_stage_of(self._stack), templates)
        for role in self._roles.values():
            called = names.of(role.role)
            if declared_in(role.role) is None:
                for declared in names.declared_as(called):
                    called |= names.of(declared)
                    self._wait_for(declared, role)
            for policy in _policies_of(self._stack, templates):
                if called.isdisjoint(policy.roles):
                    continue
                if address_of(_outermost(policy.stack)) != address_of(own):
                    self._of_other_stacks.append((policy, role))
                else:
                    self._attach(policy, role, waiting)

    def _wait_for(self, declared: iam.CfnRole, role: _Role) -> None:
        """Has the sessions wait for a role of this stack that was imported by its name."""
        if address_of(declared.stack) == address_of(self._stack):
            for _, resource in role.sessions:
                resource.node.add_dependency(declared)

    def _attach(self, policy: _Policy, role: _Role, waiting: Mapping[str, set[str]]) -> None:
        is_child = path_of(policy.resource).startswith(f"{path_of(role.role)}/")
        is_own = address_of(policy.stack) == address_of(self._stack)
        policy_id = str(policy.stack.resolve(policy.resource.logical_id)) if is_own else ""
        for session, resource in role.sessions:
            if policy_id in waiting.get(address_of(resource), ()):
                finding = _waiting_for_session(policy, is_child=is_child)
                self._waiting_for_sessions.append((session, finding))
            elif not is_child:
                resource.node.add_dependency(policy.resource)

    def _waiting(self, templates: Templates) -> dict[str, set[str]]:
        """The logical ids of what waits for each session, by the session's address."""
        try:
            resources = templates.resources(self._stack)
        except RuntimeError:  # said of the application, or by synth itself
            return {}
        awaited = awaited_by_each(resources)
        needed = set().union(*awaited.values())
        found: dict[str, set[str]] = {}
        if not any(resources[id].get("Type") == RESOURCE_TYPE for id in needed & resources.keys()):
            return found  # and no question to the CDK about each session
        for role in self._roles.values():
            for _, resource in role.sessions:
                logical_id = str(self._stack.resolve(resource.logical_id))
                if logical_id in needed:
                    found[address_of(resource)] = dependents_of(logical_id, awaited)
        return found

    def attach_other_stacks(self) -> None:
        """Adds those on other stacks, when the CDK knows which stack refers to which."""
        for session, finding in self._waiting_for_sessions:
            report(session, finding)
        _found.pop(_stage_of(self._stack), None)
        for policy, role in self._of_other_stacks:
            try:
                _outermost(self._stack).add_stack_dependency(_outermost(policy.stack))
            except RuntimeError:  # a circle
                for session, _ in role.sessions:
                    report(session, _in_later_stack(policy))


def _in_later_stack(policy: _Policy) -> Finding:
    path = path_of(policy.resource)
    return Finding(
        POLICY_IN_LATER_STACK,
        f"execution_role: {path} is attached to it in a stack that is deployed after the session's "
        "and deleted before it: the session starts without that policy, and loses it while it "
        "runs. Declare the policy in the role's stack.",
        False,
    )


def _waiting_for_session(policy: _Policy, *, is_child: bool) -> Finding:
    path = path_of(policy.resource)
    if not is_child:
        return Finding(
            POLICY_WAITS_FOR_SESSION,
            f"execution_role: {path} is attached to it and refers to the session: the session "
            "starts without that policy, and loses it before it ends.",
            False,
        )
    return Finding(
        POLICY_WAITS_FOR_SESSION,
        f"execution_role: {path} refers to the session, or to what refers to it, and the session "
        "waits for the policies of its role: CloudFormation refuses such a circle. For permissions "
        "on the session use session.grants, which needs no reference; write others into an "
        "iam.Policy of its own (roles=[…]), which is attached once the session has started.",
        True,
    )


# The policies of a stage, found by the first of its stacks at each synth.
_found: WeakKeyDictionary[IConstruct, list[_Policy]] = WeakKeyDictionary()


def _policies_of(stack: cdk.Stack, templates: Templates) -> list[_Policy]:
    stage = _stage_of(stack)
    if stage not in _found:
        _found[stage] = list(_search(stage, templates))
    return _found[stage]


def _search(stage: IConstruct, templates: Templates) -> Iterator[_Policy]:
    names = RoleNames(stage, templates)
    # Not find_all: whatever it hands out makes Python import that construct's module.
    for node in cdk.ConstructSelector.resources_of_type(*_ATTACHED_BY).select(stage):
        declared: Any
        if isinstance(node, (iam.CfnPolicy, iam.CfnManagedPolicy)):
            declared = node.roles
        elif isinstance(node, iam.CfnRolePolicy):
            declared = node.role_name
        elif isinstance(node, cdk.CfnResource):
            declared = node._cfn_properties.get(_ATTACHED_BY[node.cfn_resource_type])
        else:
            continue
        roles = _property(node, _ATTACHED_BY[node.cfn_resource_type], declared, templates) or []
        written = roles if isinstance(roles, list) else [roles]
        yield _Policy(node, node.stack, names.meant(written, declared, node.stack))


def _property(resource: cdk.CfnResource, name: str, declared: object, templates: Templates) -> Any:
    """A property in the template; as it was declared, where the template can't be read."""
    try:
        declaration = templates.declaration(resource)
    except RuntimeError:  # said of the application, or by synth itself
        return resource.stack.resolve(declared)
    return (declaration or {}).get("Properties", {}).get(name)


def _stage_of(stack: cdk.Stack) -> IConstruct:
    return cdk.Stage.of(stack) or stack.node.root


def _outermost(stack: cdk.Stack) -> cdk.Stack:
    while (parent := stack.nested_stack_parent) is not None:
        stack = parent
    return stack
