"""What a session waits for at its start, and goes before at its end."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import IDependable


def depend_on_permissions(
    resource: cdk.CfnResource, handler_policies: IDependable, execution_role: iam.IRole
) -> None:
    """Starts the session after all policies are in place, and ends it before they go.

    Args:
        resource: The session's custom resource.
        handler_policies: What the handler may do.
        execution_role: What the session's code runs with; its policies are its children.
    """
    resource.node.add_dependency(handler_policies, execution_role)
