"""A Session in the template."""

from __future__ import annotations

import re
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from aws_cdk import aws_ssm as ssm

from cdk_emr_serverless_session import (
    Configuration,
    ISession,
    Session,
    SessionAttributes,
    SessionValidationError,
)
from testbed.synth_bench import (
    TYPE,
    Bench,
    execution_role,
    interactive_application,
    resources_of,
)


def test_without_options_only_what_is_needed_is_in_the_properties(bench: Bench) -> None:
    bench.session()
    assert bench.properties() == {
        "ApplicationId": {"Ref": "Application"},
        "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole605A040B", "Arn"]},
        "StopApplication": "true",
    }


def test_every_field_of_the_request_can_be_expressed(bench: Bench) -> None:
    bench.session(
        session_name="analysis",
        idle_timeout=cdk.Duration.hours(2),
        runtime_configuration=[
            Configuration(
                "spark-defaults",
                {"spark.executor.cores": "2"},
                [Configuration("inner", None, [Configuration("innermost", {"a": "b"})])],
            ),
            Configuration("spark-log4j2"),
        ],
        tags={"team": "data"},
        wait_until_ready=False,
    )
    assert bench.properties() == {
        "ApplicationId": {"Ref": "Application"},
        "ExecutionRoleArn": {"Fn::GetAtt": ["ExecutionRole605A040B", "Arn"]},
        "Name": "analysis",
        "IdleTimeoutMinutes": 120,
        "ConfigurationOverrides": {
            "RuntimeConfiguration": [
                {
                    "Classification": "spark-defaults",
                    "Properties": {"spark.executor.cores": "2"},
                    "Configurations": [
                        {
                            "Classification": "inner",
                            "Configurations": [
                                {"Classification": "innermost", "Properties": {"a": "b"}}
                            ],
                        }
                    ],
                },
                {"Classification": "spark-log4j2"},
            ]
        },
        "Tags": {"team": "data"},
        "StopApplication": "true",
        "WaitUntilReady": "false",
    }


def test_tokens_reach_every_property(bench: Bench) -> None:
    text = cdk.CfnParameter(bench.stack, "Text")
    minutes = cdk.CfnParameter(bench.stack, "Minutes", type="Number")
    bench.session(
        application=emrserverless.CfnApplication.from_application_id(
            bench.stack, "Other", text.value_as_string
        ),
        execution_role=iam.Role.from_role_arn(bench.stack, "Role", text.value_as_string),
        session_name=text.value_as_string,
        idle_timeout=cdk.Duration.minutes(minutes.value_as_number),
        runtime_configuration=[
            Configuration(text.value_as_string, {"a": f"x{text.value_as_string}"})
        ],
        tags={"team": text.value_as_string},
    )
    assert bench.properties() == {
        "ApplicationId": {"Ref": "Text"},
        "ExecutionRoleArn": {"Ref": "Text"},
        "Name": {"Ref": "Text"},
        "IdleTimeoutMinutes": {"Ref": "Minutes"},
        "ConfigurationOverrides": {
            "RuntimeConfiguration": [
                {
                    "Classification": {"Ref": "Text"},
                    "Properties": {"a": {"Fn::Join": ["", ["x", {"Ref": "Text"}]]}},
                }
            ]
        },
        "Tags": {"team": {"Ref": "Text"}},
    }


def test_the_attributes_work_in_outputs_and_in_properties(bench: Bench) -> None:
    session = bench.session()
    cdk.CfnOutput(bench.stack, "Id", value=session.session_id)
    cdk.CfnOutput(bench.stack, "On", value=session.application_id)
    ssm.StringParameter(bench.stack, "Parameter", string_value=f"arn is {session.session_arn}")
    template = bench.template()
    (logical_id,) = resources_of(template, TYPE)
    assert template["Outputs"]["Id"]["Value"] == {"Fn::GetAtt": [logical_id, "SessionId"]}
    assert template["Outputs"]["On"]["Value"] == {"Fn::GetAtt": [logical_id, "ApplicationId"]}
    (parameter,) = resources_of(template, "AWS::SSM::Parameter").values()
    assert parameter["Properties"]["Value"] == {
        "Fn::Join": ["", ["arn is ", {"Fn::GetAtt": [logical_id, "Arn"]}]]
    }


def test_the_attributes_work_across_stacks(bench: Bench) -> None:
    session = bench.session()
    consumer = cdk.Stack(bench.app, "Consumer")
    cdk.CfnOutput(consumer, "Arn", value=session.session_arn)
    assert "Fn::ImportValue" in bench.template(consumer)["Outputs"]["Arn"]["Value"]


