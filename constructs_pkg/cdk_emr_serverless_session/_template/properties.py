"""A session's custom resource and its properties, in CloudFormation's spelling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import aws_cdk as cdk

from ..configuration import Configuration, render_configurations

# What StartSession is asked with. The other properties say how the resource is handled.
REQUEST_PROPERTIES = (
    "ApplicationId",
    "ExecutionRoleArn",
    "Name",
    "IdleTimeoutMinutes",
    "ConfigurationOverrides",
    "Tags",
)

# The policies that leave a resource where it is.
RETAINING = ("Retain", "RetainExceptOnCreate")


def request_properties(
    *,
    application_id: str,
    execution_role_arn: str,
    session_name: str | None,
    idle_timeout_minutes: float | None,
    runtime_configuration: Sequence[Configuration] | None,
) -> dict[str, Any]:
    """What StartSession is asked with, without the tags. What isn't set is absent."""
    properties: dict[str, Any] = {
        "ApplicationId": application_id,
        "ExecutionRoleArn": execution_role_arn,
    }
    if session_name is not None:
        properties["Name"] = session_name
    if idle_timeout_minutes is not None:
        properties["IdleTimeoutMinutes"] = idle_timeout_minutes
    if runtime_configuration is not None:
        properties["ConfigurationOverrides"] = {
            "RuntimeConfiguration": render_configurations(runtime_configuration)
        }
    return properties


def handling_properties(
    *, stop_application: bool, wait_until_ready: bool, ensure_live_on_deploy: bool
) -> dict[str, str]:
    """How the resource is handled. What is as usual is absent."""
    properties: dict[str, str] = {}
    if stop_application:
        properties["StopApplication"] = "true"
    if not wait_until_ready:
        properties["WaitUntilReady"] = "false"
    if ensure_live_on_deploy:
        # Any change has the handler look at the session, and this one changes nothing else.
        properties["CheckedForSynthAt"] = datetime.now(UTC).isoformat()
    return properties


def schedule_input(
    *,
    resource: cdk.CfnResource,
    session_arn: str,
    properties: Mapping[str, Any],
    parameter_name: str,
    scheduled_time: str,
) -> dict[str, Any]:
    """What a keep-alive schedule sends: the resource as the handler knows it at a deployment."""
    stack = cdk.Stack.of(resource)
    return {
        "StackId": stack.stack_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": session_arn,
        "ResourceProperties": {
            name: properties[name] for name in REQUEST_PROPERTIES if name in properties
        },
        "ParameterName": parameter_name,
        "ScheduledTime": scheduled_time,
    }


class SessionResource(cdk.CfnResource):
    """The custom resource; says to the handler what is only settled when the app is complete."""

    is_retained = False
    """Whether the session outlives its stack."""
    tells_to_retain = False
    """Whether the handler is told of a policy that retains."""
    _stops_application = True

    def stop_application(self, stops: bool) -> None:
        """Sets whether the handler stops the application, for a session declared so that it does.

        Setting what is set already would cost a message to the CDK's process.
        """
        if stops == self._stops_application:
            return
        self._stops_application = stops
        if stops:
            self.add_property_override("StopApplication", "true")
        else:
            self.add_property_deletion_override("StopApplication")

    def retain(self, deletion_policy: object, update_replace_policy: object) -> None:
        """Tells the handler whether CloudFormation retains sessions.

        The handler ends what it finds of its own beside the current session, so it has to know.

        Args:
            deletion_policy: DeletionPolicy, in the template's spelling.
            update_replace_policy: UpdateReplacePolicy.
        """
        self.is_retained = deletion_policy in RETAINING
        retained = self.is_retained or update_replace_policy in RETAINING
        if retained == self.tells_to_retain:
            return
        self.tells_to_retain = retained
        if retained:
            self.add_property_override("Retain", "true")
        else:
            self.add_property_deletion_override("Retain")
