"""The policies that the handler's role gets beside those it is made with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import jsii
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup, IValidation

from .._checks.findings import ID_PREFIX, is_acknowledged

# How many managed policies IAM lets a role have, unless the account's quota was raised.
_POLICIES_OF_A_ROLE = 10
_MOST_POLICIES_OF_A_ROLE = 25
SHARED_PROVIDER = ID_PREFIX + "sharedProvider"


class PolicySeries:
    """Policies of one stack's sessions, begun anew where one would outgrow IAM's limit.

    Statements that grow come in pieces. The first of each kind are in the first policy, the second
    in the second, so that none outgrows the 6,144 characters of a managed policy. Policies are
    made with the first statement that goes there: without sessions there are none.
    """

    def __init__(self, make: Callable[[int], iam.Policy | iam.ManagedPolicy]) -> None:
        """Makes none yet.

        Args:
            make: Makes the policy of a number, counted from 0.
        """
        self._make = make
        self._policies: list[iam.Policy | iam.ManagedPolicy] = []
        self._pieces: Counter[tuple[str, ...]] = Counter()
        self.dependable = DependencyGroup()

    @property
    def managed(self) -> int:
        """How many of them are managed policies."""
        return sum(isinstance(policy, iam.ManagedPolicy) for policy in self._policies)

    def add(self, statement: iam.PolicyStatement) -> iam.Policy | iam.ManagedPolicy:
        """Adds a statement to the policy that is its turn, and returns that."""
        kind = (*statement.actions, statement.sid or "")
        policy = self._policy(self._pieces[kind])
        policy.add_statements(statement)
        self._pieces[kind] += 1
        return policy

    def _policy(self, number: int) -> iam.Policy | iam.ManagedPolicy:
        if number == len(self._policies):
            policy = self._make(number)
            self._policies.append(policy)
            self.dependable.add(policy)
        return self._policies[number]


def own_series(scope: Construct, role: iam.Role) -> PolicySeries:
    """Policies in the role's own stack: one inline, and managed ones where that is not enough.

    They are no children of the role, and nothing but sessions depends on them: the function, which
    depends on the role, is made at the same time.
    """

    def make(number: int) -> iam.Policy | iam.ManagedPolicy:
        if number == 0:
            return iam.Policy(scope, "Permissions", roles=[role])
        return iam.ManagedPolicy(scope, f"Permissions{number}", roles=[role])

    return PolicySeries(make)


def series_of_another_stack(scope: Construct, id: str, role: iam.Role) -> PolicySeries:
    """Managed policies for the sessions of another stack than the role's.

    Args:
        scope: The stack of the sessions, which then refers to the role, and the role to nobody;
            or, for a stack that isn't of this app, the provider.
        id: The id of the first policy.
        role: The handler's role.
    """

    def make(number: int) -> iam.ManagedPolicy:
        policy = iam.ManagedPolicy(
            scope,
            f"{id}{number or ''}",
            description="What the session handler of another stack may do for this one",
        )
        policy.attach_to_role(iam.Role.from_role_name(policy, "Role", role.role_name))
        return policy

    return PolicySeries(make)


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
