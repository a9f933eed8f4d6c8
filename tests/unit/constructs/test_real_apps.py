"""Apps as people write them: looked-up values, escape hatches, other stacks, policies."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_ssm as ssm
from aws_cdk import cloudformation_include as include

from cdk_emr_serverless_session import (
    Configuration,
    Session,
    SessionAttributes,
    SessionProvider,
    SessionValidationError,
)
from testbed.synth_bench import (
    TYPE,
    Bench,
    execution_role,
    interactive_application,
    messages_of,
    resources_of,
)

ENV = cdk.Environment(account="111122223333", region="us-east-1")
PREFIX = "cdk-emr-serverless-session:"
IDLE: dict[str, Any] = {"idle_timeout": cdk.Duration.minutes(30)}


def _findings(bench: Bench) -> list[tuple[str, str]]:
    messages = messages_of(bench.app, bench.stack.artifact_id)
    found = [(level, text) for _, level, text in messages if PREFIX in text]
    return [(level, text.split(PREFIX)[1].rstrip("])")) for level, text in found]


def _stack(app: cdk.App, name: str) -> cdk.Stack:
    stack = app.node.find_child(name)
    assert isinstance(stack, cdk.Stack)
    return stack


def _statement() -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::example/*"])


class TestLookedUp:
    """Until the CLI has looked a value up, anything may stand for it."""

    def manifest(self, app: cdk.App) -> Any:
        return json.loads((Path(app.synth().directory) / "manifest.json").read_text())

    @pytest.mark.parametrize("dummy", [None, "Whatever They Chose"])
    def test_an_applications_id(self, dummy: str | None) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        found = ssm.StringParameter.value_from_lookup(stack, "/emr/application", dummy)
        application = emrserverless.CfnApplication.from_application_id(stack, "App", found)
        Session(stack, "Session", application=application, execution_role=execution_role(stack))
        assert [one["provider"] for one in self.manifest(app)["missing"]] == ["ssm"]

    def test_a_role(self) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        role = iam.Role.from_lookup(stack, "Role", role_name="spark-runtime")
        application = interactive_application(stack)
        Session(stack, "Session", application=application, execution_role=role)
        assert self.manifest(app)["missing"]

    @pytest.mark.parametrize("customized", [False, True])
    def test_a_role_beside_other_sessions(self, customized: bool) -> None:
        """To see what is missing is to render the stack, after which its statements are frozen."""
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        if customized:
            names = {"EmrServerlessSessionProvider/Role": "handler", "ExecutionRole": "spark"}
            iam.Role.customize_roles(stack, use_precreated_roles=names)
        bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
        bench.session()
        for name in ("one", "two"):
            role = iam.Role.from_lookup(stack, name, role_name=name)
            bench.session(f"Session{name}", execution_role=role, tags={name: name})
        assert self.manifest(app)["missing"]

    def test_the_arn_of_an_imported_session(self) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        found = ssm.StringParameter.value_from_lookup(stack, "/session-arn")
        session = Session.from_session_arn(stack, "Imported", found)
        session.grants.connect(iam.User(stack, "Analyst"))
        cdk.CfnOutput(stack, "Id", value=f"{session.application_id} {session.session_id}")
        assert self.manifest(app)["missing"]

    def test_the_ids_of_an_imported_session(self) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        application_id, session_id = (
            ssm.StringParameter.value_from_lookup(stack, name) for name in ("/app", "/session")
        )
        attributes = SessionAttributes(application_id, session_id)
        session = Session.from_session_attributes(stack, "Imported", attributes)
        session.grants.connect(iam.User(stack, "Analyst"))
        assert self.manifest(app)["missing"]

    @pytest.mark.parametrize("by", ["stack_name", "stack_id"])
    def test_what_a_provider_serves(self, by: str) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        found = ssm.StringParameter.value_from_lookup(stack, "/found")
        serves: dict[str, Any] = {
            by: found,
            "application_arns": [found],
            "execution_role_arns": [found],
            "tag_keys": [found],
        }
        SessionProvider(stack, "Provider").serve(**serves)
        assert self.manifest(app)["missing"]

    def test_a_release(self) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        found = ssm.StringParameter.value_from_lookup(stack, "/release")
        application = interactive_application(stack, release_label=found)
        bench = Bench(app, stack, application, execution_role(stack))
        bench.session(**IDLE)
        assert _findings(bench) == []
        assert self.manifest(app)["missing"]

    def test_a_value_that_is_known_is_checked(self) -> None:
        key = "ssm:account=111122223333:parameterName=/emr/application:region=us-east-1"
        stack = cdk.Stack(cdk.App(context={key: "Not An Id"}), "Stack", env=ENV)
        found = ssm.StringParameter.value_from_lookup(stack, "/emr/application")
        application = emrserverless.CfnApplication.from_application_id(stack, "App", found)
        with pytest.raises(SessionValidationError, match="must be an application's id"):
            Session(stack, "Session", application=application, execution_role=execution_role(stack))
        attributes = SessionAttributes(found, "00ses")
        with pytest.raises(SessionValidationError, match="must be an application's id"):
            Session.from_session_attributes(stack, "Imported", attributes)
        with pytest.raises(SessionValidationError, match="session_arn: 'Not An Id'"):
            Session.from_session_arn(stack, "Imported", found)
        with pytest.raises(SessionValidationError, match="write a list of roles' ARNs"):
            SessionProvider(stack, "P").serve(stack_name="Plain", execution_role_arns=[found])

    @pytest.mark.parametrize(
        ("options", "problem"),
        [
            (
                {"runtime_configuration": {"spark.executor.memory": "8g"}},
                "runtime_configuration: is of type dict; write a list of Configuration.",
            ),
            (
                {"runtime_configuration": ["spark-defaults"]},
                "runtime_configuration[0]: is of type str; write a Configuration.",
            ),
            (
                {"runtime_configuration": [{8: "g"}]},
                "runtime_configuration[0]: is a mapping of 8; write a Configuration",
            ),
            (
                {"runtime_configuration": [Configuration("c", ["a=b"])]},  # type: ignore[arg-type]
                "runtime_configuration[0].properties: is of type list; write a mapping",
            ),
            (
                {"runtime_configuration": [Configuration("c", None, [Configuration(8)])]},  # type: ignore[arg-type]
                'runtime_configuration[0].configurations[0].classification: 8; write "8".',
            ),
            ({"tags": [cdk.Tag("a", "b")]}, "tags: is of type list; write a mapping"),
            ({"tags": {"a": 8}}, "tags['a']: 8; write \"8\"."),
            ({"session_name": 8}, 'session_name: 8; write "8".'),
        ],
    )
    def test_types_are_checked_all_the_same(self, options: dict[str, Any], problem: str) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack", env=ENV)
        ec2.Vpc.from_lookup(stack, "Vpc", is_default=True)
        bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
        with pytest.raises(SessionValidationError, match=re.escape(problem)):
            bench.session(**options)

    def test_so_are_those_of_imports_and_of_what_is_served(self) -> None:
        stack = cdk.Stack(cdk.App(), "Stack", env=ENV)
        ec2.Vpc.from_lookup(stack, "Vpc", is_default=True)
        nothing: Any = None
        attributes = SessionAttributes("00app", nothing)
        with pytest.raises(SessionValidationError, match="session_id: None, must be text"):
            Session.from_session_attributes(stack, "Imported", attributes)
        with pytest.raises(SessionValidationError, match="session_arn: None, must be text"):
            Session.from_session_arn(stack, "Imported", nothing)
        with pytest.raises(SessionValidationError, match="write a list of roles' ARNs"):
            SessionProvider(stack, "P").serve(stack_name="Plain", execution_role_arns=[nothing])


def test_dynamic_references_are_known_at_deployment_only(bench: Bench) -> None:
    application = emrserverless.CfnApplication.from_application_id(
        bench.stack, "Imported", "{{resolve:ssm:/emr/id}}"
    )
    bench.session(application=application, tags={"team": "{{resolve:ssm:/emr/team}}"})
    assert bench.properties()["ApplicationId"] == "{{resolve:ssm:/emr/id}}"
    assert bench.properties()["Tags"] == {"team": "{{resolve:ssm:/emr/team}}"}


class TestTheTemplateIsJudged:
    def test_overrides_can_make_an_application_right(self, bench: Bench) -> None:
        application = emrserverless.CfnApplication(
            bench.stack, "Old", type="SPARK", release_label="emr-7.9.0"
        )
        bench.session(application=application, **IDLE)
        application.add_property_override("ReleaseLabel", "emr-7.13.0")
        application.add_property_override("InteractiveConfiguration", {"SessionEnabled": True})
        assert _findings(bench) == []

    def test_overrides_can_make_it_wrong(self, bench: Bench) -> None:
        bench.session(**IDLE)
        bench.application.add_property_override("ReleaseLabel", "emr-7.9.0")
        assert _findings(bench) == [("ERROR", "releaseLabel")]

    def test_an_application_that_python_did_not_make(self, bench: Bench, tmp_path: Path) -> None:
        resource = {
            "Type": "AWS::EMRServerless::Application",
            "Properties": {"Type": "SPARK", "ReleaseLabel": "emr-7.3.0"},
        }
        file = tmp_path / "template.json"
        file.write_text(json.dumps({"Resources": {"Spark": resource}}))
        included = include.CfnInclude(bench.stack, "Included", template_file=str(file))
        bench.session(application=included.get_resource("Spark"), **IDLE)
        assert _findings(bench) == [("ERROR", "releaseLabel"), ("ERROR", "sessionEnabled")]


class TestEscapeHatchesOnTheSession:
    def test_another_logical_id_reaches_grants_and_schedule(self, bench: Bench) -> None:
        session = bench.session(**IDLE)
        reader = iam.Role(
            cdk.Stack(bench.app, "Other"), "Reader", assumed_by=iam.AccountRootPrincipal()
        )
        session.grants.connect(reader)
        session.keep_alive(schedule=scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)))
        resource = session.node.default_child
        assert isinstance(resource, cdk.CfnResource)
        resource.override_logical_id("Kept")

        assert '"aws:ResourceTag/emr-serverless-session:logical-id": "Kept"' in json.dumps(
            bench.template(cdk.Stack.of(reader))
        )
        (schedule,) = resources_of(bench.template(), "AWS::Scheduler::Schedule").values()
        said = "".join(map(str, schedule["Properties"]["Target"]["Input"]["Fn::Join"][1]))
        assert '"LogicalResourceId":"Kept"' in said

    @pytest.mark.parametrize("way", ["option", "override"])
    def test_the_handler_is_told_of_a_policy_that_retains(self, bench: Bench, way: str) -> None:
        resource = bench.session(**IDLE).node.default_child
        assert isinstance(resource, cdk.CfnResource)
        if way == "option":
            resource.cfn_options.deletion_policy = cdk.CfnDeletionPolicy.RETAIN
            resource.cfn_options.update_replace_policy = cdk.CfnDeletionPolicy.RETAIN
        else:
            resource.add_override("DeletionPolicy", "RetainExceptOnCreate")
            resource.add_override("UpdateReplacePolicy", "Retain")
        assert bench.properties()["Retain"] == "true"
        assert _findings(bench) == [("WARNING", "retainedSession")]

    @pytest.mark.parametrize(
        ("policy", "found"),
        [
            ("DeletionPolicy", [("WARNING", "retainedSession")]),
            ("UpdateReplacePolicy", []),
        ],
    )
    def test_so_it_is_of_one_that_retains_in_one_case(
        self, bench: Bench, policy: str, found: list[tuple[str, str]]
    ) -> None:
        resource = bench.session(**IDLE).node.default_child
        assert isinstance(resource, cdk.CfnResource)
        resource.add_override(policy, "Retain")
        assert bench.properties()["Retain"] == "true"
        assert _findings(bench) == found


@jsii.implements(cdk.IStableStringProducer)
class _KnownLate:
    """A value that can't be produced, the first times that it is asked for."""

    def __init__(self, refusals: int) -> None:
        self.refusals = refusals

    def produce(self) -> str:
        self.refusals -= 1
        if self.refusals >= 0:
            raise RuntimeError("the name isn't known yet")
        return "name"


