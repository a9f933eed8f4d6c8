"""Grants: what a grantee gets, and never more."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Session, SessionAttributes, SessionValidationError
from testbed.synth_bench import (
    TYPE,
    Bench,
    action_list,
    execution_role,
    interactive_application,
    messages_of,
    resources_of,
    statements_of,
)


@pytest.mark.parametrize(
    ("grant", "actions"),
    [
        ("connect", ["emr-serverless:GetSessionEndpoint", "emr-serverless:GetSession"]),
        ("read", ["emr-serverless:GetSession", "emr-serverless:GetResourceDashboard"]),
        ("terminate", ["emr-serverless:TerminateSession"]),
    ],
)
def test_a_grant_is_on_the_session_alone(bench: Bench, grant: str, actions: list[str]) -> None:
    session = bench.session()
    user = iam.Role(bench.stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    result = getattr(session.grants, grant)(user)
    assert result.success
    template = bench.template()
    (logical_id,) = resources_of(template, TYPE)
    (statement,) = statements_of(template, "Analyst")
    assert action_list(statement) == actions
    assert statement["Resource"] == {"Fn::GetAtt": [logical_id, "Arn"]}


def test_a_grantee_is_one(bench: Bench) -> None:
    grantees: Any = [bench.role, iam.Role]
    with pytest.raises(SessionValidationError) as refusal:
        bench.session().grants.connect(grantees)
    assert str(refusal.value) == (
        "[Stack/Session grants.connect] grantee: [Stack/ExecutionRole, Role]; pass a role or user, "
        "such as iam.Role.from_role_arn(…)."
    )


@pytest.mark.parametrize("imported", [False, True])
def test_the_sessions_own_role_can_be_granted_it(bench: Bench, imported: bool) -> None:
    """The session waits for the role's policies: none may refer to it."""
    role = iam.Role.from_role_name(bench.stack, "ExecutionRoleOfOthers", "spark")
    session = bench.session(execution_role=role if imported else bench.role)
    session.grants.read(role if imported else bench.role)
    (policy,) = (
        resource["Properties"]["PolicyDocument"]
        for id, resource in resources_of(bench.template(), "AWS::IAM::Policy").items()
        if id.startswith("ExecutionRole")
    )
    assert "Session" not in json.dumps(policy["Statement"][0]["Resource"])
    assert policy["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:ResourceTag/emr-serverless-session:logical-id": "Session88DA29BA",
        "aws:ResourceTag/emr-serverless-session:stack-id": {"Ref": "AWS::StackId"},
    }


