"""What sessions ask of the CDK, remembered.

A question to the CDK is a message to another process and back: a fifth of a millisecond. Sessions
share stack, application, role and provider, so most answers are known already.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from constructs import IConstruct

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")


def cached(question: Callable[[Subject], Answer]) -> Callable[[Subject], Answer]:
    """``lru_cache`` with the function's own types: mypy takes interfaces of the CDK for unhashable.

    For questions whose answer never changes, about objects that are told apart by identity.
    """
    return lru_cache(question)


@cached
def application_id_of(application: IApplicationRef) -> str:
    """The application's id, or its token."""
    return application.application_ref.application_id


@cached
def application_arn_of(application: IApplicationRef) -> str:
    """The application's ARN, or its token."""
    return application.application_ref.application_arn


@cached
def role_arn_of(role: iam.IRole) -> str:
    """The role's ARN, or its token."""
    return role.role_arn


@cached
def path_of(construct: IConstruct) -> str:
    """The construct's path in the tree."""
    return construct.node.path


@cached
def address_of(construct: IConstruct) -> str:
    """The construct's address: the same for every Python object that stands for it."""
    return construct.node.addr


@cached
def stack_of(construct: IConstruct) -> cdk.Stack:
    """The stack that the construct is in."""
    return cdk.Stack.of(construct)
