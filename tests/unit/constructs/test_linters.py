"""cdk-nag, cfn-lint and the CDK's own validation find nothing; mypy reads the tests in lint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from cdk_nag import AwsSolutionsChecks

from cdk_emr_serverless_session import Session, SessionProvider
from cdk_emr_serverless_session.provider_template import write_provider_template
from testbed.synth_bench import Bench, execution_role, interactive_application

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/app.py"))


def _default(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Stack")
    Bench(app, stack, interactive_application(stack), execution_role(stack)).session()


def _in_a_known_environment(app: cdk.App) -> None:
    environment = cdk.Environment(account="123456789012", region="eu-west-1")
    stack = cdk.Stack(app, "Stack", env=environment)
    Bench(app, stack, interactive_application(stack), execution_role(stack)).session()


def _in_a_vpc(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Stack")
    vpc = ec2.Vpc.from_vpc_attributes(
        stack,
        "Vpc",
        vpc_id="vpc-12345",
        availability_zones=["eu-west-1a"],
        private_subnet_ids=["subnet-12345"],
    )
    provider = SessionProvider(stack, "Provider", vpc=vpc)
    Bench(app, stack, interactive_application(stack), execution_role(stack)).session(
        provider=provider
    )


def _with_a_shared_provider(app: cdk.App) -> None:
    provider = SessionProvider(cdk.Stack(app, "Platform"), "Provider")
    for name in ("One", "Two"):
        stack = cdk.Stack(app, name)
        Bench(app, stack, interactive_application(stack), execution_role(stack)).session(
            provider=provider
        )


def _on_an_application_of_another_stack(app: cdk.App) -> None:
    platform = cdk.Stack(app, "Platform")
    application = interactive_application(platform)
    stack = cdk.Stack(app, "Stack")
    bench = Bench(app, stack, application, execution_role(stack))
    session = bench.session()
    session.grants.connect(iam.Role(platform, "Analyst", assumed_by=iam.AccountRootPrincipal()))


def _kept_alive(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Stack")
    bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
    session = bench.session()
    session.keep_alive(schedule=scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15)))
    analyst = iam.Role(stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    session.grants.connect(analyst)
    session.parameter.grant_read(analyst)


def _with_many_applications(app: cdk.App) -> None:
    stack = cdk.Stack(app, "Stack")
    for index in range(40):
        Session(
            stack,
            f"Session{index}",
            application=emrserverless.CfnApplication.from_application_id(
                stack, f"Application{index}", f"00app{index}"
            ),
            execution_role=iam.Role.from_role_arn(
                stack, f"Role{index}", f"arn:aws:iam::123456789012:role/execution-{index}"
            ),
        )


@pytest.mark.parametrize(
    "build",
    [
        _default,
        _in_a_known_environment,
        _in_a_vpc,
        _with_a_shared_provider,
        _on_an_application_of_another_stack,
        _kept_alive,
        _with_many_applications,
    ],
)
def test_cdk_nag(build: Callable[[cdk.App], None], tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    build(app)
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()  # raises for every finding that isn't acknowledged


def test_cdk_nag_still_speaks_up_for_others(tmp_path: Path) -> None:
    app = cdk.App(outdir=str(tmp_path))
    stack = cdk.Stack(app, "Stack")
    bench = Bench(app, stack, interactive_application(stack), execution_role(stack))
    bench.role.add_to_policy(iam.PolicyStatement(actions=["s3:GetObject"], resources=["*"]))
    bench.session()
    cdk.Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match=r"AwsSolutions-IAM5\[Resource::\*\]"):
        app.synth()


# Runs each app as if it were alone: jsii takes seconds to start.
RUN = "import runpy, sys; [runpy.run_path(app, run_name='__main__') for app in sys.argv[1:]]"


def _synthesize(outdir: Path, *examples: str, **environment: str) -> Path:
    synth = subprocess.run(
        [
            *(sys.executable, "-c", RUN),
            *(str(ROOT / "examples" / example / "app.py") for example in examples),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "CDK_OUTDIR": str(outdir), **environment},
    )
    assert synth.returncode == 0, synth.stdout + synth.stderr
    return outdir


@pytest.mark.slow
def test_cfn_lint(tmp_path: Path) -> None:
    """All examples at once: cfn-lint takes longer to start than to read a template."""
    _synthesize(tmp_path / "examples", *EXAMPLES)
    write_provider_template(tmp_path / "provider")
    templates = sorted(tmp_path.glob("*/*.template.json"))
    assert len(templates) > len(EXAMPLES) > 0
    templates += sorted((ROOT / "examples").glob("*/template.yaml"))
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--format", "json"]
    # W3005: the CDK says DependsOn where a reference says so too, on every Lambda function.
    options = ["--regions", "eu-west-1", "--ignore-checks", "W3005"]
    lint = subprocess.run(
        [*command, *options, "--", *map(str, templates)],
        capture_output=True,
        text=True,
        check=False,
    )
    findings = json.loads(lint.stdout or "[]")
    assert [f"{f['Rule']['Id']} {f['Message']} {f['Location']['Path']}" for f in findings] == []
    assert lint.returncode == 0, lint.stderr


@pytest.mark.slow
def test_the_cdks_own_validation(tmp_path: Path) -> None:
    """The only test that keeps it on: it takes seconds."""
    outdir = _synthesize(tmp_path / "out", "quickstart", CDK_VALIDATION="true")
    assert list(outdir.glob("*.template.json"))


def test_the_app_of_the_whole_api_synthesizes(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, str(Path(__file__).with_name("whole_api_app.py"))],
        check=True,
        env={**os.environ, "CDK_OUTDIR": str(tmp_path)},
    )
    assert len(list(tmp_path.glob("*.template.json"))) == 2
