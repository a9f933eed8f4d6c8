"""The handler's role has what it needs and nothing else: IAM is evaluated, action by action."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from testbed.local_aws import LocalAws
from tests.e2e.deployment import LIVE, OWNER_TAG
from tests.e2e.handler_role import (
    Failed,
    RoleStack,
    Shown,
    actions_of,
    deploy,
    one_of,
    roles_only,
    statements,
    synthesized,
    without,
)

WHOLE = synthesized()
TEMPLATE = roles_only(WHOLE)
ACTIONS = sorted({action for s in statements(TEMPLATE) for action in actions_of(s)})
LOG_GROUP = one_of(TEMPLATE["Resources"], "AWS::Logs::LogGroup")
# What fails first in a session's life when the role lacks an action.
BROKEN = {
    "cloudformation:DescribeStackResource": "cancelled",
    "cloudformation:DescribeStacks": "cancelled",
    "emr-serverless:GetApplication": "afterwards",
    "emr-serverless:GetSession": "create",
    "emr-serverless:ListSessions": "delete",
    "emr-serverless:StartSession": "create",
    "emr-serverless:StopApplication": "afterwards",
    "emr-serverless:TagResource": "create",
    "emr-serverless:TerminateSession": "clean up",
    "emr-serverless:UntagResource": "remove a tag",
    "iam:PassRole": "create",
    "logs:CreateLogStream": "log",
    "logs:PutLogEvents": "log",
}


# Steps of which CloudFormation is told nothing, or whose end is looked at.
UNNAMED = ("afterwards", "cancelled")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS of this module's own, whose sessions are there at once."""
    with LocalAws(tmp_path_factory.mktemp("least"), session_start_seconds=0.1) as running:
        yield running


def live(stack: RoleStack) -> bool:
    """Whether any session lives on the stack's application."""
    root = stack.aws.client("emr-serverless")
    found = root.list_sessions(applicationId=stack.application_id)["sessions"]
    return any(session["state"] in LIVE for session in found)


def whole_life(stack: RoleStack) -> None:
    """Go through all that a session of a stack goes through, until something fails."""
    first = stack.properties(Tags={"team": "search"})
    second = stack.properties(Tags={"team": "ads", "stage": "beta"})
    third = stack.properties(Tags={"team": "ads"})
    fourth = stack.properties(Tags={"team": "ads"}, IdleTimeoutMinutes="5")

    def update(step: str, old: Any, new: Any, arn: str) -> str:
        return stack.send(
            step,
            "Update",
            PhysicalResourceId=arn,
            ResourceProperties=new,
            OldResourceProperties=old,
        )

    log(stack)
    arn = stack.send("create", "Create", ResourceProperties=first)
    assert update("tag", first, second, arn) == arn
    assert update("remove a tag", second, third, arn) == arn
    replacement = update("replace", third, fourth, arn)
    assert replacement != arn
    cleaning_up = Shown("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE", replacement)
    stack.send("clean up", "Delete", cleaning_up, PhysicalResourceId=arn, ResourceProperties=third)
    cancel_a_create(stack, first)
    stack.send("delete", "Delete", PhysicalResourceId=replacement, ResourceProperties=fourth)
    if live(stack):
        raise Failed("delete", "a session is left")
    state = stack.aws.client("emr-serverless").get_application(applicationId=stack.application_id)
    if state["application"]["state"] != "STOPPED":
        raise Failed("afterwards", "the application can't be deleted")


def cancel_a_create(stack: RoleStack, properties: dict[str, Any]) -> None:
    """Send a request that CloudFormation has given up: without asking nobody notices."""
    rolled_back = Shown("ROLLBACK_IN_PROGRESS", "CREATE_FAILED")
    try:
        arn = stack.send("a", "Create", rolled_back, ResourceProperties=properties)
    except Failed:
        return
    stack.aws.client("emr-serverless").terminate_session(**parts(arn))
    raise Failed("cancelled", "a session was started that nobody waits for")