def test_an_application_and_a_role_of_another_stack(bench: Bench) -> None:
    other = cdk.Stack(bench.app, "Sessions")
    Session(other, "Session", application=bench.application, execution_role=bench.role)
    (session,) = resources_of(bench.template(other), TYPE).values()
    assert "Fn::ImportValue" in session["Properties"]["ApplicationId"]
    assert "Fn::ImportValue" in session["Properties"]["ExecutionRoleArn"]
    # Otherwise its stack couldn't be deleted after this one.
    assert session["Properties"]["StopApplication"] == "true"


class TestElsewhere:
    """A session is started in its stack's own account and region, with a role of that account."""

    HERE = cdk.Environment(account="111111111111", region="eu-west-1")

    def declared(self, application: str, role: str, env: cdk.Environment | None) -> Session:
        stack = cdk.Stack(cdk.App(), "Stack", env=env)
        return Session(
            stack,
            "Session",
            application=emrserverless.CfnApplication.from_application_arn(
                stack, "Application", application
            ),
            execution_role=iam.Role.from_role_arn(stack, "Role", role),
        )

    @pytest.mark.parametrize(
        ("account", "region", "role_account", "named"),
        [
            ("222222222222", "eu-west-1", "111111111111", {"application"}),
            ("111111111111", "us-east-1", "111111111111", {"application"}),
            ("111111111111", "eu-west-1", "222222222222", {"execution_role"}),
            ("222222222222", "us-east-1", "222222222222", {"application", "execution_role"}),
        ],
    )
    def test_an_application_or_a_role_of_elsewhere_is_refused(
        self, account: str, region: str, role_account: str, named: set[str]
    ) -> None:
        application = f"arn:aws:emr-serverless:{region}:{account}:/applications/00app"
        role = f"arn:aws:iam::{role_account}:role/path/execution"
        with pytest.raises(SessionValidationError) as refusal:
            self.declared(application, role, self.HERE)
        assert {problem.partition(":")[0] for problem in refusal.value.problems} == named
        # Where the stack's own environment isn't known, only the deployment can tell.
        self.declared(application, role, None)

    def test_it_is_told_with_all_other_problems(self) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=self.HERE)
        abroad = cdk.Environment(account="111111111111", region="us-east-1")
        platform = cdk.Stack(app, "Platform", env=abroad)
        with pytest.raises(SessionValidationError) as refusal:
            Session(
                stack,
                "Session",
                application=interactive_application(platform),
                execution_role=execution_role(stack),
                session_name="",
            )
        assert refusal.value.problems[0].startswith("session_name")
        assert refusal.value.problems[-1] == (
            "application: is in 111111111111, us-east-1 and the session in 111111111111, "
            "eu-west-1: sessions run in the account and region of their application. Declare the "
            "session in a stack there."
        )


def test_tags_of_scopes_reach_the_session(bench: Bench) -> None:
    bench.session(tags={"own": "1", "team": "session"})
    cdk.Tags.of(bench.app).add("team", "app")
    cdk.Tags.of(bench.stack).add("stage", "test")
    assert bench.properties()["Tags"] == {"own": "1", "team": "session", "stage": "test"}


def test_tags_can_be_confined_to_sessions(bench: Bench) -> None:
    bench.session()
    cdk.Tags.of(bench.stack).add("only", "sessions", include_resource_types=[TYPE])
    cdk.Tags.of(bench.stack).add("never", "sessions", exclude_resource_types=[TYPE])
    template = bench.template()
    (session,) = resources_of(template, TYPE).values()
    assert session["Properties"]["Tags"] == {"only": "sessions"}
    (role,) = (r for id, r in template["Resources"].items() if id.startswith("ExecutionRole"))
    assert role["Properties"]["Tags"] == [{"Key": "never", "Value": "sessions"}]


class TestRemovalPolicy:
    def test_retain_is_said_to_cloudformation_and_to_the_handler(self, bench: Bench) -> None:
        bench.session(removal_policy=cdk.RemovalPolicy.RETAIN)
        resource = bench.resource()
        assert resource["DeletionPolicy"] == "Retain"
        assert resource["UpdateReplacePolicy"] == "Retain"
        assert resource["Properties"]["Retain"] == "true"

    def test_retain_set_later_counts_too(self, bench: Bench) -> None:
        bench.session().apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        assert bench.resource()["Properties"]["Retain"] == "true"

    def test_retain_set_from_above_counts_too(self, bench: Bench) -> None:
        bench.session()
        cdk.RemovalPolicies.of(bench.stack).retain()
        assert bench.resource()["Properties"]["Retain"] == "true"

    def test_the_last_word_is_destroy(self, bench: Bench) -> None:
        session = bench.session(removal_policy=cdk.RemovalPolicy.RETAIN)
        session.apply_removal_policy(cdk.RemovalPolicy.DESTROY)
        resource = bench.resource()
        assert resource["DeletionPolicy"] == "Delete"
        assert "Retain" not in resource["Properties"]


