"""The provider: one a stack, its options, and sharing one."""

from __future__ import annotations

from collections import Counter
from contextlib import nullcontext
from typing import Any

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_logs as logs
from aws_cdk import aws_scheduler as scheduler
from constructs import IConstruct

from cdk_emr_serverless_session import Session, SessionProvider, SessionValidationError
from testbed.chain import dependencies, references
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
ROLE = "AWS::IAM::Role"
PROVIDER = "EmrServerlessSessionProvider"


def _the(template: dict[str, Any], resource_type: str, id_part: str = PROVIDER) -> dict[str, Any]:
    """The provider's only resource of a type."""
    (found,) = (
        resource
        for id, resource in resources_of(template, resource_type).items()
        if id.startswith(id_part)
    )
    return dict(found)


def test_four_resources_are_fixed_and_a_session_more_is_one_more(bench: Bench) -> None:
    for index in range(5):
        bench.session(f"Session{index}")
    template = bench.template()
    counts = Counter(r["Type"] for r in template["Resources"].values())
    assert counts[TYPE] == 5
    fixed = [r["Type"] for id, r in template["Resources"].items() if id.startswith(PROVIDER)]
    assert sorted(fixed) == [
        "AWS::IAM::Policy",
        "AWS::IAM::Role",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
    ]


def test_the_function(bench: Bench) -> None:
    bench.session()
    function = _the(bench.template(), FUNCTION)["Properties"]
    assert function["Handler"] == "session_handler.handler.handle"
    assert function["Architectures"] == ["arm64"]
    assert function["MemorySize"] == 256
    assert function["Runtime"].startswith("python3.")
    assert function["Environment"]["Variables"] == {
        "ROLE_ARN": function["Role"],
        "SERVED_STACKS": {"Ref": "AWS::StackName"},
    }


@pytest.mark.parametrize(
    ("total_timeout", "function", "service"),
    [
        (None, 900, "960"),
        (cdk.Duration.minutes(14), 900, "960"),
        (cdk.Duration.minutes(5), 360, "420"),
        (cdk.Duration.seconds(1), 61, "121"),
    ],
)
def test_the_times_follow_from_one(
    bench: Bench, total_timeout: cdk.Duration | None, function: int, service: str
) -> None:
    """A minute to end what was started and to answer; another until CloudFormation gives up."""
    SessionProvider.get_or_create(bench.stack, total_timeout=total_timeout)
    bench.session()
    template = bench.template()
    assert _the(template, FUNCTION)["Properties"]["Timeout"] == function
    assert bench.resource()["Properties"]["ServiceTimeout"] == service


class TestWhatWaits:
    """Only sessions wait for policies: the function is made beside them."""

    def test_the_function_waits_for_its_role_alone(self, bench: Bench) -> None:
        bench.session()
        template = bench.template()
        assert not _waits_for(template, "AWS::Lambda::Function", "AWS::IAM::Policy")
        assert _the(template, FUNCTION)["DependsOn"] == ["EmrServerlessSessionProviderRole0E10907A"]

    def test_the_role_waits_for_nothing(self, bench: Bench) -> None:
        """Not for the log group either: what it may write to goes by the group's future name."""
        bench.session()
        role = _the(bench.template(), ROLE)
        assert "DependsOn" not in role
        assert set(references(role["Properties"])) <= {
            "AWS::AccountId",
            "AWS::Partition",
            "AWS::Region",
            "AWS::StackId",
            "AWS::StackName",
        }

    def test_the_session_waits_for_all_of_it(self, bench: Bench) -> None:
        bench.session()
        assert _waits_for(bench.template(), TYPE, "AWS::IAM::Policy")

    def test_the_schedule_waits_for_no_policy(self, bench: Bench) -> None:
        rate = scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15))
        bench.session().keep_alive(schedule=rate)
        template = bench.template()
        (schedule,) = resources_of(template, "AWS::Scheduler::Schedule").values()
        assert "DependsOn" not in schedule
        assert len(resources_of(template, "AWS::IAM::Policy")) == 1

    def test_with_a_key_the_function_waits_for_what_lets_it_use_the_key(self, bench: Bench) -> None:
        key = kms.Key(bench.stack, "Key")
        SessionProvider.get_or_create(bench.stack, environment_encryption=key)
        bench.session()
        template = bench.template()
        function = _the(template, FUNCTION)
        assert "KmsKeyArn" in function["Properties"]
        policies = resources_of(template, "AWS::IAM::Policy")
        (waited_for,) = policies.keys() & set(function["DependsOn"])
        statement = policies[waited_for]["Properties"]["PolicyDocument"]["Statement"]
        assert [s["Action"] for s in statement] == ["kms:Decrypt"]


