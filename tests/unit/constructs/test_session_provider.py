"""The provider: one a stack, its options, and sharing one."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs

from cdk_emr_serverless_session import Session, SessionProvider, SessionValidationError
from testbed.synth_bench import (
    TYPE,
    Bench,
    action_list,
    execution_role,
    interactive_application,
    resources_of,
    statements_of,
)

FUNCTION = "AWS::Lambda::Function"


def _handlers(template: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        function["Properties"]
        for function in resources_of(template, FUNCTION).values()
        if function["Properties"]["Handler"].startswith("session_handler.")
    ]


def test_a_session_more_is_one_resource_more(bench: Bench) -> None:
    for index in range(5):
        bench.session(f"Session{index}")
    counts = Counter(r["Type"] for r in bench.template()["Resources"].values())
    assert counts[TYPE] == 5
    assert counts[FUNCTION] == 5
    assert counts["AWS::StepFunctions::StateMachine"] == 1


def test_both_functions_run_one_asset(bench: Bench) -> None:
    bench.session()
    first, second = _handlers(bench.template())
    assert first["Code"] == second["Code"]
    assert {first["Handler"], second["Handler"]} == {
        "session_handler.handler.on_event",
        "session_handler.handler.is_complete",
    }
    for function in (first, second):
        assert function["Architectures"] == ["arm64"]
        assert function["MemorySize"] == 256
        assert function["Timeout"] == 30
        assert function["Runtime"].startswith("python3.")
        assert function["Role"] == first["Role"]


def test_the_handler_is_told_the_times(bench: Bench) -> None:
    provider = SessionProvider(
        bench.stack,
        "Provider",
        total_timeout=cdk.Duration.minutes(20),
        query_interval=cdk.Duration.seconds(30),
    )
    bench.session(provider=provider)
    for function in _handlers(bench.template()):
        variables = function["Environment"]["Variables"]
        assert variables["ON_EVENT_TIMEOUT_SECONDS"] == "30"
        # Early enough that the handler's own answer comes before the framework's.
        assert 1000 < int(variables["GIVE_UP_AFTER_SECONDS"]) <= 1200 - 30


@pytest.mark.parametrize(("minutes", "seconds"), [(20, "1320"), (30, "1920"), (60, "3600")])
def test_cloudformation_waits_a_little_longer_than_the_provider(
    bench: Bench, minutes: int, seconds: str
) -> None:
    provider = SessionProvider(bench.stack, "Provider", total_timeout=cdk.Duration.minutes(minutes))
    bench.session(provider=provider)
    assert bench.resource()["Properties"]["ServiceTimeout"] == seconds


def test_functions_write_to_their_log_group_and_no_other(bench: Bench) -> None:
    bench.session()
    template = bench.template()
    (group,) = resources_of(template, "AWS::Logs::LogGroup")
    assert template["Resources"][group]["Properties"]["RetentionInDays"] == 30
    for function in resources_of(template, FUNCTION).values():
        assert function["Properties"]["LoggingConfig"]["LogGroup"] == {"Ref": group}
    for role in ("HandlerRole", "FrameworkOnEventRole", "FrameworkWaiterRole"):
        (statement,) = [
            s for s in statements_of(template, role) if "logs:PutLogEvents" in action_list(s)
        ]
        assert statement["Resource"] == {"Fn::GetAtt": [group, "Arn"]}
    for resource in resources_of(template, "AWS::IAM::Role").values():
        assert "ManagedPolicyArns" not in resource["Properties"]


def test_log_retention(bench: Bench) -> None:
    provider = SessionProvider(bench.stack, "Provider", log_retention=logs.RetentionDays.ONE_WEEK)
    bench.session(provider=provider)
    (group,) = resources_of(bench.template(), "AWS::Logs::LogGroup").values()
    assert group["Properties"]["RetentionInDays"] == 7


def test_a_log_group_of_ones_own(bench: Bench) -> None:
    group = logs.LogGroup(bench.stack, "Mine")
    provider = SessionProvider(bench.stack, "Provider", log_group=group)
    bench.session(provider=provider)
    assert len(resources_of(bench.template(), "AWS::Logs::LogGroup")) == 1
    assert provider.log_group is group


def test_all_functions_run_in_the_vpc() -> None:
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    vpc = ec2.Vpc(stack, "Vpc", max_azs=2, nat_gateways=0)
    security_group = ec2.SecurityGroup(stack, "SecurityGroup", vpc=vpc)
    SessionProvider(
        stack,
        "Provider",
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[security_group],
    )
    template = app.synth().get_stack_by_name("Stack").template
    functions = [
        function
        for id, function in resources_of(template, FUNCTION).items()
        if id.startswith("Provider")
    ]
    assert len(functions) == 5
    for function in functions:
        assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
        assert len(function["Properties"]["VpcConfig"]["SecurityGroupIds"]) == 1


def test_the_boundary_is_on_every_role_of_the_provider(bench: Bench) -> None:
    boundary = iam.ManagedPolicy.from_aws_managed_policy_name("PowerUserAccess")
    provider = SessionProvider(bench.stack, "Provider", permissions_boundary=boundary)
    bench.session(provider=provider)
    roles = resources_of(bench.template(), "AWS::IAM::Role")
    mine = [role for id, role in roles.items() if id.startswith("Provider")]
    assert len(mine) == 4
    assert all("PermissionsBoundary" in role["Properties"] for role in mine)


def test_the_environment_of_every_function_is_encrypted(bench: Bench) -> None:
    key = kms.Key(bench.stack, "Key")
    provider = SessionProvider(bench.stack, "Provider", environment_encryption=key)
    bench.session(provider=provider)
    for function in resources_of(bench.template(), FUNCTION).values():
        assert "KmsKeyArn" in function["Properties"]


class TestSingleton:
    def test_sessions_of_a_stack_share_it(self, bench: Bench) -> None:
        assert SessionProvider.of(bench.stack) is None
        session = bench.session()
        provider = SessionProvider.of(session)
        assert provider is not None
        assert SessionProvider.get_or_create(bench.stack) is provider

    def test_options_are_set_before_the_first_session(self, bench: Bench) -> None:
        SessionProvider.get_or_create(bench.stack, total_timeout=cdk.Duration.minutes(10))
        bench.session()
        assert bench.resource()["Properties"]["ServiceTimeout"] == "720"

    def test_options_that_come_too_late_are_refused(self, bench: Bench) -> None:
        bench.session()
        with pytest.raises(SessionValidationError, match="total_timeout"):
            SessionProvider.get_or_create(bench.stack, total_timeout=cdk.Duration.minutes(10))

    def test_each_stack_has_its_own(self, bench: Bench) -> None:
        other = cdk.Stack(bench.app, "Other")
        assert SessionProvider.get_or_create(bench.stack) is not SessionProvider.get_or_create(
            other
        )


class TestShared:
    """A provider for a whole app refers to no session stack: they refer to it."""

    @pytest.fixture
    def shared(self, bench: Bench) -> tuple[cdk.Stack, Bench]:
        platform = cdk.Stack(bench.app, "Platform")
        provider = SessionProvider(platform, "Provider")
        bench.session(provider=provider)
        return platform, bench

    def test_the_stack_brings_the_permissions_for_its_sessions(
        self, shared: tuple[cdk.Stack, Bench]
    ) -> None:
        platform, bench = shared
        template = bench.template()
        assert not resources_of(template, FUNCTION)
        (policy,) = resources_of(template, "AWS::IAM::ManagedPolicy").values()
        (role,) = policy["Properties"]["Roles"]
        assert "Fn::ImportValue" in role
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        (ending,) = [s for s in statements if "emr-serverless:TerminateSession" in action_list(s)]
        assert ending["Condition"]["StringEquals"] == {
            "aws:ResourceTag/emr-serverless-session:stack-id": {"Ref": "AWS::StackId"}
        }
        assert "StartSession" not in str(statements_of(bench.template(platform)))

    def test_the_session_waits_for_them(self, shared: tuple[cdk.Stack, Bench]) -> None:
        _, bench = shared
        (policy,) = resources_of(bench.template(), "AWS::IAM::ManagedPolicy")
        assert policy in bench.resource()["DependsOn"]

    def test_a_stack_without_an_application_can_use_it(
        self, shared: tuple[cdk.Stack, Bench]
    ) -> None:
        platform, bench = shared
        provider = platform.node.find_child("Provider")
        assert isinstance(provider, SessionProvider)
        third = cdk.Stack(bench.app, "Third")
        Session(
            third,
            "Session",
            application=bench.application,
            execution_role=bench.role,
            provider=provider,
        )
        assert len(resources_of(bench.template(third), TYPE)) == 1

    def test_it_serves_its_own_account_and_region(self) -> None:
        app = cdk.App()
        home = cdk.Environment(account="111111111111", region="eu-west-1")
        provider = SessionProvider(cdk.Stack(app, "Platform", env=home), "Provider")
        abroad = cdk.Environment(account="111111111111", region="us-east-1")
        stack = cdk.Stack(app, "Abroad", env=abroad)
        bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
        with pytest.raises(SessionValidationError, match=r"us-east-1.*Make a provider there"):
            bench.session(provider=provider)

    @pytest.mark.parametrize("known", ["provider", "session"])
    def test_where_one_environment_is_known_the_other_has_to_be(self, known: str) -> None:
        """As the CDK has it: a reference from one to the other can't be resolved."""
        app = cdk.App()
        home = cdk.Environment(account="111111111111", region="eu-west-1")
        platform = cdk.Stack(app, "Platform", env=home if known == "provider" else None)
        stack = cdk.Stack(app, "Stack", env=home if known == "session" else None)
        provider = SessionProvider(platform, "Provider")
        bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
        with pytest.raises(SessionValidationError, match="unknown-account/unknown-region"):
            bench.session(provider=provider)


