"""The session service works with MiniStack's IAM and CloudFormation."""

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError

from .conftest import ROLE, Server, create_application, start_session
from .stacks import SECONDS

SERVICE_TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "emr-serverless.amazonaws.com"},
        }
    ]
}
ACCOUNT_TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
        }
    ]
}
ANY_SESSION = "arn:aws:emr-serverless:us-east-1:000000000000:/applications/*/sessions/*"


def allow(action: str | list[str], resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return {**statement, "Condition": condition} if condition else statement


def role(server: Server, trust: Any) -> str:
    answer = server.client("iam").create_role(
        RoleName=f"role-{uuid.uuid4().hex}", AssumeRolePolicyDocument=json.dumps(trust)
    )
    return str(answer["Role"]["Arn"])


@pytest.fixture(scope="module")
def execution_role(server: Server) -> str:
    return role(server, SERVICE_TRUST)


@pytest.fixture(scope="module")
def root(server: Server) -> Any:
    return server.client("emr-serverless")


@pytest.fixture(scope="module")
def application_id(root: Any) -> str:
    return create_application(root)


def as_role(server: Server, *statements: Any, boundary: str | None = None) -> Any:
    """A client whose role has this policy."""
    arn = role(server, ACCOUNT_TRUST)
    if boundary:
        server.client("iam").put_role_permissions_boundary(
            RoleName=arn.rpartition("/")[2], PermissionsBoundary=boundary
        )
    server.client("iam").put_role_policy(
        RoleName=arn.rpartition("/")[2],
        PolicyName="policy",
        PolicyDocument=json.dumps({"Statement": list(statements)}),
    )
    assumed = server.client("sts").assume_role(RoleArn=arn, RoleSessionName="someone")
    return botocore.session.get_session().create_client(
        "emr-serverless",
        region_name="us-east-1",
        endpoint_url=server.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=assumed["Credentials"]["AccessKeyId"],
        aws_secret_access_key=assumed["Credentials"]["SecretAccessKey"],
        aws_session_token=assumed["Credentials"]["SessionToken"],
    )


@contextmanager
def denied(action: str, resource: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == "AccessDeniedException"
    assert ":assumed-role/role-" in error["Message"]
    assert f"is not authorized to perform: {action} on resource: {resource}" in error["Message"]
    assert f"because no identity-based policy allows the {action} action" in error["Message"]


def until(client: Any, application_id: str, session_id: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + SECONDS
    while True:
        answer = client.get_session(applicationId=application_id, sessionId=session_id)
        session: dict[str, Any] = answer["session"]
        if session["state"] in states:
            return session
        assert time.monotonic() < end, session["state"]
        time.sleep(0.05)


class TestIam:
    def test_what_starting_a_session_takes(
        self, server: Server, application_id: str, execution_role: str
    ) -> None:
        arn = f"arn:aws:emr-serverless:us-east-1:000000000000:/applications/{application_id}"
        start = allow("emr-serverless:StartSession", arn)
        to_service = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
        pass_role = allow("iam:PassRole", execution_role, StringEquals=to_service)
        tag = allow(
            "emr-serverless:TagResource",
            arn,
            StringEquals={"aws:RequestTag/owner": "me"},
            **{"ForAllValues:StringEquals": {"aws:TagKeys": ["owner"]}},
        )

        def attempt(*statements: Any, tags: Any = None) -> None:
            client = as_role(server, *statements)
            fields = {"tags": tags} if tags else {}
            start_session(client, application_id, executionRoleArn=execution_role, **fields)

        with denied("emr-serverless:StartSession", arn):
            attempt(pass_role, tag)
        with denied("iam:PassRole", execution_role):
            attempt(start, tag)
        other = {"iam:PassedToService": "lambda.amazonaws.com"}
        with denied("iam:PassRole", execution_role):
            attempt(start, allow("iam:PassRole", execution_role, StringEquals=other))
        with denied("emr-serverless:TagResource", arn):
            attempt(start, pass_role, tags={"owner": "me"})
        with denied("emr-serverless:TagResource", arn):
            attempt(start, pass_role, tag, tags={"owner": "you"})
        with denied("emr-serverless:TagResource", arn):
            attempt(start, pass_role, tag, tags={"owner": "me", "more": ""})
        attempt(start, pass_role, tag, tags={"owner": "me"})
        attempt(start, pass_role)

    @pytest.mark.parametrize(
        ("effect", "why"),
        [
            ("Allow", "because no permissions boundary allows the {} action"),
            ("Deny", "with an explicit deny in a permissions boundary"),
        ],
    )
    def test_a_boundary_is_named_where_it_is_the_boundary(
        self, server: Server, application_id: str, effect: str, why: str
    ) -> None:
        """As the IAM user guide has it under "Access denied error message examples"."""
        lists, reads = "emr-serverless:ListSessions", "emr-serverless:GetApplication"
        statements = [allow(lists)] if effect == "Allow" else [allow("*")]
        if effect == "Deny":
            statements.append({"Effect": "Deny", "Action": reads, "Resource": "*"})
        boundary = server.client("iam").create_policy(
            PolicyName=f"boundary-{uuid.uuid4().hex}",
            PolicyDocument=json.dumps({"Statement": statements}),
        )["Policy"]["Arn"]
        client = as_role(server, allow([lists, reads]), boundary=boundary)

        client.list_sessions(applicationId=application_id)
        with pytest.raises(ClientError) as caught:
            client.get_application(applicationId=application_id)
        assert caught.value.response["Error"]["Message"].endswith(why.format(reads))
        with denied("emr-serverless:ListSessions", "arn:"):
            as_role(server, allow(reads), boundary=boundary).list_sessions(
                applicationId=application_id
            )

    def test_a_policy_held_by_the_tag_of_a_session(
        self, server: Server, root: Any, application_id: str, execution_role: str
    ) -> None:
        mine, yours = (
            start_session(
                root, application_id, executionRoleArn=execution_role, tags={"owner:of": owner}
            )
            for owner in ("me", "you")
        )
        client = as_role(
            server,
            allow(
                ["emr-serverless:TerminateSession", "emr-serverless:UntagResource"],
                ANY_SESSION,
                StringEquals={"aws:ResourceTag/owner:of": "me"},
            ),
        )
        client.terminate_session(applicationId=application_id, sessionId=mine)
        with denied("emr-serverless:TerminateSession", "arn:"):
            client.terminate_session(applicationId=application_id, sessionId=yours)
        with denied("emr-serverless:TerminateSession", "arn:"):
            client.terminate_session(applicationId=application_id, sessionId="nosuch")
        with denied("emr-serverless:UntagResource", "arn:"):
            client.untag_resource(
                resourceArn=ANY_SESSION.replace("*", application_id, 1).replace("*", yours),
                tagKeys=["owner:of"],
            )
        root.terminate_session(applicationId=application_id, sessionId=yours)

    def test_the_role_that_starts_sessions_tags_sessions_alone(
        self, server: Server, application_id: str, execution_role: str
    ) -> None:
        """Owner tags have to be asked for, other keys are refused, the application's own stay."""
        arn = f"arn:aws:emr-serverless:us-east-1:000000000000:/applications/{application_id}"
        tag = allow(
            "emr-serverless:TagResource",
            arn,
            StringEquals={"aws:RequestTag/owner:stack": "me"},
            **{"ForAllValues:StringLike": {"aws:TagKeys": ["owner:*", "team"]}},
        )
        client = as_role(
            server,
            allow("emr-serverless:StartSession", arn),
            allow("iam:PassRole", execution_role),
            tag,
        )

        def start(**tags: str) -> None:
            start_session(client, application_id, executionRoleArn=execution_role, tags=tags)

        start(**{"owner:stack": "me", "owner:id": "x", "team": "data"})
        with denied("emr-serverless:TagResource", arn):
            start(**{"owner:stack": "you"})
        with denied("emr-serverless:TagResource", arn):
            start(team="data")
        with denied("emr-serverless:TagResource", arn):
            start(**{"owner:stack": "me", "CostCenter": "1"})
        with denied("emr-serverless:TagResource", arn):
            client.tag_resource(resourceArn=arn, tags={"CostCenter": "1"})

    def test_tags_of_own_sessions_may_change_but_for_some(
        self, server: Server, root: Any, application_id: str, execution_role: str
    ) -> None:
        mine, yours = (
            start_session(
                root, application_id, executionRoleArn=execution_role, tags={"owner:stack": owner}
            )
            for owner in ("me", "you")
        )
        own = {"aws:ResourceTag/owner:stack": "me"}
        client = as_role(
            server,
            allow(
                ["emr-serverless:TagResource", "emr-serverless:UntagResource"],
                ANY_SESSION,
                StringEquals=own,
                **{"ForAllValues:StringNotEquals": {"aws:TagKeys": ["owner:stack"]}},
            ),
        )

        def arn(session: str) -> str:
            return ANY_SESSION.replace("*", application_id, 1).replace("*", session)

        client.tag_resource(resourceArn=arn(mine), tags={"team": "data"})
        client.untag_resource(resourceArn=arn(mine), tagKeys=["team"])
        for tags in ({"owner:stack": "you"}, {"team": "data", "owner:stack": "me"}):
            with denied("emr-serverless:TagResource", "arn:"):
                client.tag_resource(resourceArn=arn(mine), tags=tags)
        with denied("emr-serverless:UntagResource", "arn:"):
            client.untag_resource(resourceArn=arn(mine), tagKeys=["owner:stack"])
        with denied("emr-serverless:TagResource", "arn:"):
            client.tag_resource(resourceArn=arn(yours), tags={"team": "data"})
        for session in (mine, yours):
            root.terminate_session(applicationId=application_id, sessionId=session)

    def test_who_created_a_session(
        self, root: Any, application_id: str, execution_role: str
    ) -> None:
        session = start_session(root, application_id, executionRoleArn=execution_role)
        answer = root.get_session(applicationId=application_id, sessionId=session)
        assert answer["session"]["createdBy"] == "arn:aws:iam::000000000000:root"

    def test_an_execution_role_that_can_not_be_assumed(
        self, server: Server, root: Any, application_id: str
    ) -> None:
        for arn, reason in ((ROLE, "exist"), (role(server, ACCOUNT_TRUST), "trust")):
            session = start_session(root, application_id, executionRoleArn=arn)
            found = until(root, application_id, session, "FAILED", "STARTED")
            assert found["state"] == "FAILED"
            assert found["stateDetails"].startswith("Session failed.")
            assert reason in found["stateDetails"]


class TestApplicationResource:
    def test_its_life_in_a_stack(self, server: Server, root: Any, execution_role: str) -> None:
        stack = Template(server)
        assert stack.deploy({"Tags": [{"Key": "team", "Value": "data"}]}) == "CREATE_COMPLETE"
        outputs = stack.outputs()
        found = root.get_application(applicationId=outputs["Ref"])["application"]
        assert outputs["Id"] == outputs["Ref"] == found["applicationId"]
        assert outputs["Arn"] == found["arn"]
        assert found["tags"] == {
            "team": "data",
            "aws:cloudformation:stack-id": stack.stack_id,
            "aws:cloudformation:stack-name": stack.name,
            "aws:cloudformation:logical-id": "Application",
        }
        assert found["autoStopConfiguration"] == {"enabled": True, "idleTimeoutMinutes": 5}
        assert found["initialCapacity"]["Driver"]["workerConfiguration"]["cpu"] == "2 vCPU"
        spark = {"classification": "spark-defaults", "properties": {"spark.A.b": "C"}}
        assert found["runtimeConfiguration"] == [spark]

        settings = {"AutoStopConfiguration": {"Enabled": False}}
        assert stack.deploy(settings) == "UPDATE_COMPLETE"
        changed = root.get_application(applicationId=outputs["Ref"])["application"]
        assert changed["autoStopConfiguration"] == {"enabled": False}
        assert "team" not in changed["tags"]
        assert stack.outputs() == outputs

        assert stack.deploy({**settings, "Name": "another"}) == "UPDATE_COMPLETE"
        replaced = stack.outputs()
        assert replaced["Ref"] != outputs["Ref"]
        old = root.get_application(applicationId=outputs["Ref"])["application"]
        assert old["state"] == "TERMINATED"

        application_id = replaced["Ref"]
        session = start_session(root, application_id, executionRoleArn=execution_role)
        until(root, application_id, session, "STARTED", "IDLE")
        assert stack.delete() == "DELETE_FAILED"
        assert "CREATED, STOPPED" in stack.failure()
        root.terminate_session(applicationId=application_id, sessionId=session)
        until(root, application_id, session, "TERMINATED")
        root.stop_application(applicationId=application_id)
        end = time.monotonic() + SECONDS
        while stack.state(root, application_id) != "STOPPED":
            assert time.monotonic() < end
            time.sleep(0.05)
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.state(root, application_id) == "TERMINATED"


class Template:
    """A stack with one application."""

    def __init__(self, server: Server) -> None:
        self.name = f"app-{uuid.uuid4().hex[:8]}"
        self.stack_id = ""
        self._cloudformation = server.client("cloudformation")

    def deploy(self, properties: dict[str, Any]) -> str:
        """Create or update it; gives the status it ends in."""
        application = {
            "Type": "SPARK",
            "ReleaseLabel": "emr-7.13.0",
            "InteractiveConfiguration": {"SessionEnabled": "true"},
            "AutoStopConfiguration": {"Enabled": True, "IdleTimeoutMinutes": "5"},
            "InitialCapacity": [
                {
                    "Key": "Driver",
                    "Value": {
                        "WorkerCount": 1,
                        "WorkerConfiguration": {"Cpu": "2 vCPU", "Memory": "8 GB"},
                    },
                }
            ],
            "RuntimeConfiguration": [
                {"Classification": "spark-defaults", "Properties": {"spark.A.b": "C"}}
            ],
            **properties,
        }
        outputs = {
            "Ref": {"Ref": "Application"},
            "Id": {"Fn::GetAtt": ["Application", "ApplicationId"]},
            "Arn": {"Fn::GetAtt": ["Application", "Arn"]},
        }
        kind = "AWS::EMRServerless::Application"
        template = {
            "Resources": {"Application": {"Type": kind, "Properties": application}},
            "Outputs": {name: {"Value": value} for name, value in outputs.items()},
        }
        call = self._cloudformation.update_stack if self.stack_id else None
        answer = (call or self._cloudformation.create_stack)(
            StackName=self.name, TemplateBody=json.dumps(template)
        )
        self.stack_id = answer["StackId"]
        return self._settled()

    def delete(self) -> str:
        """Delete it; gives the status it ends in."""
        self._cloudformation.delete_stack(StackName=self.stack_id)
        return self._settled()

    def outputs(self) -> dict[str, str]:
        return {o["OutputKey"]: o["OutputValue"] for o in self._describe()["Outputs"]}

    def failure(self) -> str:
        """Why the application couldn't be deleted."""
        events = self._cloudformation.describe_stack_events(StackName=self.stack_id)
        return next(
            str(event["ResourceStatusReason"])
            for event in events["StackEvents"]
            if event["LogicalResourceId"] == "Application"
            and event["ResourceStatus"] == "DELETE_FAILED"
        )

    def state(self, client: Any, application_id: str) -> str:
        return str(client.get_application(applicationId=application_id)["application"]["state"])

    def _describe(self) -> dict[str, Any]:
        answer = self._cloudformation.describe_stacks(StackName=self.stack_id)
        return dict(answer["Stacks"][0])

    def _settled(self) -> str:
        end = time.monotonic() + SECONDS
        while (status := str(self._describe()["StackStatus"])).endswith("IN_PROGRESS"):
            assert time.monotonic() < end, status
            time.sleep(0.05)
        return status


def test_a_bucket_of_a_stack_has_its_tags(server: Server) -> None:
    """The CDK's ``auto_delete_objects`` empties buckets with a tag of its own alone."""
    cloudformation, name = server.client("cloudformation"), f"bucket-{uuid.uuid4().hex[:8]}"
    properties = {"BucketName": name, "Tags": [{"Key": "aws-cdk:auto-delete", "Value": "true"}]}
    bucket = {"Type": "AWS::S3::Bucket", "Properties": properties}
    cloudformation.create_stack(
        StackName=name, TemplateBody=json.dumps({"Resources": {"Bucket": bucket}})
    )
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
    tags = server.client("s3").get_bucket_tagging(Bucket=name)["TagSet"]
    found = {tag["Key"]: tag["Value"] for tag in tags}
    assert found["aws-cdk:auto-delete"] == "true"
    assert found["aws:cloudformation:stack-name"] == name


def test_a_log_group_of_a_stack_has_a_name_of_its_own_which_an_update_keeps(server: Server) -> None:
    """CloudFormation's names end in a suffix: a group that was kept is in nobody's way."""
    cloudformation, logs = server.client("cloudformation"), server.client("logs")
    stack = f"logs-{uuid.uuid4().hex[:8]}"

    def template(days: int) -> str:
        properties = {"RetentionInDays": days}
        group = {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Retain",
            "Properties": properties,
        }
        return json.dumps({"Resources": {"Logs": group}})

    def groups() -> dict[str, int]:
        found = logs.describe_log_groups(logGroupNamePrefix=f"{stack}-Logs-")["logGroups"]
        return {group["logGroupName"]: group["retentionInDays"] for group in found}

    cloudformation.create_stack(StackName=stack, TemplateBody=template(1))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    (name,) = groups()
    cloudformation.update_stack(StackName=stack, TemplateBody=template(3))
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack)
    assert groups() == {name: 3}

    cloudformation.delete_stack(StackName=stack)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack)
    cloudformation.create_stack(StackName=stack, TemplateBody=template(5))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    assert sorted(groups().values()) == [3, 5]