class TestATemplateThatCanNotBeReadBefore:
    def declare(self, bench: Bench, refusals: int) -> None:
        name = cdk.Lazy.string(_KnownLate(refusals))
        cdk.CfnResource(bench.stack, "Other", type="A::B::C", properties={"Name": name})
        bench.session(**IDLE)

    def test_the_application_is_said_not_to_be_checked(self, bench: Bench) -> None:
        self.declare(bench, 1)
        bench.session("Second", **IDLE)
        assert _findings(bench) == [("WARNING", "applicationUnchecked")] * 2
        said = next(text for _, _, text in messages_of(bench.app) if "Unchecked" in text)
        assert "the name isn't known yet" in said

    def test_the_error_of_synth_itself_comes_through(self, bench: Bench) -> None:
        self.declare(bench, 1_000)
        with pytest.raises(RuntimeError, match="the name isn't known yet"):
            bench.app.synth()


class TestPolicies:
    def test_every_policy_of_the_role_is_waited_for(self, bench: Bench) -> None:
        iam.Policy(bench.stack, "Before", roles=[bench.role], statements=[_statement()])
        bench.session()
        iam.ManagedPolicy(bench.stack, "After", roles=[bench.role], statements=[_statement()])
        attached = iam.Policy(bench.stack, "Attached", statements=[_statement()])
        bench.role.attach_inline_policy(attached)
        iam.CfnRolePolicy(
            bench.stack,
            "L1",
            policy_name="l1",
            role_name=bench.role.role_name,
            policy_document=iam.PolicyDocument(statements=[_statement()]),
        )
        waits_for = " ".join(bench.resource()["DependsOn"])
        for name in ("Before", "After", "Attached", "L1"):
            assert name in waits_for

    @pytest.mark.parametrize("imported", ["from_role_arn", "from_role_name"])
    def test_so_are_those_of_a_role_of_the_app_that_is_imported(
        self, bench: Bench, imported: str
    ) -> None:
        """A construct that takes the role's ARN, and makes a role of it again."""
        bench.role.add_to_policy(_statement())
        known_by = bench.role.role_arn if imported == "from_role_arn" else bench.role.role_name
        role = getattr(iam.Role, imported)(bench.stack, "Again", known_by)
        session = bench.session(execution_role=role, **IDLE)
        session.grants.read(bench.role)
        waits_for = bench.resource()["DependsOn"]
        assert any(id.startswith("ExecutionRoleDefaultPolicy") for id in waits_for)
        assert _findings(bench) == []

    def test_so_is_one_that_overrides_attach(self, bench: Bench) -> None:
        document = {"Version": "2012-10-17", "Statement": _statement().to_statement_json()}
        resource = bench.role.node.default_child
        assert isinstance(resource, iam.CfnRole)
        resource.add_property_override("RoleName", "spark")
        bench.session()

        def attach(type: str, **override: Any) -> None:
            (name,) = override
            properties = {"PolicyName": "late", "PolicyDocument": document}
            policy = cdk.CfnResource(bench.stack, name, type=type, properties=properties)
            policy.add_property_override("Roles", override[name])

        sub = "${" + bench.stack.get_logical_id(resource) + "}"
        attach("AWS::IAM::Policy", ByName=["spark"])
        attach("AWS::IAM::ManagedPolicy", BySub=[{"Fn::Sub": sub}])
        attach("AWS::IAM::Policy", ByRef=[bench.role.role_name])
        assert {"ByName", "BySub", "ByRef"} <= set(bench.resource()["DependsOn"])

    def test_a_policy_of_another_role_is_not(self, bench: Bench) -> None:
        other = execution_role(bench.stack, "OtherRole")
        iam.Policy(bench.stack, "Foreign", roles=[other], statements=[_statement()])
        bench.session()
        assert "Foreign" not in str(bench.resource()["DependsOn"])

    def test_one_of_the_role_that_refers_to_the_session_is_an_error(self, bench: Bench) -> None:
        session = bench.session(**IDLE)
        session.parameter.grant_read(bench.role)
        assert _findings(bench) == [("ERROR", "policyWaitsForSession")]

    def test_one_beside_the_role_that_refers_to_the_session_comes_after_it(
        self, bench: Bench
    ) -> None:
        session = bench.session(**IDLE)
        statement = iam.PolicyStatement(actions=["emr-serverless:*"])
        statement.add_resources(session.session_arn)
        iam.Policy(bench.stack, "Late", roles=[bench.role], statements=[statement])
        assert _findings(bench) == [("WARNING", "policyWaitsForSession")]
        assert not any(id.startswith("Late") for id in bench.resource()["DependsOn"])

    def test_for_a_function_role_that_somebody_else_makes_they_are_reported(
        self, tmp_path: Path
    ) -> None:
        """``iam.Role.customize_roles``: apps that may not make roles."""
        app = cdk.App(outdir=str(tmp_path))
        stack = cdk.Stack(app, "Stack")
        names = {"EmrServerlessSessionProvider/Role": "handler", "ExecutionRole": "spark"}
        iam.Role.customize_roles(stack, use_precreated_roles=names)
        bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
        bench.session(tags={"team": "search"}, **IDLE)
        assert "AWS::IAM" not in str(bench.template())
        report = (tmp_path / "iam-policy-report.txt").read_text()
        (of_the_function,) = (part for part in report.split("\n<") if part.startswith("handler>"))
        for said in (
            "emr-serverless:StartSession",
            "emr-serverless:TagResource",
            "emr-serverless:TerminateSession",
            "iam:PassRole",
            "cloudformation:DescribeStacks",
            '"team"',
        ):
            assert said in of_the_function

    def test_so_is_that_of_a_role_which_is_made_of_the_arn_of_another(self, bench: Bench) -> None:
        def again(id: str) -> iam.IRole:
            return iam.Role.from_role_arn(bench.stack, id, bench.role.role_arn)

        iam.Policy(bench.stack, "ByArn", roles=[again("I")], statements=[_statement()])
        again("Added").add_to_principal_policy(_statement())
        bench.session()
        waits_for = " ".join(bench.resource()["DependsOn"])
        assert "ByArn" in waits_for
        assert "AddedPolicy" in waits_for

    def test_so_is_a_role_of_the_app_that_is_imported_by_the_name_it_is_given(
        self, bench: Bench
    ) -> None:
        declared = execution_role(bench.stack, "Named", role_name="spark")
        iam.Policy(bench.stack, "Read", roles=[declared], statements=[_statement()])
        known = iam.Role.from_role_name(bench.stack, "Known", "spark")
        bench.session(execution_role=known)
        waits_for = " ".join(bench.resource()["DependsOn"])
        assert "Named" in waits_for
        assert "Read" in waits_for

    def test_so_is_one_that_is_attached_on_a_condition(self, bench: Bench) -> None:
        condition = cdk.CfnCondition(bench.stack, "IsTest")
        role = cdk.Fn.condition_if(condition.logical_id, bench.role.role_name, "reader")
        iam.CfnManagedPolicy(
            bench.stack,
            "Maybe",
            policy_document=iam.PolicyDocument(statements=[_statement()]),
            roles=[cdk.Token.as_string(role)],
        )
        bench.session()
        assert "Maybe" in bench.resource()["DependsOn"]

    @pytest.mark.parametrize("imported", [True, False])
    def test_one_of_the_same_name_in_another_environment_is_not(self, imported: bool) -> None:
        app = cdk.App()
        for name, account in (("Dev", "111111111111"), ("Prod", "222222222222")):
            env = cdk.Environment(account=account, region="eu-west-1")
            roles, data, sessions = (
                cdk.Stack(app, name + kind, env=env) for kind in ("Roles", "Data", "Sessions")
            )
            role = (
                iam.Role.from_role_name(data, "R", "spark") if imported else execution_role(roles)
            )
            iam.Policy(data, "Read", roles=[role], statements=[_statement()])
            used = iam.Role.from_role_name(sessions, "R", "spark") if imported else role
            bench = Bench(
                app, sessions, interactive_application(sessions), execution_role(roles, "Other")
            )
            bench.session(execution_role=used, **IDLE)
        assert _findings(bench) == []
        for name in ("Dev", "Prod"):
            waits_for = {stack.node.id for stack in _stack(app, name + "Sessions").dependencies}
            assert waits_for == ({f"{name}Data"} if imported else {f"{name}Data", f"{name}Roles"})

    def test_one_of_a_role_with_the_same_id_in_another_stack_is_not(self) -> None:
        app = cdk.App()
        for name in ("Dev", "Prod"):
            stack = cdk.Stack(app, name, env=ENV)
            role = execution_role(stack)
            nested = cdk.NestedStack(stack, "Data")
            iam.Policy(nested, "Read", roles=[role], statements=[_statement()])
            bench = Bench(app, stack, interactive_application(stack), role)
            bench.session(**IDLE)
        assert _findings(bench) == []
        assert [_stack(app, name).dependencies for name in ("Dev", "Prod")] == [[], []]
        waits_for = " ".join(bench.resource()["DependsOn"])
        assert "DataNestedStack" in waits_for

    def test_a_parameter_of_the_same_name_in_another_stack_is_another_role(self) -> None:
        app = cdk.App()
        for name in ("Dev", "Prod"):
            stack = cdk.Stack(app, name, env=ENV)
            parameter = cdk.CfnParameter(stack, "RoleName")
            role = iam.Role.from_role_name(stack, "R", parameter.value_as_string)
            iam.Policy(stack, "Read", roles=[role], statements=[_statement()])
            bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
            bench.session(execution_role=role, **IDLE)
        app.synth()
        assert [_stack(app, name).dependencies for name in ("Dev", "Prod")] == [[], []]
        assert any(id.startswith("Read") for id in bench.resource()["DependsOn"])

    def test_a_policy_that_can_only_come_later_is_warned_of(self, bench: Bench) -> None:
        later = cdk.Stack(bench.app, "Later")
        iam.Policy(later, "Policy", roles=[bench.role], statements=[_statement()])
        bench.session(**IDLE)
        assert _findings(bench) == [("WARNING", "policyInLaterStack")]


