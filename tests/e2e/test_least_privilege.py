"""The handler's role has only the permissions that it needs, action by action."""

import contextlib
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from ministack.core import iam_evaluator

from testbed.local_aws import LocalAws
from tests.e2e.deployment import LIVE, OWNER_TAG
from tests.e2e.handler_role import (
    Failed,
    RoleStack,
    actions_of,
    deploy,
    roles_only,
    statements,
    synthesized,
    without,
)

WHOLE = synthesized()
TEMPLATE = roles_only(WHOLE)
ACTIONS = sorted({action for s in statements(TEMPLATE) for action in actions_of(s)})
# What fails first in a session's life when the role lacks an action.
BROKEN = {
    "cloudformation:DescribeStackResource": "cancel",
    "cloudformation:DescribeStacks": "cancel",
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
    "ssm:PutParameter": "keep alive",
}
# Steps whose failure no answer tells of, and so no reason names what is missing.
SILENT = ("afterwards", "cancel")


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS of this module's own, whose sessions are there at once."""
    with LocalAws(tmp_path_factory.mktemp("least"), session_start_seconds=0.1) as running:
        yield running


def live(stack: RoleStack) -> list[str]:
    """The ARNs of the sessions that live on the stack's application."""
    root = stack.aws.client("emr-serverless")
    found = root.list_sessions(applicationId=stack.application_id)["sessions"]
    return [session["arn"] for session in found if session["state"] in LIVE]


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
    stack.send("clean up", "Delete", PhysicalResourceId=arn, ResourceProperties=third)
    stack.send("delete", "Delete", PhysicalResourceId=replacement, ResourceProperties=fourth)
    assert not live(stack)
    state = stack.aws.client("emr-serverless").get_application(applicationId=stack.application_id)
    if state["application"]["state"] != "STOPPED":
        raise Failed("afterwards", "the application can't be deleted")
    cancel(stack)
    keep_alive(stack)


def cancel(stack: RoleStack) -> None:
    """Create a session, and have the stack roll back right after it was started."""
    stack.held = None
    with contextlib.suppress(Failed):
        stack.send("cancel", "Create", ResourceProperties=stack.properties(), cancelled_at=2)
    if live(stack):
        raise Failed("cancel", "a session lives that nobody waits for")


def keep_alive(stack: RoleStack) -> None:
    """Have the schedule of a session that has ended start its successor."""
    properties = stack.properties(KeepAlive="true")
    held = stack.create(KeepAlive="true")
    root = stack.aws.client("emr-serverless")
    root.terminate_session(**parts(held))
    stack.schedule_calls(properties)
    (successor,) = live(stack)
    named = stack.aws.client("ssm").get_parameter(Name=stack.outputs["Parameter"])
    assert named["Parameter"]["Value"] == successor
    stack.send(
        "end the successor", "Delete", PhysicalResourceId=held, ResourceProperties=properties
    )
    assert not live(stack)


def log(stack: RoleStack) -> None:
    """Ask IAM whether Lambda can log with the role: it writes to a stream of the log group.

    The local AWS asks this of the log group instead, whose ARN is another than what AWS asks.
    """
    iam = stack.aws.client("iam")
    asked = {
        "PolicySourceArn": stack.outputs["Role"],
        "ActionNames": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "ResourceArns": [stack.outputs["Logs"].removesuffix("*") + "log-stream:2026/01/01/[1]"],
    }
    for result in iam.simulate_principal_policy(**asked)["EvaluationResults"]:
        if result["EvalDecision"] != "allowed":
            raise Failed("log", f"{result['EvalActionName']}: {result['EvalDecision']}")


def test_the_role_has_all_that_a_session_needs(aws: LocalAws) -> None:
    whole_life(deploy(aws, TEMPLATE))


def test_it_has_where_tags_are_checked_on_the_session(tmp_path: Path) -> None:
    """What AWS checks the tags of a start on isn't published; the local AWS can do either."""
    options = ("--check-tags-on", "session")
    with LocalAws(tmp_path, session_start_seconds=0.1, options=options) as aws:
        whole_life(deploy(aws, TEMPLATE))


def test_each_action_of_the_role_has_a_case() -> None:
    assert list(BROKEN) == ACTIONS


@pytest.mark.parametrize("action", ACTIONS)
def test_without_the_action_something_breaks(aws: LocalAws, action: str) -> None:
    stack = deploy(aws, without(TEMPLATE, lambda _, name: name == action))

    with pytest.raises(Failed) as failure:
        whole_life(stack)

    assert failure.value.step == BROKEN[action]
    if failure.value.step not in SILENT:
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


def _tag(client: Any, arn: str, tags: dict[str, str]) -> object:
    return client.tag_resource(resourceArn=arn, tags=tags)


def _untag(client: Any, arn: str, key: str) -> object:
    return client.untag_resource(resourceArn=arn, tagKeys=[key])


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


FIXED_TAGS = [
    f"emr-serverless-session:{name}"
    for name in ("stack-id", "logical-id", "spec", "client-token", "replaces")
]
CHANGES: dict[str, Callable[[Any, str], object]] = {
    **{f"take {key}": partial(_untag, key=key) for key in FIXED_TAGS},
    **{f"set {key}": partial(_tag, tags={key: "another"}) for key in FIXED_TAGS},
    "set its owner among others": partial(_tag, tags={"team": "a", OWNER_TAG: "another"}),
    "connect to it": lambda client, arn: client.get_session_endpoint(**parts(arn)),
}


