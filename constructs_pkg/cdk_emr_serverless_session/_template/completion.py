"""The moment when the app is complete: after all aspects, before any template is written.

Aspects can't tell: one that comes last at a stack still comes before those of the stack's children.
The CDK asks for dependencies right after the last aspect, a stack's before its children's.
"""

from __future__ import annotations

from collections.abc import Callable

import aws_cdk as cdk
from constructs import Dependable, DependencyGroup, IConstruct


def when_complete(stack: cdk.Stack, action: Callable[[], None]) -> None:
    """Has an action called once for each synth. It may still change resources of the stack."""
    group = DependencyGroup()
    Dependable.implement(group, _Callback(action))
    stack.node.add_dependency(group)


class _Callback(Dependable):
    """Nothing to depend on; asked for, it acts."""

    def __init__(self, action: Callable[[], None]) -> None:
        super().__init__()
        self._action = action

    @property
    def dependency_roots(self) -> list[IConstruct]:
        """Called by the CDK."""
        self._action()
        return []