class TestDestroying:
    def test_the_application_of_the_parent_is_stopped(self, bench: Bench) -> None:
        inner = cdk.NestedStack(bench.stack, "Inner")
        Session(inner, "Session", application=bench.application, execution_role=bench.role)
        bench.app.synth()
        (session,) = resources_of(bench.template(inner), TYPE).values()
        assert session["Properties"]["StopApplication"] == "true"

    def test_one_that_nobody_could_start_again_is_not(self, bench: Bench) -> None:
        bench.session(**IDLE)
        bench.application.add_property_override("AutoStartConfiguration", {"Enabled": False})
        assert "StopApplication" not in bench.properties()
        assert _findings(bench) == [("WARNING", "autoStart")]

    def test_a_retained_session_on_an_application_that_goes_is_warned_of(
        self, bench: Bench
    ) -> None:
        bench.session(removal_policy=cdk.RemovalPolicy.RETAIN, **IDLE)
        assert _findings(bench) == [("WARNING", "retainedSession")]

    def test_both_can_be_retained(self, bench: Bench) -> None:
        bench.session(removal_policy=cdk.RemovalPolicy.RETAIN, **IDLE)
        bench.application.apply_removal_policy(cdk.RemovalPolicy.RETAIN)
        assert _findings(bench) == []