def log(stack: RoleStack) -> None:
    """Ask IAM whether Lambda can log with the role: it writes to a stream of the log group.

    The local AWS asks this of the log group instead, whose ARN is another than what AWS asks.
    """
    iam = stack.aws.client("iam")
    asked = {
        "PolicySourceArn": stack.outputs["Role"],
        "ActionNames": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "ResourceArns": [f"{log_group_arn(stack)}:log-stream:2026/01/01/[1]"],
    }
    for result in iam.simulate_principal_policy(**asked)["EvaluationResults"]:
        if result["EvalDecision"] != "allowed":
            raise Failed("log", f"{result['EvalActionName']}: {result['EvalDecision']}")


def log_group_arn(stack: RoleStack) -> str:
    """The log group's ARN by the name that CloudFormation gives it; the local AWS has others."""
    _, _, _, region, account, resource = stack.stack_id.split(":", 5)
    name = f"{resource.split('/')[1]}-{LOG_GROUP}-1A2B3C4D5E6F"
    return f"arn:aws:logs:{region}:{account}:log-group:{name}"


def test_the_role_has_all_that_a_session_needs(aws: LocalAws) -> None:
    whole_life(deploy(aws, TEMPLATE))


def test_each_action_of_the_role_has_a_case() -> None:
    assert list(BROKEN) == ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_without_the_action_something_breaks(aws: LocalAws, action: str) -> None:
    stack = deploy(aws, without(TEMPLATE, lambda _, name: name == action))

    with pytest.raises(Failed) as failure:
        whole_life(stack)

    assert failure.value.step == BROKEN[action]
    if failure.value.step not in UNNAMED:
        assert action in failure.value.reason


@pytest.mark.parametrize(
    ("own", "step"), [(True, "tag"), (False, "create")], ids=["of its own", "at the start"]
)
def test_both_permissions_to_tag_are_needed(aws: LocalAws, own: bool, step: str) -> None:
    def is_taken(statement: dict[str, Any], name: str) -> bool:
        return name == "emr-serverless:TagResource" and own == ("Sid" in statement)

    with pytest.raises(Failed) as failure:
        whole_life(deploy(aws, without(TEMPLATE, is_taken)))

    assert failure.value.step == step


@pytest.fixture(scope="module")
def stranger(aws: LocalAws) -> RoleStack:
    """A stack, seen from another."""
    return deploy(aws, TEMPLATE)


@pytest.fixture(scope="module")
def ours(aws: LocalAws) -> RoleStack:
    return deploy(aws, TEMPLATE)


def parts(arn: str) -> dict[str, str]:
    """The ids that a session's operations take."""
    *_, application_id, _, session_id = arn.split("/")
    return {"applicationId": application_id, "sessionId": session_id}


ATTEMPTS: dict[str, Callable[[Any, str, RoleStack], object]] = {
    "end it": lambda client, arn, _: client.terminate_session(**parts(arn)),
    "tag it": lambda client, arn, _: client.tag_resource(resourceArn=arn, tags={"team": "ours"}),
    "make it its own": lambda client, arn, ours: client.tag_resource(
        resourceArn=arn, tags={OWNER_TAG: ours.stack_id}
    ),
    "make it its own with all that a start has": lambda client, arn, ours: client.tag_resource(
        resourceArn=arn,
        tags={
            OWNER_TAG: ours.stack_id,
            "emr-serverless-session:logical-id": "Session",
            "emr-serverless-session:spec": "0" * 64,
            "emr-serverless-session:client-token": "0" * 64,
        },
    ),
    "take a tag from it": lambda client, arn, _: client.untag_resource(
        resourceArn=arn, tagKeys=["team"]
    ),
    "take its owner from it": lambda client, arn, _: client.untag_resource(
        resourceArn=arn, tagKeys=[OWNER_TAG]
    ),
    "connect to it": lambda client, arn, _: client.get_session_endpoint(**parts(arn)),
    "stop its application": lambda client, arn, _: client.stop_application(
        applicationId=parts(arn)["applicationId"]
    ),
}


