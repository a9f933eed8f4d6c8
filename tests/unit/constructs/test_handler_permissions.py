"""What the handler's role may do, and what it may never do."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Session, SessionProvider
from testbed.synth_bench import (
    TYPE,
    Bench,
    action_list,
    execution_role,
    interactive_application,
    resource_list,
    resources_of,
    statements_of,
)

STACK_ID = {"Ref": "AWS::StackId"}
OWNED = {"aws:ResourceTag/emr-serverless-session:stack-id": STACK_ID}
APPLICATION_ARN = {"Fn::GetAtt": ["Application", "Arn"]}


def _allowing(template: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [
        statement
        for statement in statements_of(template)
        if f"emr-serverless:{action}" in action_list(statement)
    ]


def _tail(resource: Any) -> str:
    return str(resource["Fn::Join"][1][-1]) if "Fn::Join" in resource else ""


def test_every_action_is_one_the_handler_calls(bench: Bench) -> None:
    bench.session()
    actions = {
        action for statement in statements_of(bench.template()) for action in action_list(statement)
    }
    assert actions == {
        "cloudformation:DescribeStackResource",
        "cloudformation:DescribeStacks",
        "emr-serverless:GetApplication",
        "emr-serverless:GetSession",
        "emr-serverless:ListSessions",
        "emr-serverless:StartSession",
        "emr-serverless:StopApplication",
        "emr-serverless:TagResource",
        "emr-serverless:TerminateSession",
        "emr-serverless:UntagResource",
        "iam:PassRole",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }


def test_no_statement_is_for_everything(bench: Bench) -> None:
    bench.session()
    for statement in statements_of(bench.template()):
        assert "*" not in resource_list(statement)


def test_sessions_are_started_on_the_applications_served_only(bench: Bench) -> None:
    bench.session()
    (statement,) = _allowing(bench.template(), "StartSession")
    assert resource_list(statement) == [APPLICATION_ARN]


def test_only_own_sessions_are_ended_wherever_they_run(bench: Bench) -> None:
    bench.session()
    (statement,) = _allowing(bench.template(), "TerminateSession")
    assert statement["Condition"] == {"StringEquals": OWNED}
    assert [_tail(resource) for resource in resource_list(statement)] == [
        ":/applications/*/sessions/*"
    ]


def test_of_the_owner_tags_only_two_change_on_a_session_that_runs(bench: Bench) -> None:
    bench.session()
    (statement,) = _allowing(bench.template(), "UntagResource")
    assert action_list(statement) == ["emr-serverless:TagResource", "emr-serverless:UntagResource"]
    assert [_tail(resource) for resource in resource_list(statement)] == [
        ":/applications/*/sessions/*"
    ]
    assert statement["Condition"]["StringEquals"] == OWNED
    # All but :held-arn and :retained.
    assert statement["Condition"]["ForAllValues:StringNotEquals"] == {
        "aws:TagKeys": [
            "emr-serverless-session:stack-id",
            "emr-serverless-session:logical-id",
            "emr-serverless-session:spec",
            "emr-serverless-session:client-token",
            "emr-serverless-session:replaces",
        ]
    }


class TestTagsOfAStart:
    """Whether IAM checks them on the application or on the new session isn't published."""

    OWN_KEYS: ClassVar = [
        "emr-serverless-session:stack-id",
        "emr-serverless-session:logical-id",
        "emr-serverless-session:spec",
        "emr-serverless-session:client-token",
        "emr-serverless-session:replaces",
        "emr-serverless-session:held-arn",
    ]

    def statement(self, bench: Bench) -> dict[str, Any]:
        (found,) = [
            statement
            for statement in _allowing(bench.template(), "TagResource")
            if statement["Condition"].get("StringEquals") != OWNED
        ]
        return found

    def test_they_are_allowed_on_the_applications_served_and_on_what_has_no_id_yet(
        self, bench: Bench
    ) -> None:
        """A session that is there could otherwise be given the owner tag, and then be ended."""
        bench.session()
        assert resource_list(self.statement(bench)) == [
            APPLICATION_ARN,
            {"Fn::Join": ["", [APPLICATION_ARN, "/sessions/?"]]},
        ]

    def test_they_name_this_stack(self, bench: Bench) -> None:
        bench.session()
        assert self.statement(bench)["Condition"]["StringEquals"] == {
            "aws:RequestTag/emr-serverless-session:stack-id": STACK_ID
        }

    def test_an_applications_other_tags_are_out_of_reach(self, bench: Bench) -> None:
        bench.session("First", tags={"team": "data"})
        bench.session("Second", tags={"stage": "test"})
        cdk.Tags.of(bench.stack).add("late", "tag", include_resource_types=[TYPE])
        cdk.Tags.of(bench.application).add("applications", "own")
        condition = self.statement(bench)["Condition"]
        assert condition["ForAllValues:StringEquals"] == {
            "aws:TagKeys": [*self.OWN_KEYS, "late", "stage", "team"]
        }

    def test_without_tags_the_keys_are_the_librarys_own(self, bench: Bench) -> None:
        bench.session()
        condition = self.statement(bench)["Condition"]
        assert condition["ForAllValues:StringEquals"] == {"aws:TagKeys": self.OWN_KEYS}