@pytest.mark.parametrize("attribute", ["session_arn", "session_id"])
def test_an_attribute_in_another_stack_is_warned_of(bench: Bench, attribute: str) -> None:
    session = bench.session(**IDLE)
    other = cdk.Stack(bench.app, "Other")
    cdk.CfnOutput(other, "Out", value=getattr(session, attribute))
    assert _findings(bench) == [("WARNING", "usedInAnotherStack")]


@pytest.mark.parametrize("attribute", ["session_arn", "session_id"])
@pytest.mark.parametrize("nested", [False, True])
def test_so_is_one_that_the_app_exports_itself(bench: Bench, attribute: str, nested: bool) -> None:
    inner = cdk.NestedStack(bench.stack, "Nested")
    session = Session(
        inner if nested else bench.stack,
        "Session",
        application=bench.application,
        execution_role=bench.role,
        **IDLE,
    )
    value = f"sc://{getattr(session, attribute)}"
    cdk.CfnOutput(bench.stack, "Out", value=value, export_name="session")
    cdk.CfnOutput(bench.stack, "Unexported", value=session.application_id)
    assert _findings(bench) == [("WARNING", "usedInAnotherStack")]


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1"])
@pytest.mark.parametrize("strength", ["strong", "weak"])
def test_so_is_one_of_any_strength_and_in_any_region(strength: str, region: str) -> None:
    app = cdk.App(context={"@aws-cdk/core:defaultCrossStackReferences": strength})
    stack = cdk.Stack(app, "Stack", env=ENV, cross_region_references=True)
    bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
    session = bench.session(**IDLE)
    there = cdk.Environment(account=ENV.account, region=region)
    other = cdk.Stack(app, "Other", env=there, cross_region_references=True)
    cdk.CfnOutput(other, "Out", value=session.session_arn)
    assert _findings(bench) == [("WARNING", "usedInAnotherStack")]


