"""The permissions that a request needs: actions, resources and condition keys.

Says only what is asked; who answers is an ``Authorizer``. Without MiniStack it is
``AllowAll``, which allows everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

SERVICE_PRINCIPAL = "emr-serverless.amazonaws.com"

# On which ARN the tags of a StartSession are checked. AWS doesn't publish it: the application's, or
# the session's, which has no id yet.
TagsCheckedOn = Literal["application", "session"]


@dataclass(frozen=True)
class Permission:
    """One question to IAM. The context is the condition keys and their values."""

    action: str
    resource: str
    context: Mapping[str, str | list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Caller:
    """The request's headers and query, which tell who is asking."""

    headers: Mapping[str, str]
    query: Mapping[str, Any]


class Authorizer(Protocol):
    """Who may do what. Each answer that isn't None is the reason why not."""

    def arn(self, caller: Caller) -> str:
        """The ARN of whoever is asking."""
        ...

    def refusal(self, caller: Caller, permission: Permission) -> str | None:
        """Why the caller has no such permission."""
        ...

    def role_problem(self, role_arn: str) -> str | None:
        """Why EMR Serverless can't assume a role."""
        ...


class AllowAll:
    """Allows everything to everyone."""

    def __init__(self, account: str) -> None:
        self._arn = f"arn:aws:iam::{account}:root"

    def arn(self, caller: Caller) -> str:  # noqa: ARG002
        """The account's root, whoever is asking."""
        return self._arn

    def refusal(self, caller: Caller, permission: Permission) -> None:
        """Nothing is refused."""

    def role_problem(self, role_arn: str) -> None:
        """Every role will do."""


def required_permissions(
    operation: str,
    params: Mapping[str, Any],
    resource: str,
    resource_tags: Mapping[str, str],
    *,
    tags_checked_on: TagsCheckedOn = "application",
) -> list[Permission]:
    """The permissions that a request takes, on a resource with these tags."""
    held = {f"aws:ResourceTag/{key}": value for key, value in resource_tags.items()}
    tags: Mapping[str, str] = params.get("tags", {})
    keys = [*tags, *params.get("tagKeys", ())]
    wanted: dict[str, str | list[str]] = {f"aws:RequestTag/{k}": v for k, v in tags.items()}
    if keys:
        wanted["aws:TagKeys"] = keys
    permissions = [Permission(f"emr-serverless:{operation}", resource, {**held, **wanted})]
    if tags and operation in ("StartSession", "CreateApplication"):
        # What is being made has no tags yet, so there is nothing but the request's to go by.
        tagged = resource
        if operation == "StartSession" and tags_checked_on == "session":
            tagged = f"{resource}/sessions/*"
        permissions.append(Permission("emr-serverless:TagResource", tagged, wanted))
    if operation == "StartSession":
        permissions.append(
            Permission(
                "iam:PassRole",
                params["executionRoleArn"],
                {"iam:PassedToService": SERVICE_PRINCIPAL},
            )
        )
    return permissions
