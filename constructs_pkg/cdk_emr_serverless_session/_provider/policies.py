"""The policies that are added to the handler's role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup, IValidation

from .._template.findings import ID_PREFIX, is_acknowledged

# How many managed policies IAM lets a role have, unless the account's quota was raised.
_POLICIES_OF_A_ROLE = 10
_MOST_POLICIES_OF_A_ROLE = 25
SHARED_PROVIDER = ID_PREFIX + "sharedProvider"


# What IAM lets a policy have, without white space: a managed one, and all inline ones of a role.
_MANAGED_POLICY = 6144
_INLINE_POLICIES = 10240
# What the statements take that name no application and no role, with the longest of stack ids.
_EARLY_STATEMENTS = 3000
# The same where the handler starts sessions on applications that nothing names.
_EARLY_STATEMENTS_OF_SERVED = 4200
_BRACKETS = 50

Policy = iam.Policy | iam.ManagedPolicy


@dataclass(frozen=True)
class GrowingStatement:
    """A statement that gets resources while constructs are made.

    Attributes:
        make: Makes the statement, without resources.
        size: Characters of it without resources, at most.
        resource_size: Characters of what is added at a time, at most.
    """

    make: Callable[[], iam.PolicyStatement]
    size: int
    resource_size: int


class PolicySeries:
    """The policies of a stack's sessions, started again where one would outgrow IAM's limit.

    Policies are made with the first statement that goes there: without sessions there are none.
    """

    def __init__(self, make: Callable[[int], Policy], early: int = _EARLY_STATEMENTS) -> None:
        """Makes none yet.

        Args:
            make: Makes the policy of a number, counted from 0.
            early: Characters of the statements that name no application and no role, at most.
        """
        self._make = make
        self._early = early
        self._policies: list[_PolicyWithRoom] = []
        self.dependable = DependencyGroup()

    @property
    def statements(self) -> Iterator[iam.PolicyStatement]:
        """All their statements."""
        for one in self._policies:
            yield from one.statements

    @property
    def managed(self) -> int:
        """How many of them are managed policies."""
        return sum(isinstance(one.policy, iam.ManagedPolicy) for one in self._policies)

    def add_early(self, statement: iam.PolicyStatement) -> Policy:
        """Adds a statement to the first policy, which has room for such, and returns that."""
        if not self._policies:
            self._begin(_MANAGED_POLICY - self._early)
        return self._policies[0].add_statement(statement)

    def add_resources(self, growing: GrowingStatement, *arns: str) -> None:
        """Adds resources where there is room for them."""
        for one in self._policies:
            if one.has_room_for(growing):
                break
        else:
            one = self._begin(_MANAGED_POLICY)
        one.add(growing, arns)

    def _begin(self, room: int) -> _PolicyWithRoom:
        policy = self._make(len(self._policies))
        self.dependable.add(policy)
        if isinstance(policy, iam.Policy):
            room = _INLINE_POLICIES - self._early
        one = _PolicyWithRoom(policy, room - _BRACKETS)
        self._policies.append(one)
        return one


class _PolicyWithRoom:
    def __init__(self, policy: Policy, room: int) -> None:
        self.policy = policy
        self._room = room
        self.statements: list[iam.PolicyStatement] = []
        self._growing: dict[GrowingStatement, iam.PolicyStatement] = {}

    def has_room_for(self, growing: GrowingStatement) -> bool:
        begins = 0 if growing in self._growing else growing.size
        return self._room >= begins + growing.resource_size

    def add(self, growing: GrowingStatement, arns: tuple[str, ...]) -> None:
        self._room -= growing.resource_size
        statement = self._growing.get(growing)
        # The CDK freezes what it has rendered: in the pass before the CLI looks values up.
        if statement is None or statement.frozen:
            self._room -= growing.size
            statement = self._growing[growing] = growing.make()
            statement.add_resources(*arns)
            self.add_statement(statement)
        else:
            statement.add_resources(*arns)

    def add_statement(self, statement: iam.PolicyStatement) -> Policy:
        self.statements.append(statement)
        self.policy.add_statements(statement)
        return self.policy


def is_made_elsewhere(role: iam.Role) -> bool:
    """Whether somebody else makes the role (``iam.Role.customize_roles``).

    The template then has neither the role nor its policies; a report says what they have to be.
    """
    return role.node.default_child is None


def own_series(scope: Construct, role: iam.Role) -> PolicySeries:
    """Policies in the role's own stack: one inline, and managed ones where that is not enough.

    They are no children of the role, and nothing but sessions depends on them: the function, which
    depends on the role, is made at the same time.
    """
    # A policy that is attached to nobody stays out of the template.
    roles: list[iam.IRole] = []
    if not is_made_elsewhere(role):
        roles.append(role)

    def make(number: int) -> Policy:
        if number == 0:
            return iam.Policy(scope, "Permissions", roles=roles)
        return iam.ManagedPolicy(scope, f"Permissions{number}", roles=[role])

    return PolicySeries(make)


def series_of_another_stack(
    scope: Construct, id: str, role: iam.Role, *, of_the_app: bool
) -> PolicySeries:
    """Managed policies for the sessions of another stack than the role's.

    Args:
        scope: The stack of the sessions, which then refers to the role, and the role to nobody;
            or, for a stack that isn't of this app, the provider.
        id: The id of the first policy.
        role: The handler's role.
        of_the_app: Whether the stack is of this app, and so its applications have names.
    """

    def make(number: int) -> iam.ManagedPolicy:
        policy = iam.ManagedPolicy(
            scope,
            f"{id}{number or ''}",
            description="What the session handler of another stack may do for this one",
        )
        policy.attach_to_role(iam.Role.from_role_name(policy, "Role", role.role_name))
        return policy

    early = _EARLY_STATEMENTS if of_the_app else _EARLY_STATEMENTS_OF_SERVED
    return PolicySeries(make, early)


@jsii.implements(IValidation)
class ManagedPolicyQuota:
    """Says at synth when a provider serves more stacks than IAM lets it."""

    def __init__(self, provider: Construct, count: Callable[[], int]) -> None:
        """Counts when the app is complete.

        Args:
            provider: Where the quota can be acknowledged.
            count: How many managed policies the role has.
        """
        self._provider = provider
        self._count = count

    def validate(self) -> list[str]:
        """Called by the CDK when the app is complete."""
        count = self._count()
        if count <= _POLICIES_OF_A_ROLE or (
            count <= _MOST_POLICIES_OF_A_ROLE and is_acknowledged(self._provider, SHARED_PROVIDER)
        ):
            return []
        return [
            f"this provider's role has {count} managed policies, at least one for each other stack "
            f"that it serves, and IAM's default quota is {_POLICIES_OF_A_ROLE}. Give some stacks a "
            "provider of their own; or have the quota raised (at most "
            f"{_MOST_POLICIES_OF_A_ROLE}) and acknowledge {SHARED_PROVIDER} on the provider."
        ]