class TestArguments:
    def test_an_l1_role_is_a_role(self, bench: Bench) -> None:
        role = iam.CfnRole(bench.stack, "L1", assume_role_policy_document={})
        bench.session(execution_role=role)
        assert bench.properties()["ExecutionRoleArn"] == {"Fn::GetAtt": ["L1", "Arn"]}

    @pytest.mark.parametrize(
        "configuration",
        [
            Configuration("spark-defaults", {"a": "b"}),
            emrserverless.CfnApplication.ConfigurationObjectProperty(
                classification="spark-defaults", properties={"a": "b"}
            ),
            {"classification": "spark-defaults", "properties": {"a": "b"}},
            {"Classification": "spark-defaults", "Properties": {"a": "b"}},
        ],
    )
    def test_configuration_as_it_is_at_hand(self, bench: Bench, configuration: Any) -> None:
        bench.session(runtime_configuration=[configuration])
        assert bench.properties()["ConfigurationOverrides"]["RuntimeConfiguration"] == [
            {"Classification": "spark-defaults", "Properties": {"a": "b"}}
        ]

    @pytest.mark.parametrize(("value", "written"), [(4, '"4"'), (False, '"false"'), (0.5, '"0.5"')])
    def test_what_to_write_for_numbers_and_switches(
        self, bench: Bench, value: Any, written: str
    ) -> None:
        with pytest.raises(SessionValidationError, match=f"write {written}"):
            bench.session(runtime_configuration=[Configuration("spark-defaults", {"k": value})])

    @pytest.mark.parametrize("grantee", ["arn:aws:iam::111122223333:role/x", None])
    def test_a_grantee_is_a_principal(self, bench: Bench, grantee: Any) -> None:
        session = bench.session()
        with pytest.raises(SessionValidationError, match=r"grantee: .*; pass a role or user"):
            session.grants.connect(grantee)

    def test_the_providers_time_out_is_a_duration(self, bench: Bench) -> None:
        wrong: Any = 30
        with pytest.raises(SessionValidationError, match=r"write cdk\.Duration\.seconds\(30\)"):
            SessionProvider.get_or_create(bench.stack, total_timeout=wrong)

    @pytest.mark.parametrize(
        "option",
        [
            "log_group",
            "log_retention",
            "vpc",
            "vpc_subnets",
            "security_groups",
            "permissions_boundary",
            "environment_encryption",
        ],
    )
    def test_the_providers_options_are_constructs(self, bench: Bench, option: str) -> None:
        wrong: dict[str, Any] = {option: "its name"}
        with pytest.raises(SessionValidationError, match=rf"{option}: 'its name'; (pass|write) "):
            SessionProvider.get_or_create(bench.stack, **wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"stack_name": "no name"},
            {"stack_id": "no ARN"},
            {"application_arns": "arn:aws:emr-serverless:us-east-1:1:/applications/00app"},
            {"execution_role_arns": ["spark"]},
            {"tag_keys": "team"},
        ],
    )
    def test_whom_a_provider_serves_is_checked(self, bench: Bench, wrong: dict[str, Any]) -> None:
        provider = SessionProvider.get_or_create(bench.stack)
        served = {"stack_name": "Plain", "execution_role_arns": ["arn:aws:iam::1:role/spark"]}
        (name,) = wrong
        with pytest.raises(SessionValidationError, match=f"serve] {name}: .*; write a"):
            provider.serve(**{**served, **wrong})

    @pytest.mark.parametrize("wrong", [emrserverless.CfnApplication, b"00app"])
    def test_neither_a_class_nor_bytes_are_an_argument(self, bench: Bench, wrong: Any) -> None:
        with pytest.raises(SessionValidationError, match="application: is "):
            bench.session(application=wrong)
        with pytest.raises(SessionValidationError, match=r"session_name: .* must be text"):
            bench.session(session_name=wrong)

    def test_a_session_is_declared_in_a_stack(self, bench: Bench) -> None:
        scope: Any = bench.app
        with pytest.raises(SessionValidationError, match="scope: is of type App; pass the stack"):
            Session(scope, "S", application=bench.application, execution_role=bench.role)

    @pytest.mark.parametrize(
        "wrong",
        ["rate(1 hour)", events.Schedule.rate(cdk.Duration.hours(1))],
        ids=["text", "a rule's"],
    )
    def test_a_schedule_is_the_schedulers(self, bench: Bench, wrong: Any) -> None:
        with pytest.raises(SessionValidationError, match=r"pass a scheduler\.ScheduleExpression"):
            bench.session().keep_alive(schedule=wrong)

    def test_an_id_or_an_arn_of_the_app_is_named_as_such(self, bench: Bench) -> None:
        wrong: dict[str, Any] = {
            "application": bench.application.ref,
            "execution_role": bench.role.role_arn,
        }
        with pytest.raises(SessionValidationError) as error:
            bench.session(**wrong)
        application, role = str(error.value).splitlines()
        assert "application: is text that is known at deployment" in application
        assert "execution_role: is text that is known at deployment" in role

    def test_a_session_is_imported_by_attributes(self, bench: Bench) -> None:
        wrong: Any = {"application_id": "00app", "session_id": "00s"}
        with pytest.raises(SessionValidationError, match=r"pass SessionAttributes\(…\)"):
            Session.from_session_attributes(bench.stack, "Imported", wrong)

    def test_an_application_of_another_service_is_none(self, bench: Bench) -> None:
        bucket = cdk.CfnResource(bench.stack, "Bucket", type="AWS::S3::Bucket")
        with pytest.raises(SessionValidationError, match="application: is of type CfnResource"):
            bench.session(application=bucket)

    def test_an_arn_of_something_else_is_named(self, bench: Bench) -> None:
        arn = "arn:aws:emr-serverless:us-east-1:111122223333:/applications/00app"
        with pytest.raises(SessionValidationError) as refusal:
            Session.from_session_arn(bench.stack, "Imported", arn)
        (problem,) = refusal.value.problems
        assert "is the ARN of an EMR Serverless application, must be a session's ARN" in problem

    def test_a_tag_of_the_app_that_is_refused_has_two_ways_out(self, bench: Bench) -> None:
        bench.session()
        cdk.Tags.of(bench.app).add("owner", "Jürgen")
        with pytest.raises(RuntimeError, match=r"exclude_resource_types.*Tags\.of\(session\)\.rem"):
            bench.app.synth()