@pytest.mark.parametrize(
    ("attempt", "place"),
    [
        (attempt, place)
        for attempt in ATTEMPTS
        for place in ("of another stack", "of nobody", "of nobody, on our own")
        if (attempt, place) != ("stop its application", "of nobody, on our own")
    ],
)
def test_a_session_of_somebody_else_is_left_alone(
    ours: RoleStack, stranger: RoleStack, attempt: str, place: str
) -> None:
    root = ours.aws.client("emr-serverless")
    host = ours if place == "of nobody, on our own" else stranger
    arn = (
        stranger.create(Tags={"team": "theirs"})
        if place == "of another stack"
        else root.start_session(
            applicationId=host.application_id,
            executionRoleArn=host.outputs["ExecutionRole"],
            tags={"team": "theirs"},
        )["arn"]
    )
    before = root.get_session(**parts(arn))["session"]["tags"]

    with pytest.raises(ClientError) as refusal:
        ATTEMPTS[attempt](ours.client(), arn, ours)

    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
    after = root.get_session(**parts(arn))["session"]
    assert after["tags"] == before
    assert after["state"] in LIVE
    root.terminate_session(**parts(arn))


@pytest.mark.parametrize(
    "change",
    [
        lambda client, arn: client.untag_resource(resourceArn=arn, tagKeys=[OWNER_TAG]),
        lambda client, arn: client.tag_resource(resourceArn=arn, tags={OWNER_TAG: "another"}),
        lambda client, arn: client.tag_resource(
            resourceArn=arn, tags={"emr-serverless-session:spec": "0" * 64}
        ),
        lambda client, arn: client.get_session_endpoint(**parts(arn)),
    ],
    ids=["take its owner from it", "give it to another stack", "say what it is", "connect to it"],
)
def test_its_own_session_stays_its_own(ours: RoleStack, change: Callable[..., object]) -> None:
    arn = ours.create()

    with pytest.raises(ClientError) as refusal:
        change(ours.client(), arn)

    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
    ours.send("delete", "Delete", PhysicalResourceId=arn, ResourceProperties={})


def test_of_its_own_session_it_may_say_how_it_is_held(ours: RoleStack) -> None:
    arn = ours.create()
    for key in ("emr-serverless-session:retained", "emr-serverless-session:held-arn"):
        ours.client().tag_resource(resourceArn=arn, tags={key: "true"})
        ours.client().untag_resource(resourceArn=arn, tagKeys=[key])
    ours.send("delete", "Delete", PhysicalResourceId=arn, ResourceProperties={})


@pytest.mark.parametrize("owner", [True, False], ids=["as a start does", "as anybody does"])
def test_its_applications_own_tags_are_left_alone(ours: RoleStack, owner: bool) -> None:
    root = ours.aws.client("emr-serverless")
    application = root.get_application(applicationId=ours.application_id)["application"]
    named = {OWNER_TAG: ours.stack_id} if owner else {}

    with pytest.raises(ClientError) as refusal:
        ours.client().tag_resource(
            resourceArn=application["arn"], tags={"applications-own": "changed", **named}
        )

    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"


def test_no_session_is_started_in_the_name_of_another_stack(
    ours: RoleStack, stranger: RoleStack
) -> None:
    with pytest.raises(ClientError) as refusal:
        ours.client().start_session(
            applicationId=ours.application_id,
            executionRoleArn=ours.outputs["ExecutionRole"],
            tags={OWNER_TAG: stranger.stack_id},
        )

    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"


def test_the_template_has_no_token_and_no_way_to_one() -> None:
    text = json.dumps(WHOLE)
    for secret in ("GetSessionEndpoint", "authToken", "ResponseURL"):
        assert secret not in text