class TestLogGroup:
    def test_the_function_writes_to_it_and_to_no_other(self, bench: Bench) -> None:
        bench.session()
        template = bench.template()
        ((group_id, group),) = resources_of(template, "AWS::Logs::LogGroup").items()
        assert group["Properties"]["RetentionInDays"] == 30
        function = _the(template, FUNCTION)["Properties"]
        assert function["LoggingConfig"] == {"LogGroup": {"Ref": group_id}}
        (statement,) = [s for s in statements_of(template) if "logs:PutLogEvents" in action_list(s)]
        # CloudFormation's name for it: STACK-LOGICALID-SUFFIX.
        assert statement["Resource"]["Fn::Join"][1][-3:] == [
            ":log-group:",
            {"Ref": "AWS::StackName"},
            f"-{group_id}-*:*",
        ]

    def test_it_survives_the_rollback_of_its_creation(self, bench: Bench) -> None:
        """Retain does; Delete and RetainExceptOnCreate would take what the reason points to.

        A name of its own would stand in the way of the next deployment.
        """
        bench.session()
        group = _the(bench.template(), "AWS::Logs::LogGroup")
        assert group["DeletionPolicy"] == "Retain"
        assert group["UpdateReplacePolicy"] == "Retain"
        assert "LogGroupName" not in group["Properties"]

    def test_retention(self, bench: Bench) -> None:
        SessionProvider.get_or_create(bench.stack, log_retention=logs.RetentionDays.ONE_WEEK)
        bench.session()
        group = _the(bench.template(), "AWS::Logs::LogGroup")
        assert group["Properties"]["RetentionInDays"] == 7

    def test_the_function_writes_to_it_whatever_an_aspect_names_it(self, bench: Bench) -> None:
        @jsii.implements(cdk.IAspect)
        class Names:
            def visit(self, node: IConstruct) -> None:
                if isinstance(node, logs.CfnLogGroup):
                    node.log_group_name = "/company/sessions"

        bench.session()
        cdk.Aspects.of(bench.app).add(Names())
        template = bench.template()
        ((group_id, _),) = resources_of(template, "AWS::Logs::LogGroup").items()
        allowed = [s for s in statements_of(template) if "logs:PutLogEvents" in action_list(s)]
        assert {"Fn::GetAtt": [group_id, "Arn"]} in [s["Resource"] for s in allowed]

    def test_one_of_ones_own(self, bench: Bench) -> None:
        group = logs.LogGroup(bench.stack, "Mine")
        provider = SessionProvider(bench.stack, "Provider", log_group=group)
        bench.session(provider=provider)
        template = bench.template()
        ((group_id, _),) = resources_of(template, "AWS::Logs::LogGroup").items()
        assert provider.log_group is group
        (statement,) = [s for s in statements_of(template) if "logs:PutLogEvents" in action_list(s)]
        assert statement["Resource"] == {"Fn::GetAtt": [group_id, "Arn"]}


def test_the_function_runs_in_the_vpc_and_its_role_has_what_that_takes() -> None:
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
    function = _the(template, FUNCTION, "Provider")
    assert len(function["Properties"]["VpcConfig"]["SubnetIds"]) == 2
    assert len(function["Properties"]["VpcConfig"]["SecurityGroupIds"]) == 1
    role = _the(template, ROLE, "Provider")
    (attached,) = role["Properties"]["ManagedPolicyArns"]
    assert attached["Fn::Join"][1][-1] == (
        ":iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
    )


def test_the_ways_out_of_the_vpc_outlive_the_sessions(bench: Bench) -> None:
    """Sessions refer to the function, so that they end before it goes, and it before these."""
    vpc = ec2.Vpc(bench.stack, "Vpc", max_azs=2, nat_gateways=0)
    SessionProvider.get_or_create(
        bench.stack,
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
    )
    bench.session()
    service = ec2.InterfaceVpcEndpointAwsService("emr-serverless")
    vpc.add_interface_endpoint("Api", service=service)
    waits_for = bench.resource("AWS::Lambda::Function")["DependsOn"]
    endpoints = resources_of(bench.template(), "AWS::EC2::VPCEndpoint")
    assert set(endpoints) <= set(waits_for)


def test_the_ways_out_of_the_vpc_may_be_open_to_the_function_alone(bench: Bench) -> None:
    """The endpoint's rule refers to the function's security group, and the function waits for it.

    ``Template`` refuses a cycle.
    """
    vpc = ec2.Vpc(bench.stack, "Vpc", max_azs=2, nat_gateways=0)
    isolated = ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED)
    provider = SessionProvider.get_or_create(bench.stack, vpc=vpc, vpc_subnets=isolated)
    bench.session()
    service = ec2.InterfaceVpcEndpointAwsService("emr-serverless")
    endpoint = vpc.add_interface_endpoint("Api", service=service, open=False)
    endpoint.connections.allow_default_port_from(provider.function)
    template = assertions.Template.from_stack(bench.stack)
    (rule,) = template.find_resources("AWS::EC2::SecurityGroupIngress")
    assert rule in bench.resource("AWS::Lambda::Function")["DependsOn"]