class TestStopApplication:
    def test_an_imported_application_is_left_alone(self, bench: Bench) -> None:
        imported = emrserverless.CfnApplication.from_application_id(bench.stack, "I", "00abc")
        bench.session(application=imported)
        assert "StopApplication" not in bench.properties()

    def test_it_can_be_switched_off(self, bench: Bench) -> None:
        bench.session(stop_application=False)
        assert "StopApplication" not in bench.properties()

    def test_it_can_be_asked_for(self, bench: Bench) -> None:
        imported = emrserverless.CfnApplication.from_application_id(bench.stack, "I", "00abc")
        bench.session(application=imported, stop_application=True)
        assert bench.properties()["StopApplication"] == "true"


def test_the_session_waits_for_policies_and_is_ended_before_they_go(bench: Bench) -> None:
    bench.role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    bench.session()
    waits_for = bench.resource()["DependsOn"]
    assert [id for id in waits_for if id.startswith("ExecutionRoleDefaultPolicy")]
    assert [id for id in waits_for if "ProviderPermissions" in id]


def test_two_sessions_may_have_the_same_name(bench: Bench) -> None:
    bench.session("One", session_name="same")
    bench.session("Two", session_name="same")
    assert len(resources_of(bench.template(), TYPE)) == 2


class TestImport:
    ARN = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00app/sessions/00ses"

    def test_from_arn(self, bench: Bench) -> None:
        session = Session.from_session_arn(bench.stack, "Imported", self.ARN)
        assert (session.session_arn, session.application_id, session.session_id) == (
            self.ARN,
            "00app",
            "00ses",
        )

    def test_from_an_arn_that_is_known_later(self, bench: Bench) -> None:
        parameter = cdk.CfnParameter(bench.stack, "SessionArn")
        session = Session.from_session_arn(bench.stack, "Imported", parameter.value_as_string)
        split = {"Fn::Split": ["/", {"Ref": "SessionArn"}]}
        assert bench.stack.resolve(session.application_id) == {"Fn::Select": [2, split]}
        assert bench.stack.resolve(session.session_id) == {"Fn::Select": [4, split]}

    def test_from_attributes(self, bench: Bench) -> None:
        attributes = SessionAttributes(application_id="00app", session_id="00ses")
        session = Session.from_session_attributes(bench.stack, "Imported", attributes)
        joined = bench.stack.resolve(session.session_arn)["Fn::Join"][1]
        assert joined[-1] == ":/applications/00app/sessions/00ses"

    @pytest.mark.parametrize(
        "arn", ["", "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00app", "00ses"]
    )
    def test_an_arn_of_something_else_is_refused(self, bench: Bench, arn: str) -> None:
        with pytest.raises(ValueError, match=r"\[Stack/Imported\] session_arn"):
            Session.from_session_arn(bench.stack, "Imported", arn)

    @pytest.mark.parametrize(
        ("application_id", "session_id", "named"),
        [
            # In a grant it would be every session of the application.
            ("00app", "*", "session_id"),
            ("*", "00ses", "application_id"),
            ("", "00ses", "application_id"),
            ("00app", "0" * 65, "session_id"),
            (ARN, "00ses", "application_id"),
        ],
    )
    def test_ids_that_no_session_has_are_refused(
        self, bench: Bench, application_id: str, session_id: str, named: str
    ) -> None:
        attributes = SessionAttributes(application_id=application_id, session_id=session_id)
        with pytest.raises(SessionValidationError, match=rf"\[Stack/Imported\] {named}: "):
            Session.from_session_attributes(bench.stack, "Imported", attributes)

    def test_ids_that_are_known_later(self, bench: Bench) -> None:
        session_id = cdk.CfnParameter(bench.stack, "SessionId").value_as_string
        attributes = SessionAttributes(application_id="00app", session_id=session_id)
        session = Session.from_session_attributes(bench.stack, "Imported", attributes)
        assert bench.stack.resolve(session.session_id) == {"Ref": "SessionId"}

    @pytest.mark.parametrize("is_token", [False, True])
    def test_from_a_dynamic_reference(self, bench: Bench, is_token: bool) -> None:
        """CloudFormation splits text before it resolves the reference, so there are no ids."""
        service = cdk.CfnDynamicReferenceService.SSM
        token = cdk.CfnDynamicReference(service, "/emr/session").to_string()
        reference = "{{resolve:ssm:/emr/session}}"
        session = Session.from_session_arn(
            bench.stack, "Imported", token if is_token else reference
        )
        session.grants.read(bench.role)
        (policy,) = resources_of(bench.template(), "AWS::IAM::Policy").values()
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert statement["Resource"] == reference
        for name in ("session_id", "application_id"):
            with pytest.raises(SessionValidationError) as refusal:
                getattr(session, name)
            assert str(refusal.value) == (
                f"[Stack/Imported] {name}: is unknown, because CloudFormation can't split the "
                f"dynamic reference '{reference}'; pass "
                "ssm.StringParameter.value_for_string_parameter(…) without a version, or use "
                "Session.from_session_attributes(…)."
            )

    def test_ids_that_are_dynamic_references(self, bench: Bench) -> None:
        attributes = SessionAttributes("{{resolve:ssm:/app}}", "{{resolve:ssm:/session}}")
        session = Session.from_session_attributes(bench.stack, "Imported", attributes)
        joined = bench.stack.resolve(session.session_arn)["Fn::Join"][1]
        assert joined[-1] == ":/applications/{{resolve:ssm:/app}}/sessions/{{resolve:ssm:/session}}"
        assert session.session_id == "{{resolve:ssm:/session}}"

    @pytest.mark.parametrize(
        ("given", "named"),
        [
            (
                "arn:aws:iam::123456789012:role/analyst",
                "'arn:aws:iam::123456789012:role/analyst' is the ARN of iam's role",
            ),
            (
                ARN.partition("/sessions")[0],
                f"'{ARN.partition('/sessions')[0]}' is the ARN of an EMR Serverless application",
            ),
            (
                ARN.replace("sessions", "jobruns"),
                f"'{ARN[:59]}… (79 characters) is the ARN of an EMR Serverless job run",
            ),
            (ARN.replace("00ses", "*"), f"'{ARN.replace('00ses', '*')}'"),
            ("00f2abcdef234567", "'00f2abcdef234567' is an id"),
        ],
        ids=["role", "application", "job run", "pattern", "id"],
    )
    def test_what_is_no_sessions_arn_is_named(self, bench: Bench, given: str, named: str) -> None:
        with pytest.raises(SessionValidationError) as refusal:
            Session.from_session_arn(bench.stack, "Imported", given)
        (problem,) = refusal.value.problems
        assert problem.startswith(f"session_arn: {named}, must be a session's ARN: arn:aws:")

    def test_an_id_for_an_arn_is_taken_elsewhere(self, bench: Bench) -> None:
        advice = re.escape("; with ids, use Session.from_session_attributes(…).")
        with pytest.raises(SessionValidationError, match=advice):
            Session.from_session_arn(bench.stack, "Imported", "00f2abcdef234567")

    def test_arns_for_ids_are_named(self, bench: Bench) -> None:
        application = self.ARN.partition("/sessions")[0]
        attributes = SessionAttributes(application_id=application, session_id=self.ARN)
        with pytest.raises(SessionValidationError) as refusal:
            Session.from_session_attributes(bench.stack, "Imported", attributes)
        for problem, kind in zip(refusal.value.problems, ("application", "session"), strict=True):
            assert f" is the ARN of an EMR Serverless {kind}, must be" in problem
            assert problem.endswith("; with the session's ARN, use Session.from_session_arn(…).")

    @pytest.mark.parametrize("arn", [None, "${unknown}", ARN + "x" * 1024])
    def test_an_arn_that_the_service_would_not_give(self, bench: Bench, arn: Any) -> None:
        with pytest.raises(SessionValidationError, match=r"\[Stack/Imported\] session_arn"):
            Session.from_session_arn(bench.stack, "Imported", arn)


def test_a_declared_and_an_imported_session_are_the_same_kind(bench: Bench) -> None:
    sessions: list[ISession] = [
        bench.session(),
        Session.from_session_arn(bench.stack, "Imported", TestImport.ARN),
    ]
    assert all(session.grants for session in sessions)


def test_two_stages_have_the_same_logical_ids() -> None:
    app = cdk.App()
    logical_ids: list[Any] = []
    for name in ("Test", "Prod"):
        stage = cdk.Stage(app, name)
        stack = cdk.Stack(stage, "Stack")
        Session(
            stack,
            "Session",
            application=interactive_application(stack),
            execution_role=execution_role(stack),
        )
        template = stage.synth().get_stack_artifact(stack.artifact_id).template
        logical_ids.append(sorted(template["Resources"]))
    assert logical_ids[0] == logical_ids[1]
