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