def test_outside_of_a_vpc_no_managed_policy_is_attached(bench: Bench) -> None:
    bench.session()
    assert "ManagedPolicyArns" not in _the(bench.template(), ROLE)["Properties"]


def test_the_boundary_is_on_every_role_of_the_provider(bench: Bench) -> None:
    boundary = iam.ManagedPolicy.from_aws_managed_policy_name("PowerUserAccess")
    SessionProvider.get_or_create(bench.stack, permissions_boundary=boundary)
    rate = scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15))
    bench.session().keep_alive(schedule=rate)
    roles = resources_of(bench.template(), ROLE)
    mine = [role for id, role in roles.items() if id.startswith(PROVIDER)]
    assert len(mine) == 2
    assert all("PermissionsBoundary" in role["Properties"] for role in mine)


def _waits_for(template: dict[str, Any], waiting: str, awaited: str) -> bool:
    """Whether the resources of one type wait for those of another, however many between."""
    pending, seen = list(resources_of(template, waiting)), set[str]()
    while pending:
        new = dependencies(template, pending.pop()) - seen
        seen |= new
        pending += new
    return any(template["Resources"][id]["Type"] == awaited for id in seen)


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

    @pytest.mark.parametrize(
        ("scope", "problem"), [(None, "is required"), ("x", "'x'"), (cdk.App(), "is of type App")]
    )
    def test_a_scope_is_a_construct_of_a_stack(self, scope: Any, problem: str) -> None:
        advice = "; pass the stack, or another construct in it."
        for method in (SessionProvider.of, SessionProvider.get_or_create):
            with pytest.raises(SessionValidationError) as refusal:
                method(scope)
            assert refusal.value.problems == (f"scope: {problem}{advice}",)

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


