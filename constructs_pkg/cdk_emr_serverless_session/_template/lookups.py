"""Cached questions to the CDK.

A question to the CDK is a message to another process and back: a fifth of a millisecond. Sessions
share stack, application, role and provider, so most answers are known already.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk.interfaces.aws_emrserverless import IApplicationRef
from aws_cdk.interfaces.aws_iam import IRoleRef
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
def role_arn_of(role: IRoleRef) -> str:
    """The role's ARN, or its token."""
    return role.role_ref.role_arn


@cached
def declared_by(token: str) -> cdk.CfnResource | None:
    """The resource of this app that a token refers to, if it does."""
    if "${Token[" not in token:
        return None
    reference = cdk.Tokenization.reverse_string(token).first_token
    if reference is None or not cdk.Reference.is_reference(reference):
        return None
    target = reference.target if isinstance(reference, cdk.Reference) else None
    return target if isinstance(target, cdk.CfnResource) else None


@cached
def path_of(construct: IConstruct) -> str:
    """The construct's path in the tree."""
    return construct.node.path


@cached
def address_of(construct: IConstruct) -> str:
    """The construct's address: the same for every Python object that stands for it."""
    return construct.node.addr


@cached
def declared_role(role: IRoleRef) -> IRoleRef:
    """The role of this app that a role imported by ARN or name is; others as they are."""
    resource = declared_by(role_arn_of(role)) or declared_by(role.role_ref.role_name)
    if not isinstance(resource, iam.CfnRole):
        return role
    scope = resource.node.scope
    return scope if isinstance(scope, iam.Role) else resource


def as_construct(value: object) -> IConstruct | None:
    """A value as the construct that it is, if it is one.

    ``isinstance`` doesn't tell: what the CDK makes behind an interface, an imported role for one,
    is of no class that Python knows.
    """
    return cast("IConstruct", value) if hasattr(value, "node") else None


@cached
def stack_of(construct: IConstruct) -> cdk.Stack:
    """The stack that the construct is in."""
    return cdk.Stack.of(construct)