@pytest.fixture(scope="module")
def our_session(ours: RoleStack) -> Iterator[str]:
    """The ARN of a session that the role has started."""
    arn = ours.create()
    yield arn
    ours.send("delete", "Delete", PhysicalResourceId=arn, ResourceProperties={})


@pytest.mark.parametrize("change", CHANGES)
def test_its_own_session_stays_its_own(ours: RoleStack, our_session: str, change: str) -> None:
    root = ours.aws.client("emr-serverless")
    before = root.get_session(**parts(our_session))["session"]["tags"]

    with pytest.raises(ClientError) as refusal:
        CHANGES[change](ours.client(), our_session)

    assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
    assert root.get_session(**parts(our_session))["session"]["tags"] == before


@pytest.mark.parametrize("name", ["retained", "held-arn"])
def test_what_says_how_a_session_is_held_can_change(
    ours: RoleStack, our_session: str, name: str
) -> None:
    key = f"emr-serverless-session:{name}"
    root, client = ours.aws.client("emr-serverless"), ours.client()

    client.tag_resource(resourceArn=our_session, tags={key: "true"})
    assert root.get_session(**parts(our_session))["session"]["tags"][key] == "true"
    client.untag_resource(resourceArn=our_session, tagKeys=[key])
    assert key not in root.get_session(**parts(our_session))["session"]["tags"]


@pytest.mark.parametrize("whose", ["ours", "strangers"])
@pytest.mark.parametrize(
    "tags",
    [{"team": "a"}, {"cost-center": "1"}, {"cost-center": "1", OWNER_TAG: "{stack}"}],
    ids=["a session's tag", "a tag of its own", "a tag of its own and the owner's"],
)
def test_an_applications_own_tags_stay(
    ours: RoleStack, stranger: RoleStack, whose: str, tags: dict[str, str]
) -> None:
    place = ours if whose == "ours" else stranger
    root = ours.aws.client("emr-serverless")
    application = root.get_application(applicationId=place.application_id)["application"]
    tags = {key: value.format(stack=ours.stack_id) for key, value in tags.items()}

    changes: list[Callable[[Any, str], object]] = [
        partial(_tag, tags=tags),
        *(partial(_untag, key=key) for key in tags),
    ]
    for change in changes:
        with pytest.raises(ClientError) as refusal:
            change(ours.client(), application["arn"])
        assert refusal.value.response["Error"]["Code"] == "AccessDeniedException"
    after = root.get_application(applicationId=place.application_id)["application"]
    assert after["tags"] == application["tags"]


def test_a_tag_that_sessions_share_changes_on_their_application_beside_an_owner_tag_alone(
    ours: RoleStack, stranger: RoleStack
) -> None:
    """It can't be told from the tags of a session that starts; docs/permissions.md says so."""
    root, client = ours.aws.client("emr-serverless"), ours.client()
    tags = {"team": "a", OWNER_TAG: ours.stack_id}
    arns = [
        root.get_application(applicationId=place.application_id)["application"]["arn"]
        for place in (ours, stranger)
    ]
    with pytest.raises(ClientError, match="not authorized"):
        client.tag_resource(resourceArn=arns[1], tags=tags)
    client.tag_resource(resourceArn=arns[0], tags=tags)
    assert tags.items() <= root.list_tags_for_resource(resourceArn=arns[0])["tags"].items()
    root.untag_resource(resourceArn=arns[0], tagKeys=list(tags))


def test_tags_at_the_start_are_allowed_whichever_arn_they_are_checked_on(
    ours: RoleStack, our_session: str
) -> None:
    """It isn't published: the application's, or the one of a session that has no id yet."""
    application = our_session.partition("/sessions/")[0]
    arns = {
        application: "Allow",
        f"{application}/sessions/*": "Allow",
        # One that is there. Only what the owner tag says is this stack's may be tagged.
        our_session: "ImplicitDeny",
    }

    # The simulation of the local AWS takes no condition keys: its evaluator is asked directly.
    iam, role = ours.aws.client("iam"), ours.outputs["Role"].rpartition("/")[2]
    documents = [
        iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]
    ]

    def decisions(tags: dict[str, str]) -> dict[str, str]:
        return {
            arn: iam_evaluator.evaluate(
                iam_evaluator.EvalContext(
                    principal_arn=ours.outputs["Role"],
                    principal_type="AssumedRole",
                    principal_account=arn.split(":")[4],
                    action="emr-serverless:TagResource",
                    resource_arn=arn,
                    region=arn.split(":")[3],
                    request_tags=tags,
                    tag_keys=[*tags],
                ),
                [iam_evaluator.parse_policy_document(document) for document in documents],
            ).decision
            for arn in arns
        }

    denied = dict.fromkeys(arns, "ImplicitDeny")
    assert decisions({OWNER_TAG: ours.stack_id, "team": "a"}) == arns
    assert decisions({OWNER_TAG: "another", "team": "a"}) == denied
    assert decisions({OWNER_TAG: ours.stack_id, "cost-center": "1"}) == denied
    assert decisions({"team": "a"}) == denied


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