class TestTheFunctionKnowsWhomItServes:
    """By the stacks' names: a reference would have the provider wait for them."""

    @staticmethod
    def served(provider: SessionProvider) -> Any:
        template = dict(assertions.Template.from_stack(cdk.Stack.of(provider)).to_json())
        function = _the(template, FUNCTION, "Provider")
        return function["Properties"]["Environment"]["Variables"]["SERVED_STACKS"]

    @pytest.fixture
    def app(self) -> cdk.App:
        return cdk.App()

    @pytest.fixture
    def provider(self, app: cdk.App) -> SessionProvider:
        return SessionProvider(cdk.Stack(app, "Platform"), "Provider")

    @staticmethod
    def declare(stack: cdk.Stack, provider: SessionProvider) -> None:
        bench = Bench(cdk.App(), stack, interactive_application(stack), execution_role(stack))
        bench.session(provider=provider)

    def test_stacks_of_the_app_and_others(self, app: cdk.App, provider: SessionProvider) -> None:
        stack_id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/reports/6f1c0000"
        self.declare(cdk.Stack(app, "Etl", stack_name="etl-prod"), provider)
        provider.serve(stack_name="analytics-*", execution_role_arns=[])
        provider.serve(stack_id=stack_id, execution_role_arns=[])

        names = [",", [{"Ref": "AWS::StackName"}, "etl-prod,analytics-*,reports"]]
        assert self.served(provider) == {"Fn::Join": names}

    def test_a_name_that_nobody_knows_yet_may_be_any(self, provider: SessionProvider) -> None:
        self.declare(cdk.NestedStack(cdk.Stack.of(provider), "Nested"), provider)
        assert self.served(provider) == {"Fn::Join": [",", [{"Ref": "AWS::StackName"}, "*"]]}


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
        with pytest.raises(RuntimeError, match=r"has 11 managed policies.*provider of their own"):
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
        ({"total_timeout": cdk.Duration.seconds(841)}, "total_timeout: 841 s.*at most 14 minutes"),
        ({"total_timeout": cdk.Duration.hours(1)}, "total_timeout: 3600 s"),
        ({"total_timeout": cdk.Duration.seconds(0)}, "total_timeout: 0 s"),
        ({"total_timeout": cdk.Duration.millis(500)}, "total_timeout: 0.5 s, must be whole"),
        (
            {"total_timeout": cdk.Duration.minutes(cdk.Token.as_number({"Ref": "Minutes"}))},
            "total_timeout: is only known at deployment",
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


class TestServe:
    """Stacks that aren't of the app: the provider is told of them."""

    APPLICATION = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00app"
    EXECUTION_ROLE = "arn:aws:iam::123456789012:role/execution"

    def policy(self, bench: Bench, **stack: str) -> list[dict[str, Any]]:
        provider = SessionProvider(bench.stack, "Provider")
        provider.serve(
            **stack,
            application_arns=[self.APPLICATION],
            execution_role_arns=[self.EXECUTION_ROLE],
            tag_keys=["team"],
        )
        policy = _the(bench.template(), "AWS::IAM::ManagedPolicy", "Provider")
        statements: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
        return statements

    def test_a_stack_by_its_name(self, bench: Bench) -> None:
        statements = self.policy(bench, stack_name="Plain")
        (ending,) = [s for s in statements if "emr-serverless:TerminateSession" in action_list(s)]
        (key,) = ending["Condition"]["StringLike"]
        assert key == "aws:ResourceTag/emr-serverless-session:stack-id"
        pattern = ending["Condition"]["StringLike"][key]["Fn::Join"][1]
        assert pattern[-1] == ":stack/Plain/*"
        own, named = [s for s in statements if "emr-serverless:StartSession" in action_list(s)]
        assert own["Condition"]["StringLike"].keys() == {
            "aws:ResourceTag/aws:cloudformation:stack-id"
        }
        assert named["Resource"] == self.APPLICATION
        (passing,) = [s for s in statements if "iam:PassRole" in action_list(s)]
        assert passing["Resource"] == self.EXECUTION_ROLE
        (asking,) = [s for s in statements if "cloudformation:DescribeStacks" in action_list(s)]
        assert asking["Resource"]["Fn::Join"][1][-1] == ":stack/Plain/*"

    def test_a_stack_by_its_id(self, bench: Bench) -> None:
        id = "arn:aws:cloudformation:eu-west-1:123456789012:stack/Plain/0a1b"
        statements = self.policy(bench, stack_id=id)
        (ending,) = [s for s in statements if "emr-serverless:TerminateSession" in action_list(s)]
        assert ending["Condition"] == {
            "StringEquals": {"aws:ResourceTag/emr-serverless-session:stack-id": id}
        }

    def test_applications_that_the_stack_declares_need_no_name(self, bench: Bench) -> None:
        provider = SessionProvider(bench.stack, "Provider")
        provider.serve(stack_name="Plain", execution_role_arns=[self.EXECUTION_ROLE])
        policy = _the(bench.template(), "AWS::IAM::ManagedPolicy", "Provider")
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        (starting,) = [s for s in statements if "emr-serverless:StartSession" in action_list(s)]
        assert starting["Sid"] == "UseOwnApplications"

    def test_roles_for_their_arns_are_named_by_their_paths(self, bench: Bench) -> None:
        roles: Any = [bench.role, iam.Role.from_role_name(bench.stack, "Imported", "spark")]
        provider = SessionProvider(bench.stack, "Provider")
        with pytest.raises(SessionValidationError) as refusal:
            provider.serve(stack_name="Plain", execution_role_arns=roles)
        assert refusal.value.problems == (
            "execution_role_arns: [Stack/ExecutionRole, Stack/Imported]; write a list of roles' "
            "ARNs.",
        )

    def test_an_application_is_named_exactly(self, bench: Bench) -> None:
        provider = SessionProvider(bench.stack, "Provider")
        with pytest.raises(SessionValidationError, match=r"has a wildcard.*Name each application"):
            provider.serve(
                stack_name="Plain",
                application_arns=[self.APPLICATION[:-2] + "*"],
                execution_role_arns=[self.EXECUTION_ROLE],
            )

    @pytest.mark.parametrize("stack", ["stack_name", "stack_id"])
    def test_what_a_dynamic_reference_gives(self, bench: Bench, stack: str) -> None:
        by: dict[str, Any] = {stack: "{{resolve:ssm:/stack}}"}
        SessionProvider(bench.stack, "Provider").serve(
            **by,
            application_arns=["{{resolve:ssm:/app}}"],
            execution_role_arns=["{{resolve:ssm:/role}}"],
            tag_keys=["{{resolve:ssm:/key}}"],
        )
        policy = _the(bench.template(), "AWS::IAM::ManagedPolicy", "Provider")
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        (passing,) = [s for s in statements if "iam:PassRole" in action_list(s)]
        assert passing["Resource"] == "{{resolve:ssm:/role}}"
        _, starting = [s for s in statements if "emr-serverless:StartSession" in action_list(s)]
        assert starting["Resource"] == "{{resolve:ssm:/app}}"

    @pytest.mark.parametrize(
        "stack",
        [
            {},
            {"stack_name": "Plain", "stack_id": "arn:aws:cloudformation:us-east-1:1:stack/Plain/x"},
        ],
    )
    def test_it_is_one_or_the_other(self, bench: Bench, stack: dict[str, str]) -> None:
        with pytest.raises(SessionValidationError, match="either stack_name or stack_id"):
            self.policy(bench, **stack)
