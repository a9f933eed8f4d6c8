"""A tag on the whole stack that changes while a session lives."""

from functools import partial

import aws_cdk as cdk

from testbed.apps import one_session
from tests.e2e.deployment import USABLE, Deployment

# As the guide says. CloudFormation hands the stack's own tags to every resource, so they count too.
KEPT_OFF = ["AWS::EMRServerless::Application", "aws:cdk:stack"]


def tagged(stack: cdk.Stack, *, sprint: str) -> None:
    """Fill a stack with a session, and tag all of it but the application."""
    one_session(stack)
    cdk.Tags.of(stack).add("sprint", sprint, exclude_resource_types=KEPT_OFF)


def test_it_changes_in_place_where_it_is_kept_off_the_application(deployment: Deployment) -> None:
    before = deployment.deploy(partial(tagged, sprint="12"))
    after = deployment.deploy(partial(tagged, sprint="13"))

    assert after["SessionId"] == before["SessionId"]
    session = deployment.session()
    assert session["state"] in USABLE
    assert session["tags"]["sprint"] == "13"
    deployment.destroy()