def test_an_imported_session_can_be_granted(bench: Bench) -> None:
    session = Session.from_session_attributes(
        bench.stack, "Imported", SessionAttributes(application_id="00app", session_id="00ses")
    )
    user = iam.Role(bench.stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    session.grants.connect(user).assert_success()
    (statement,) = statements_of(bench.template(), "Analyst")
    assert statement["Resource"]["Fn::Join"][1][-1] == ":/applications/00app/sessions/00ses"


class TestOfAnotherStack:
    """Nothing is exported: CloudFormation would refuse to change it, and so each replacement."""

    def granted(self, bench: Bench, session: Session, other: cdk.Stack) -> dict[str, Any]:
        user = iam.Role(other, "Analyst", assumed_by=iam.AccountRootPrincipal())
        session.grants.read(user).assert_success()
        template = bench.template(other)
        assert "Fn::ImportValue" not in json.dumps(template)
        assert "Outputs" not in bench.template()
        (statement,) = statements_of(template, "Analyst")
        return dict(statement)

    def test_the_grant_goes_by_the_owner_tags(self, bench: Bench) -> None:
        session = bench.session()
        statement = self.granted(bench, session, cdk.Stack(bench.app, "Other"))
        (logical_id,) = resources_of(bench.template(), TYPE)
        assert statement["Resource"]["Fn::Join"][1][-1] == ":/applications/*/sessions/*"
        condition = statement["Condition"]
        assert condition["StringEquals"] == {
            "aws:ResourceTag/emr-serverless-session:logical-id": logical_id
        }
        (pattern,) = condition["StringLike"].values()
        assert list(condition["StringLike"]) == ["aws:ResourceTag/emr-serverless-session:stack-id"]
        assert pattern["Fn::Join"][1][-1] == ":stack/Stack/*"

    @pytest.mark.parametrize(
        "grantee",
        [
            lambda other: iam.Role.from_role_name(other, "Imported", "ana"),
            lambda other: iam.User.from_user_name(other, "Imported", "ana"),
            lambda other: iam.Group.from_group_name(other, "Imported", "ana"),
            lambda other: iam.ManagedPolicy(other, "Policy"),
            lambda other: iam.PrincipalWithConditions(
                iam.Role(other, "Role", assumed_by=iam.AccountRootPrincipal()), {}
            ),
        ],
        ids=["role", "user", "group", "policy", "conditions"],
    )
    def test_so_does_one_to_whoever_is_no_role_of_the_app(
        self, bench: Bench, grantee: Callable[[cdk.Stack], iam.IGrantable]
    ) -> None:
        session = bench.session()
        other = cdk.Stack(bench.app, "Other")
        session.grants.connect(grantee(other)).assert_success()
        template = json.dumps(bench.template(other))
        assert "emr-serverless-session:logical-id" in template
        assert "Fn::ImportValue" not in template
        assert "Outputs" not in bench.template()

    def test_an_application_that_is_known_is_named(self, bench: Bench) -> None:
        application = emrserverless.CfnApplication.from_application_id(bench.stack, "I", "00app")
        session = bench.session(application=application)
        statement = self.granted(bench, session, cdk.Stack(bench.app, "Other"))
        assert statement["Resource"]["Fn::Join"][1][-1] == ":/applications/00app/sessions/*"

    def test_in_a_known_environment_the_stack_is_named_with_it(self) -> None:
        app = cdk.App()
        env = cdk.Environment(account="111111111111", region="eu-west-1")
        stack = cdk.Stack(app, "Stack", env=env)
        bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
        session = bench.session()
        abroad = cdk.Environment(account="111111111111", region="us-east-1")
        statement = self.granted(bench, session, cdk.Stack(app, "Other", env=abroad))
        (pattern,) = statement["Condition"]["StringLike"].values()
        assert pattern["Fn::Join"][1][-1] == (
            ":cloudformation:eu-west-1:111111111111:stack/Stack/*"
        )

    def test_a_nested_stack_is_no_other_one(self, bench: Bench) -> None:
        session = bench.session()
        nested = cdk.NestedStack(bench.stack, "Nested")
        user = iam.Role(nested, "Analyst", assumed_by=iam.AccountRootPrincipal())
        session.grants.read(user).assert_success()
        (statement,) = statements_of(bench.template(nested), "Analyst")
        assert "Condition" not in statement
        assert "Ref" in statement["Resource"]

    def test_a_session_of_a_nested_stack_is_told_by_that_stacks_id(self, bench: Bench) -> None:
        nested = cdk.NestedStack(bench.stack, "Nested")
        session = Session(
            nested, "Session", application=bench.application, execution_role=bench.role
        )
        other = cdk.Stack(bench.app, "Other")
        user = iam.Role(other, "Analyst", assumed_by=iam.AccountRootPrincipal())
        session.grants.read(user).assert_success()
        (statement,) = statements_of(bench.template(other), "Analyst")
        stack_id = statement["Condition"]["StringEquals"][
            "aws:ResourceTag/emr-serverless-session:stack-id"
        ]
        # The nested stack's own id, which never changes.
        assert "NestedStackResource" in str(stack_id["Fn::ImportValue"])


@pytest.mark.parametrize(
    "principal",
    [
        iam.ServicePrincipal("sagemaker.amazonaws.com"),
        iam.AccountRootPrincipal(),
        iam.OrganizationPrincipal("o-0123456789"),
    ],
    ids=lambda principal: type(principal).__name__,
)
def test_a_grant_to_somebody_without_policies_is_warned_of(bench: Bench, principal: Any) -> None:
    session = bench.session(idle_timeout=cdk.Duration.minutes(5))
    assert not session.grants.connect(principal).success
    ((path, _, message),) = messages_of(bench.app)
    assert path == "/Stack/Session"
    assert type(principal).__name__ in message
    assert "nothing is granted" in message


class TestAcrossAccounts:
    """EMR Serverless has no resource policies: what a grant can't do is said at synth."""

    SESSION = "arn:aws:emr-serverless:eu-west-1:111111111111:/applications/00app/sessions/00ses"
    RULE = "cdk-emr-serverless-session:crossAccountGrant"

    @staticmethod
    def stack_in(account: str) -> cdk.Stack:
        return cdk.Stack(
            cdk.App(), "Stack", env=cdk.Environment(account=account, region="eu-west-1")
        )

    @staticmethod
    def warnings(stack: cdk.Stack) -> list[str]:
        app = stack.node.root
        assert isinstance(app, cdk.App)
        return [text for _, level, text in messages_of(app) if level == "WARNING"]

    @pytest.mark.parametrize("account", ["111111111111", "222222222222"])
    def test_a_role_of_another_account_is_warned_about(self, account: str) -> None:
        stack = self.stack_in(account)
        session = Session.from_session_arn(stack, "Session", self.SESSION)
        reader = iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal())
        grant = session.grants.read(reader)
        assert grant.success  # for the reader's own account
        warnings = self.warnings(stack)
        if account == "111111111111":
            assert warnings == []
            return
        (warning,) = warnings
        assert "grants.read" in warning
        assert "222222222222" in warning
        assert "111111111111" in warning

    def test_a_principal_that_no_policy_can_be_added_to(self) -> None:
        stack = self.stack_in("111111111111")
        session = Session.from_session_arn(stack, "Session", self.SESSION)
        assert not session.grants.connect(iam.AccountPrincipal("222222222222")).success
        assert len(self.warnings(stack)) == 1

    def test_it_can_be_acknowledged(self) -> None:
        stack = self.stack_in("222222222222")
        session = Session.from_session_arn(stack, "Session", self.SESSION)
        cdk.Validations.of(session).acknowledge(
            cdk.Acknowledgment(id=self.RULE, reason="A role of theirs lets us in.")
        )
        session.grants.read(iam.Role(stack, "Reader", assumed_by=iam.AccountRootPrincipal()))
        assert self.warnings(stack) == []

    def test_an_account_that_is_known_later_passes(self, bench: Bench) -> None:
        session = bench.session(idle_timeout=cdk.Duration.minutes(5))
        session.grants.connect(iam.AccountPrincipal(bench.stack.account))
        session.grants.connect(iam.AccountPrincipal("222222222222"))
        assert not any("is of account" in warning for warning in self.warnings(bench.stack))