def test_what_names_no_application_and_no_role_is_in_the_role_itself(bench: Bench) -> None:
    """There it is in force by the time that the function exists."""
    bench.session()
    template = bench.template()
    (policy,) = resources_of(template, "AWS::IAM::Policy").values()
    awaited = policy["Properties"]["PolicyDocument"]["Statement"]
    assert {action for statement in awaited for action in action_list(statement)} == {
        "emr-serverless:GetApplication",
        "emr-serverless:StartSession",
        "emr-serverless:TagResource",
        "iam:PassRole",
    }
    for statement in awaited:
        assert "Application" in str(statement) or "ExecutionRole" in str(statement)


def test_it_asks_about_its_own_stack_alone(bench: Bench) -> None:
    bench.session()
    (statement,) = [
        s for s in statements_of(bench.template()) if "cloudformation" in str(s["Action"])
    ]
    assert statement["Resource"] == STACK_ID


def test_applications_are_stopped_only_where_they_are_the_stacks_own(bench: Bench) -> None:
    bench.session()
    (statement,) = _allowing(bench.template(), "StopApplication")
    assert statement["Condition"] == {
        "StringEquals": {"aws:ResourceTag/aws:cloudformation:stack-id": STACK_ID}
    }


def test_an_application_from_elsewhere_is_stopped_only_when_asked_for(bench: Bench) -> None:
    imported = emrserverless.CfnApplication.from_application_arn(
        bench.stack, "I", "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00abc"
    )
    bench.session(application=imported, stop_application=True)
    own, asked = _allowing(bench.template(), "StopApplication")
    assert "Condition" in own
    assert resource_list(asked) == [imported.application_ref.application_arn]


def test_roles_are_passed_to_emr_serverless_alone(bench: Bench) -> None:
    bench.session()
    (statement,) = [s for s in statements_of(bench.template()) if s["Action"] == "iam:PassRole"]
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": "emr-serverless.amazonaws.com"}
    }
    assert resource_list(statement) == [{"Fn::GetAtt": ["ExecutionRole605A040B", "Arn"]}]


def test_an_application_and_a_role_are_named_once_however_many_sessions(bench: Bench) -> None:
    bench.session("First")
    before = _policy_bytes(statements_of(bench.template()))
    bench = _another_bench()
    for index in range(30):
        bench.session(f"Session{index}" if index else "First")
    assert _policy_bytes(statements_of(bench.template())) == before


def test_one_application_imported_twice_is_named_once(bench: Bench) -> None:
    for index in range(3):
        bench.session(
            f"Session{index}",
            application=emrserverless.CfnApplication.from_application_id(
                bench.stack, f"Imported{index}", "00abc"
            ),
            execution_role=iam.Role.from_role_arn(
                bench.stack, f"Role{index}", "arn:aws:iam::123456789012:role/execution"
            ),
        )
    template = bench.template()
    (statement,) = _allowing(template, "StartSession")
    assert len(resource_list(statement)) == 1


