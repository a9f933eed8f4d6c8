"""What the local AWS refuses of a function, or doesn't do for it, as AWS."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from .conftest import Server
from .stacks import RecordingStack, trust

VPC_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"
IN_VPC = {"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]}


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> RecordingStack:
    return RecordingStack(server, tmp_path)


def function(**properties: Any) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Runtime": "python3.13",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": "def handler(event, context): pass"},
            **properties,
        },
    }


def stored(server: Server, content: bytes | None) -> dict[str, str]:
    """Where the content is in S3; None for what isn't there."""
    s3, bucket = server.client("s3"), f"code-{uuid.uuid4().hex}"
    s3.create_bucket(Bucket=bucket)
    if content is not None:
        s3.put_object(Bucket=bucket, Key="code.zip", Body=content)
    return {"S3Bucket": bucket, "S3Key": "code.zip"}


def empty_archive() -> bytes:
    content = io.BytesIO()
    zipfile.ZipFile(content, "w").close()
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (empty_archive(), "Uploaded file must be a non-empty zip"),  # aws/aws-cdk issue 15798
        (b"no zip", "Could not unzip uploaded file"),
        (None, "NoSuchKey"),
    ],
)
def test_code_that_is_none(
    server: Server, stack: RecordingStack, content: bytes | None, said: str
) -> None:
    code = stored(server, content)
    assert stack.deploy(resources={"Other": function(Code=code)}) == "ROLLBACK_COMPLETE"
    assert said in stack.reason("Other", "CREATE_FAILED")


class TestInAVpc:
    """aws/aws-cdk issue 23589."""

    def test_its_role_has_to_be_able_to_make_network_interfaces(
        self, stack: RecordingStack
    ) -> None:
        inside = function(VpcConfig=IN_VPC)
        assert stack.deploy(resources={"Inside": inside}) == "ROLLBACK_COMPLETE"
        assert (
            "The provided execution role does not have permissions to call CreateNetworkInterface "
            "on EC2"
        ) in stack.reason("Inside", "CREATE_FAILED")

    def test_with_the_policy_of_aws_it_is_made(self, stack: RecordingStack) -> None:
        role = {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "AssumeRolePolicyDocument": trust("lambda"),
                "ManagedPolicyArns": [VPC_POLICY],
            },
        }
        inside = function(VpcConfig=IN_VPC, Role={"Fn::GetAtt": ["Networked", "Arn"]})
        resources = {"Networked": role, "Inside": inside}
        assert stack.deploy(resources=resources) == "CREATE_COMPLETE"

    def test_a_boundary_of_its_role_has_to_let_it_make_them(self, stack: RecordingStack) -> None:
        logs = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}
        resources = {
            "Boundary": {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": {"Statement": [logs]}},
            },
            "Networked": {
                "Type": "AWS::IAM::Role",
                "Properties": {
                    "AssumeRolePolicyDocument": trust("lambda"),
                    "ManagedPolicyArns": [VPC_POLICY],
                    "PermissionsBoundary": {"Ref": "Boundary"},
                },
            },
            "Inside": function(VpcConfig=IN_VPC, Role={"Fn::GetAtt": ["Networked", "Arn"]}),
        }
        assert stack.deploy(resources=resources) == "ROLLBACK_COMPLETE"
        assert "CreateNetworkInterface" in stack.reason("Inside", "CREATE_FAILED")


def test_a_log_group_that_was_deleted_is_not_made_anew_by_its_function(server: Server) -> None:
    """On AWS that takes logs:CreateLogGroup, which a function with a group of its own has not."""
    logs, functions = server.client("logs"), server.client("lambda")
    name = f"f{uuid.uuid4().hex[:8]}"
    trusted = json.dumps(trust("lambda"))
    role = server.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trusted)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        written.writestr("index.py", "def handler(event, context): print('a line')")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Handler="index.handler",
        Role=role["Role"]["Arn"],
        Code={"ZipFile": archive.getvalue()},
        LoggingConfig={"LogFormat": "Text", "LogGroup": name},
    )
    logs.create_log_group(logGroupName=name)
    functions.invoke(FunctionName=name)
    events = logs.filter_log_events(logGroupName=name)["events"]
    assert any("a line" in event["message"] for event in events)

    logs.delete_log_group(logGroupName=name)
    functions.invoke(FunctionName=name)
    assert logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
