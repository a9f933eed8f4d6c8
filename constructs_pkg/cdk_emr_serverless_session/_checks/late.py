"""Checks of what is complete only when the whole app is: the tags that ``Tags.of`` adds."""

from __future__ import annotations

import aws_cdk as cdk
import jsii
from constructs import Construct, IValidation

from .._template.lookups import cached
from .request import tag_problems


@jsii.implements(IValidation)
class TagValidation:
    """Checks the tags of all sessions of a stack.

    One for them all: that spares each of them a callback from the CDK's process.
    """

    def __init__(self) -> None:
        """Checks nothing yet."""
        self._tags: list[tuple[Construct, cdk.TagManager]] = []

    def add(self, session: Construct, tags: cdk.TagManager) -> None:
        """Has the tags checked that are in the manager at the end."""
        self._tags.append((session, tags))

    def validate(self) -> list[str]:
        """Called by the CDK at the end; returns the problems, each with the session's path."""
        return [
            f"{session.node.path}: {problem}"
            for session, tags in self._tags
            for problem in tag_problems(tags.tag_values())
        ]


@cached
def tag_validation_of(stack: cdk.Stack) -> TagValidation:
    """The validation of a stack, made and added to it when first asked for."""
    validation = TagValidation()
    stack.node.add_validation(validation)
    return validation
