"""Sessions of stacks without the library: plain CloudFormation, SAM, and the CDK in TypeScript.

They share one provider, deployed from its template. Each example is deployed as it stands.
"""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from cdk_emr_serverless_session.provider_template import write_provider_template
from testbed.cdk_cli import ROOT, CdkCli
from testbed.evidence import evidence
from testbed.local_aws import LocalAws
from tests.e2e.deployment import LIVE, USABLE

# They share the provider.
pytestmark = pytest.mark.xdist_group("other languages")

EXAMPLES = ROOT / "examples"
PROVIDER = "emr-serverless-sessions"
BUCKET = "code-of-the-provider"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "emr-serverless.amazonaws.com"},
        }
    ],
}


@dataclass
class Stack:
    """A stack that is deployed without the CDK."""

    aws: LocalAws
    name: str

    def deploy(self, template: str, **parameters: str) -> dict[str, str]:
        """Create it, or update it, and return its outputs."""
        self.begin(template, **parameters)
        client = self.aws.client("cloudformation")
        kind = "update" if self.status().startswith("UPDATE") else "create"
        try:
            client.get_waiter(f"stack_{kind}_complete").wait(
                StackName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
            )
        except Exception as error:
            error.add_note(evidence(self.aws))
            raise
        return self.outputs()

    def begin(self, template: str, **parameters: str) -> None:
        """Begin to create or to update it."""
        client = self.aws.client("cloudformation")
        exists = self.status() != "absent"
        (client.update_stack if exists else client.create_stack)(
            StackName=self.name,
            TemplateBody=template,
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in parameters.items()
            ],
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

    def failure(self) -> str:
        """Wait until its creation is rolled back, and return the reasons that its events give."""
        client = self.aws.client("cloudformation")
        with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
            client.get_waiter("stack_create_complete").wait(
                StackName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
            )
        events = client.describe_stack_events(StackName=self.name)["StackEvents"]
        return "\n".join(event.get("ResourceStatusReason", "") for event in events)

    def delete(self) -> None:
        """Delete it."""
        client = self.aws.client("cloudformation")
        client.delete_stack(StackName=self.name)
        client.get_waiter("stack_delete_complete").wait(
            StackName=self.name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600}
        )

    def status(self) -> str:
        """Return its status."""
        try:
            stacks = self.aws.client("cloudformation").describe_stacks(StackName=self.name)
        except ClientError:
            return "absent"
        return str(stacks["Stacks"][0]["StackStatus"])

    def outputs(self) -> dict[str, str]:
        """Return its outputs."""
        (stack,) = self.aws.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"]
        return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


@dataclass
class Shared:
    """The provider, and what somebody else has made for the stacks that it serves."""

    stack: Stack
    template: str
    parameters: dict[str, str]
    application_id: str
    role_arn: str