def test_resources_of_the_same_logical_id_in_two_stacks_are_two(bench: Bench) -> None:
    other = cdk.Stack(bench.app, "Other")
    bench.session("Here")
    bench.session(
        "There",
        application=interactive_application(other),
        execution_role=execution_role(other),
    )
    (statement,) = _allowing(bench.template(), "StartSession")
    assert len(resource_list(statement)) == 2


@pytest.mark.parametrize("count", [100])
def test_many_applications_and_roles_stay_within_the_limits_of_iam(count: int) -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    for index in range(count):
        Session(
            stack,
            f"Session{index}",
            application=interactive_application(stack, f"Application{index}"),
            execution_role=execution_role(stack, f"Role{index}"),
        )
    template = app.synth().get_stack_by_name("Stack").template
    assert len(resources_of(template, TYPE)) == count
    inline = managed = 0
    for id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role" and "ProviderRole" in id:
            for policy in resource["Properties"]["Policies"]:
                inline += _policy_bytes(_longest(policy["PolicyDocument"], template))
        if "ProviderRole" not in str(resource["Properties"].get("Roles")):
            continue
        size = _policy_bytes(_longest(resource["Properties"]["PolicyDocument"], template))
        if resource["Type"] == "AWS::IAM::Policy":
            inline += size
        else:
            managed += 1
            assert size <= 6144
    assert inline <= 10240
    assert managed <= 10, "the default quota of managed policies of a role"
    started = [arn for s in _allowing(template, "StartSession") for arn in resource_list(s)]
    assert len(started) == count


def test_many_applications_and_roles_of_another_stack_stay_within_them_too() -> None:
    app = cdk.App()
    provider = SessionProvider(cdk.Stack(app, "Platform"), "Provider")
    stack = cdk.Stack(app, "Stack")
    for index in range(40):
        Session(
            stack,
            f"Session{index}",
            application=interactive_application(stack, f"Application{index}"),
            execution_role=execution_role(stack, f"Role{index}"),
            provider=provider,
        )
    template = app.synth().get_stack_by_name("Stack").template
    policies = resources_of(template, "AWS::IAM::ManagedPolicy")
    assert len(policies) <= 6
    for policy in policies.values():
        document = policy["Properties"]["PolicyDocument"]
        assert _policy_bytes(_longest(document, template)) <= 6144
    started = [arn for s in _allowing(template, "StartSession") for arn in resource_list(s)]
    assert len(started) == 40
    for session in resources_of(template, TYPE).values():
        assert policies.keys() <= set(session["DependsOn"])


def test_four_hundred_sessions_fit_a_template() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
    for index in range(400):
        bench.session(f"Session{index}", session_name=f"session-{index}")
    template = app.synth().get_stack_by_name("Stack").template
    assert len(template["Resources"]) < 500
    assert len(json.dumps(template)) < 1_000_000


def _another_bench() -> Bench:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    return Bench(app, stack, interactive_application(stack), execution_role(stack))


def _policy_bytes(policy: Any) -> int:
    return len(json.dumps(policy, separators=(",", ":")))


def _longest(node: Any, template: dict[str, Any]) -> Any:
    """A policy with its references replaced by the longest values that they can have."""
    if isinstance(node, list):
        return [_longest(item, template) for item in node]
    if not isinstance(node, dict):
        return node
    if "Fn::Join" in node:
        return "".join(_longest(part, template) for part in node["Fn::Join"][1])
    if "Fn::GetAtt" in node:
        kind = template["Resources"][node["Fn::GetAtt"][0]]["Type"]
        if kind == "AWS::EMRServerless::Application":
            return (
                f"arn:aws-us-gov:emr-serverless:us-gov-west-1:{'1' * 12}:/applications/{'0' * 64}"
            )
        return f"arn:aws-us-gov:iam::{'1' * 12}:role/{'r' * 64}"
    if "Ref" in node:
        stack_id = f"arn:aws-us-gov:cloudformation:us-gov-west-1:{'1' * 12}:stack/{'s' * 128}/"
        return {
            "AWS::Partition": "aws-us-gov",
            "AWS::Region": "us-gov-west-1",
            "AWS::AccountId": "1" * 12,
            "AWS::StackId": stack_id + "0" * 36,
            "AWS::StackName": "s" * 128,
        }[node["Ref"]]
    return {key: _longest(value, template) for key, value in node.items()}
