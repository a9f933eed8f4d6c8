"""One provider for the stacks of an app: each stack adds and removes its permissions."""

from pathlib import Path

import aws_cdk as cdk

from cdk_emr_serverless_session import Session, SessionProvider
from testbed.apps import application, execution_role
from testbed.cdk_cli import CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import USABLE, Deployment

# More than the permissions of one managed policy have room for.
ROLES = 18


def app_of_three_stacks(outdir: Path) -> Path:
    """Synthesize a stack with a provider, and two with sessions."""
    app = cdk.App(outdir=str(outdir), analytics_reporting=False)
    provider = SessionProvider(cdk.Stack(app, "SharedPlatform"), "Provider")
    for name, roles in (("SharedFew", 1), ("SharedMany", ROLES)):
        stack = cdk.Stack(app, name)
        shared = application(stack)
        for number in range(roles):
            Session(
                stack,
                f"Session{number}",
                application=shared,
                execution_role=execution_role(stack, f"Role{number}"),
                idle_timeout=cdk.Duration.minutes(30),
                provider=provider,
            )
    app.synth()
    return outdir


def test_stacks_that_share_a_provider_start_and_end_their_own_sessions(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    assembly = app_of_three_stacks(tmp_path / "cdk.out")
    few, many = (Deployment(aws, cdk_cli, tmp_path, name) for name in ("SharedFew", "SharedMany"))

    cdk_cli.deploy(assembly)

    assert [session["state"] in USABLE for session in few.live()] == [True]
    assert [session["state"] in USABLE for session in many.live()] == [True] * ROLES

    cdk_cli.destroy(assembly, "SharedMany")

    assert many.live() == []
    assert len(few.live()) == 1

    cdk_cli.destroy(assembly, "--all")

    assert few.live() == []
    assert few.status() == many.status() == "absent"


def app_with_an_unserved_stack(outdir: Path) -> Path:
    """Synthesize a stack with a provider, and one that uses it without being served."""
    app = cdk.App(outdir=str(outdir), analytics_reporting=False)
    platform, stranger = cdk.Stack(app, "UnservedPlatform"), cdk.Stack(app, "Unserved")
    provider = SessionProvider(platform, "Provider", total_timeout=cdk.Duration.seconds(15))
    properties = {
        "ServiceToken": provider.service_token,
        "ApplicationId": application(stranger).ref,
        "ExecutionRoleArn": execution_role(stranger).role_arn,
    }
    cdk.CfnResource(stranger, "Session", type="Custom::EMRServerlessSession", properties=properties)
    app.synth()
    return outdir


def test_a_stack_that_is_not_served_is_told_how(
    aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path
) -> None:
    assembly = app_with_an_unserved_stack(tmp_path / "cdk.out")
    stranger = Deployment(aws, cdk_cli, tmp_path, "Unserved")

    said = stranger.fail_to_deploy(assembly)

    assert "the provider doesn't serve the stack Unserved: add provider.serve(" in said
    assert stranger.status() == "ROLLBACK_COMPLETE"
    assert stranger.owned() == []