@pytest.fixture(scope="module")
def provider(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A provider that serves the stacks whose names begin with analytics."""
    template, code = write_provider_template(tmp_path_factory.mktemp("provider"))
    aws.client("s3").create_bucket(Bucket=BUCKET)
    aws.client("s3").upload_file(str(code), BUCKET, f"releases/{code.name}")
    application = aws.client("emr-serverless").create_application(
        type="SPARK",
        releaseLabel="emr-spark-8.1.0",
        interactiveConfiguration={"sessionEnabled": True},
    )
    role = aws.client("iam").create_role(
        RoleName="analytics-shared", AssumeRolePolicyDocument=json.dumps(TRUST)
    )["Role"]
    account = aws.client("sts").get_caller_identity()["Account"]
    stack = Stack(aws, PROVIDER)
    shared = Shared(
        stack,
        template.read_text(),
        {
            "StackNames": "analytics-*, plain",
            "ExecutionRoleArns": f"{role['Arn']}, arn:aws:iam::{account}:role/analytics-*",
            "ApplicationIds": application["applicationId"],
            "TagKeys": "team",
            "CodeBucket": BUCKET,
            "CodePrefix": "releases/",
        },
        application["applicationId"],
        role["Arn"],
    )
    stack.deploy(shared.template, **shared.parameters)
    yield shared
    stack.delete()


def session_of(aws: LocalAws, arn: str) -> dict[str, Any]:
    """Ask the service for a session."""
    *_, application_id, _, session_id = arn.split("/")
    answer = aws.client("emr-serverless").get_session(
        applicationId=application_id, sessionId=session_id
    )
    session: dict[str, Any] = answer["session"]
    return session


def live_sessions(aws: LocalAws, application_id: str) -> list[str]:
    """List the sessions of an application that live."""
    client = aws.client("emr-serverless")
    sessions = client.list_sessions(applicationId=application_id)["sessions"]
    return [session["sessionId"] for session in sessions if session["state"] in LIVE]


def example(name: str) -> str:
    """Read the template of an example."""
    return (EXAMPLES / name / "template.yaml").read_text()


def test_a_template_of_cloudformation(aws: LocalAws, provider: Shared) -> None:
    stack, template = Stack(aws, "analytics-plain"), example("cloudformation")
    first = stack.deploy(template)

    session = session_of(aws, first["SessionArn"])
    assert session["state"] in USABLE
    assert (session["name"], session["idleTimeoutMinutes"]) == ("analytics-plain", 30)
    assert session["tags"]["team"] == "search"

    # Another time-out is another session, on the same application.
    changed = template.replace("IdleTimeoutMinutes: 30", "IdleTimeoutMinutes: 45")
    second = stack.deploy(changed)

    assert second["SessionId"] != first["SessionId"]
    assert session_of(aws, second["SessionArn"])["idleTimeoutMinutes"] == 45
    assert live_sessions(aws, first["ApplicationId"]) == [second["SessionId"]]

    # As long as its sessions need the provider, it stays.
    aws.client("cloudformation").delete_stack(StackName=PROVIDER)
    assert provider.stack.status() == "CREATE_COMPLETE"

    stack.delete()
    assert live_sessions(aws, first["ApplicationId"]) == []


def test_a_template_of_sam(aws: LocalAws, provider: Shared) -> None:
    stack = Stack(aws, "analytics-sam")
    outputs = stack.deploy(
        example("sam"), ApplicationId=provider.application_id, ExecutionRoleArn=provider.role_arn
    )

    assert session_of(aws, outputs["SessionArn"])["state"] in USABLE
    answer = aws.client("lambda").invoke(FunctionName=outputs["Report"])
    assert json.loads(answer["Payload"].read()) == {"session": outputs["SessionArn"]}

    stack.delete()
    assert live_sessions(aws, provider.application_id) == []


@pytest.mark.usefixtures("provider")
def test_an_app_in_typescript(aws: LocalAws, cdk_cli: CdkCli, tmp_path: Path) -> None:
    assembly = tmp_path / "cdk.out"
    subprocess.run(
        ["node", "app.ts"],
        cwd=EXAMPLES / "typescript",
        env={**aws.environment(), "CDK_OUTDIR": str(assembly), "CDK_VALIDATION": "false"},
        check=True,
    )
    outputs = cdk_cli.deploy(assembly)

    session = session_of(aws, outputs["SessionArn"])
    assert session["state"] in USABLE
    assert (session["name"], session["idleTimeoutMinutes"]) == ("analytics", 30)
    assert session["tags"]["team"] == "search"

    cdk_cli.destroy(assembly)
    assert live_sessions(aws, outputs["ApplicationId"]) == []


@pytest.mark.usefixtures("provider")
def test_a_refused_stack_is_told_what_to_change(aws: LocalAws) -> None:
    template = example("cloudformation")
    elsewhere, typo = Stack(aws, "elsewhere"), Stack(aws, "analytics-typo")
    elsewhere.begin(template)
    typo.begin(template.replace("ApplicationId: !Ref", "ApplicationID: !Ref"))

    said = elsewhere.failure()
    assert "the provider doesn't serve the stack elsewhere" in said
    assert f"add elsewhere to the parameter StackNames of the stack {PROVIDER}" in said

    said = typo.failure()
    assert "The resource has no 'ApplicationID'; it has ServiceToken, ServiceTimeout, Appl" in said

    elsewhere.delete()
    typo.delete()