class TestSharedByManyStacks:
    """Each stack takes a managed policy of the handler's role, of which IAM allows ten."""

    @staticmethod
    def shared_by(count: int, **options: Any) -> tuple[cdk.App, SessionProvider]:
        app = cdk.App()
        platform = cdk.Stack(app, "Platform")
        if "vpc" in options:
            options["vpc"] = ec2.Vpc(platform, "Vpc")
        provider = SessionProvider(platform, "Provider", **options)
        for index in range(count):
            stack = cdk.Stack(app, f"Stack{index}")
            bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
            bench.session(provider=provider)
        return app, provider

    def test_ten_is_the_default_quota(self) -> None:
        app, _ = self.shared_by(10)
        app.synth()

    @pytest.mark.parametrize(("count", "options"), [(11, {}), (10, {"vpc": None})])
    def test_more_is_an_error_that_says_what_to_do(
        self, count: int, options: dict[str, Any]
    ) -> None:
        app, _ = self.shared_by(count, **options)
        with pytest.raises(RuntimeError, match=r"take 11 managed policies.*provider of their own"):
            app.synth()

    @pytest.mark.parametrize(("count", "most"), [(25, True), (26, False)])
    def test_a_raised_quota_is_acknowledged(self, count: int, most: bool) -> None:
        app, provider = self.shared_by(count)
        cdk.Validations.of(provider).acknowledge(
            cdk.Acknowledgment(id="cdk-emr-serverless-session:sharedProvider", reason="25 here")
        )
        with nullcontext() if most else pytest.raises(RuntimeError, match="26 managed policies"):
            app.synth()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"total_timeout": cdk.Duration.minutes(61)}, "total_timeout: 3660 s"),
        ({"total_timeout": cdk.Duration.seconds(0)}, "total_timeout: 0 s"),
        ({"query_interval": cdk.Duration.seconds(0)}, "query_interval: 0 s"),
        ({"query_interval": cdk.Duration.seconds(7)}, "query_interval: 7 s"),
        ({"query_interval": cdk.Duration.millis(1500)}, "query_interval: 1.5 s, must be whole"),
        ({"total_timeout": cdk.Duration.millis(500)}, "total_timeout: 0.5 s, must be whole"),
        (
            {"total_timeout": cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Minutes"}))},
            "total_timeout: is known at deployment only",
        ),
        ({"vpc_subnets": ec2.SubnetSelection()}, "vpc_subnets: needs a vpc"),
        ({"security_groups": []}, "security_groups: needs a vpc"),
    ],
)
def test_options_that_cannot_be(bench: Bench, options: dict[str, Any], problem: str) -> None:
    with pytest.raises(SessionValidationError, match=problem) as refusal:
        SessionProvider(bench.stack, "Provider", **options)
    assert refusal.value.path == "Stack/Provider"


def test_all_problems_are_reported_together(bench: Bench) -> None:
    with pytest.raises(SessionValidationError) as refusal:
        SessionProvider(
            bench.stack,
            "Provider",
            total_timeout=cdk.Duration.hours(2),
            log_group=logs.LogGroup(bench.stack, "Mine"),
            log_retention=logs.RetentionDays.ONE_DAY,
        )
    assert len(refusal.value.problems) == 2


def test_the_framework_logs_no_event(bench: Bench) -> None:
    """Its errors have the whole event in them, with the address that answers CloudFormation."""
    bench.session()
    functions = resources_of(bench.template(), "AWS::Lambda::Function").values()
    framework = [f for f in functions if f["Properties"]["Handler"].startswith("framework.")]
    assert len(framework) == 3
    for function in framework:
        logging = function["Properties"]["LoggingConfig"]
        assert (logging["LogFormat"], logging["ApplicationLogLevel"]) == ("JSON", "FATAL")
