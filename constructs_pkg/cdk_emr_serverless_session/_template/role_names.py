"""Which roles the names in a policy mean.

The same name means another role in another account, and the same reference in another stack. The
templates of this moment don't tell them apart: references between stacks aren't settled yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_iam import IRoleRef
from constructs import IConstruct

from .lookups import address_of, cached, stack_of
from .references import references_in
from .rendered import Templates

_ROLE = "AWS::IAM::Role"


class RoleName(NamedTuple):
    """What a name means: equal ones mean the same role.

    Attributes:
        place: An account, or the address of a stack.
        name: The role's name there, or the logical id of a resource or a parameter.
    """

    place: str
    name: str


class RoleNames:
    """What is meant in the templates of a stage."""

    def __init__(self, stage: IConstruct, templates: Templates) -> None:
        """Nothing asked yet.

        Args:
            stage: The stage or app.
            templates: Its templates of this moment.
        """
        self._stage = stage
        self._templates = templates

    def of(self, role: IRoleRef) -> set[RoleName]:
        """All that a role is called: as a resource, and by the name that it is given."""
        declared = declared_in(role)
        if declared is None:
            imported, stack = role.role_ref.role_name, stack_of(role)
            meant = self.meant([stack.resolve(imported)], imported, stack)
            # It may be of another account than its stack.
            own = stack.account
            return {RoleName(role.env.account, n.name) if n.place == own else n for n in meant}
        return {_named(declared), *self._given_names(declared)}

    def meant(self, written: Sequence[Any], declared: object, stack: cdk.Stack) -> set[RoleName]:
        """The roles that are meant.

        Args:
            written: The names, as the stack's template has them.
            declared: The names as they were declared, which tell of what stack a reference is.
            stack: The stack.
        """
        own = self._ids_of(stack)
        found: set[RoleName] = set()
        for name in (one for each in written for one in _alternatives(each)):
            if isinstance(name, str):
                found.add(RoleName(stack.account, name))
                continue
            ids = {reference.logical_id for reference in references_in(name)}
            found |= {RoleName(address_of(stack), id) for id in ids & own}
            if not ids <= own:
                found |= _targets(declared, stack)
        return found

    def declared_as(self, names: set[RoleName]) -> list[iam.CfnRole]:
        """The roles of the stage that are given one of these names."""
        return [role for role in self._roles if names & self._given_names(role)]

    def _ids_of(self, stack: cdk.Stack) -> set[str]:
        try:
            return {*self._templates.resources(stack), *self._templates.parameters(stack)}
        except RuntimeError:  # said of the application, or by synth itself
            return set()

    def _given_names(self, role: iam.CfnRole) -> set[RoleName]:
        try:
            declaration = self._templates.declaration(role) or {}
            name = declaration.get("Properties", {}).get("RoleName")
        except RuntimeError:  # said of the application, or by synth itself
            name = role.stack.resolve(role.role_name)
        return set() if name is None else self.meant([name], role.role_name, stack_of(role))

    @cached_property
    def _roles(self) -> list[iam.CfnRole]:
        found = cdk.ConstructSelector.resources_of_type(_ROLE).select(self._stage)
        return [role for role in found if isinstance(role, iam.CfnRole)]


def declared_in(role: IRoleRef) -> iam.CfnRole | None:
    """The resource of a role, if this app declares it."""
    declared = role if isinstance(role, iam.CfnRole) else role.node.default_child
    return declared if isinstance(declared, iam.CfnRole) else None


def _alternatives(name: Any) -> Iterator[Any]:
    if isinstance(name, dict) and isinstance(either := name.get("Fn::If"), list):
        for one in either[1:]:
            yield from _alternatives(one)
    else:
        yield name


def _targets(declared: object, stack: cdk.Stack) -> set[RoleName]:
    """What is referred to, whichever stack it is in."""
    resolver = _References()
    cdk.Tokenization.resolve(declared, scope=stack, resolver=resolver, preparing=False)
    return {_named(target) for target in resolver.targets}


class _References(cdk.DefaultTokenResolver):
    """Notes what is referred to."""

    def __init__(self) -> None:
        super().__init__(cdk.StringConcat())
        self.targets: list[cdk.CfnElement] = []

    def resolve_token(
        self, t: cdk.IResolvable, context: cdk.IResolveContext, post_processor: cdk.IPostProcessor
    ) -> Any:
        """Called by the CDK."""
        target = t.target if isinstance(t, cdk.Reference) else None
        if isinstance(target, cdk.CfnElement):
            self.targets.append(target)
        return super().resolve_token(t, context, post_processor)


@cached
def _named(element: cdk.CfnElement) -> RoleName:
    stack = element.stack
    return RoleName(address_of(stack), str(stack.resolve(element.logical_id)))
