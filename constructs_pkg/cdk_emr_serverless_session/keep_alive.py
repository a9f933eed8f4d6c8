"""The schedule that starts a successor when a session has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from constructs import Construct

from ._template.properties import schedule_input

if TYPE_CHECKING:
    from .provider import SessionProvider

# The handler takes no call that is later than this; there is no use in trying for longer.
_LATEST = cdk.Duration.minutes(10)


def keep_alive_schedule(
    scope: Construct,
    id: str,
    *,
    schedule: scheduler.ScheduleExpression,
    provider: SessionProvider,
    resource: cdk.CfnResource,
    session_arn: str,
    properties: Mapping[str, Any],
    parameter_name: str,
) -> scheduler.Schedule:
    """Makes the schedule.

    Its input is what the handler knows of the resource at a deployment. It refers to the session's
    ARN, so that it is made after the session, follows each replacement, and goes before it.
    """
    call = schedule_input(
        resource=resource,
        session_arn=session_arn,
        properties=properties,
        parameter_name=parameter_name,
        scheduled_time=scheduler.ContextAttribute.scheduled_time,
    )
    return scheduler.Schedule(
        scope,
        id,
        schedule=schedule,
        description=f"Keeps the EMR Serverless session {resource.node.path} alive",
        target=targets.LambdaInvoke(
            provider.function,
            input=scheduler.ScheduleTargetInput.from_object(call),
            role=provider.schedule_role,
            max_event_age=_LATEST,
        ),
    )