class TestValuesThatCantBeRight:
    @pytest.mark.parametrize(
        ("options", "id"),
        [
            ({"spark.executor.memory": "8 gigs"}, "sparkMemory"),
            ({"spark.driver.memory": "8 g"}, "sparkMemory"),
            ({"spark.driver.cores": "2.5"}, "sparkCores"),
            ({"spark.executor.cores": "two"}, "sparkCores"),
            ({"spark.driver.cores": "3"}, "workerSize"),
            ({"spark.driver.cores": "4", "spark.driver.memory": "30g"}, "workerSize"),
            ({"spark.emr-serverless.driver.disk": "10g"}, "workerSize"),
        ],
    )
    def test_a_spark_property(self, bench: Bench, options: dict[str, str], id: str) -> None:
        bench.session(runtime_configuration=[Configuration("spark-defaults", options)], **IDLE)
        assert _findings(bench) == [("WARNING", id)]

    @pytest.mark.parametrize("names", [["spark-default"], ["spark-defaults", "spark-defaults"]])
    def test_a_classification(self, bench: Bench, names: list[str]) -> None:
        bench.session(runtime_configuration=[Configuration(name) for name in names], **IDLE)
        assert _findings(bench) == [("WARNING", "classification")]

    def test_a_role_that_trusts_somebody_else(self, bench: Bench) -> None:
        role = iam.Role(bench.stack, "Wrong", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        bench.session(execution_role=role, **IDLE)
        assert _findings(bench) == [("ERROR", "executionRoleTrust")]

    def test_an_override_can_make_the_trust_right(self, bench: Bench) -> None:
        role = iam.Role(bench.stack, "Late", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"))
        bench.session(execution_role=role, **IDLE)
        resource = role.node.default_child
        assert isinstance(resource, iam.CfnRole)
        resource.add_property_override(
            "AssumeRolePolicyDocument.Statement.0.Principal.Service", "emr-serverless.amazonaws.com"
        )
        assert _findings(bench) == []

    def test_an_idle_timeout_beyond_a_sessions_life(self, bench: Bench) -> None:
        bench.session(idle_timeout=cdk.Duration.days(30))
        assert _findings(bench) == [("WARNING", "idleTimeoutLong")]

    @pytest.mark.parametrize(
        ("release", "fits"), [("emr-spark-8.1.0", False), ("emr-spark-8.0.0", True)]
    )
    def test_the_release_says_whether_configuration_is_merged(
        self, release: str, fits: bool
    ) -> None:
        app = cdk.App()
        stack = cdk.Stack(app, "Stack")
        of = emrserverless.CfnApplication
        large = of.ConfigurationObjectProperty(
            classification="spark-defaults", properties={"spark.driver.memory": "40g"}
        )
        application = interactive_application(
            stack, release_label=release, runtime_configuration=[large]
        )
        bench = Bench(app, stack, application, execution_role(stack))
        bench.session(runtime_configuration=[Configuration("spark-defaults", {"a": "b"})], **IDLE)
        assert _findings(bench) == ([] if fits else [("WARNING", "workerSize")])
