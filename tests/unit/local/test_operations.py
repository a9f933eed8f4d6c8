"""The local CloudFormation carries out stack operations as AWS does.

Each test names its source.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from botocore.exceptions import ClientError

from .conftest import Server, running, start_session
from .stacks import RecordingStack, application, trust

FAILS = ["Create"]


@pytest.fixture
def stack(server: Server, tmp_path: Path) -> RecordingStack:
    return RecordingStack(server, tmp_path)


def output(logical_id: str, export: str) -> dict[str, Any]:
    return {"Value": {"Ref": logical_id}, "Export": {"Name": export}}


class TestSideBySide:
    """The user guide, "Choose how to handle failures": independent paths run in parallel."""

    def test_resources_that_do_not_depend_on_each_other_are_made_in_parallel(
        self, stack: RecordingStack
    ) -> None:
        things: Any = {"A": {"Id": "a", "Meets": "B"}, "B": {"Id": "b", "Meets": "A"}}
        assert stack.deploy(**things) == "CREATE_COMPLETE"

    def test_one_that_depends_on_another_waits_for_it(self, stack: RecordingStack) -> None:
        stack.deploy(A={"Id": "a", "After": "B"}, B={"Id": "b"})
        assert stack.sent() == [("B", "Create", None), ("A", "Create", None)]

    def test_dependents_are_deleted_first(self, stack: RecordingStack) -> None:
        stack.deploy(A={"Id": "a", "After": "B"}, B={"Id": "b"})
        stack.sent()
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.sent() == [("A", "Delete", "a"), ("B", "Delete", "b")]

    def test_a_resource_that_did_not_change_gets_no_event(self, stack: RecordingStack) -> None:
        """The user guide, "Update behaviors of stack resources"."""
        stack.deploy(A={"Id": "a"}, B={"Id": "b"})
        stack.sent()
        before = len(stack.told())
        assert stack.deploy(A={"Id": "a", "More": "1"}, B={"Id": "b"}) == "UPDATE_COMPLETE"
        assert stack.sent() == [("A", "Update", "a")]
        assert {name for name, _, _ in stack.told()[before:]} == {"A", stack.name}

    def test_events_have_the_order_of_their_times(self, stack: RecordingStack) -> None:
        """The CDK CLI sorts by them (its stack-event-poller)."""
        things: Any = {f"A{number}": {"Id": str(number)} for number in range(5)}
        stack.deploy(**things)
        answer = stack.cloudformation.describe_stack_events(StackName=stack.name)
        moments = [event["Timestamp"] for event in answer["StackEvents"]]
        assert moments == sorted(set(moments), reverse=True)


class TestImport:
    """The user guide, "Import AWS resources automatically"."""

    NAME = "/imported"

    def change(self, stack: RecordingStack, **thing: Any) -> str:
        """Import a log group that exists, and change a custom resource, in one change set."""
        answer = stack.cloudformation.get_template(StackName=stack.name)
        template = json.loads(json.dumps(answer["TemplateBody"]))
        template["Resources"]["A"]["Properties"].update(thing)
        template["Resources"]["Logs"] = {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "RetainExceptOnCreate",
            "Properties": {"LogGroupName": self.NAME},
        }
        names = {"StackName": stack.name, "ChangeSetName": f"change-{thing['More']}"}
        stack.cloudformation.create_change_set(
            **names,
            TemplateBody=json.dumps(template),
            Capabilities=["CAPABILITY_IAM"],
            ImportExistingResources=True,
        )
        stack.cloudformation.execute_change_set(**names)
        return stack.settled()

    def test_what_exists_is_taken_over_beside_other_changes(
        self, server: Server, stack: RecordingStack
    ) -> None:
        logs = server.client("logs")
        logs.create_log_group(logGroupName=self.NAME)
        stack.deploy(A={"Id": "a"})
        stack.sent()
        failed = self.change(stack, More="1", Fail=["Update"])
        assert failed == "UPDATE_ROLLBACK_COMPLETE"
        # A rollback leaves it where it was.
        (found,) = logs.describe_log_groups(logGroupNamePrefix=self.NAME)["logGroups"]
        assert found["logGroupName"] == self.NAME
        stack.sent()
        assert self.change(stack, More="2") == "UPDATE_COMPLETE"
        assert stack.sent() == [("A", "Update", "a")]
        assert stack.resource("Logs")["PhysicalResourceId"] == self.NAME


class TestCancelling:
    """aws-cloudformation/cloudformation-coverage-roadmap issue 1814, aws/aws-cdk pull 36951."""

    def test_a_create_that_is_under_way_is_cancelled_and_deleted_by_a_made_up_id(
        self, stack: RecordingStack
    ) -> None:
        failing = {"Id": "b", "Fail": FAILS, "Meets": "A"}
        assert stack.deploy(A={"Id": "a", "Silent": FAILS}, B=failing) == "ROLLBACK_COMPLETE"
        assert stack.reason("A", "CREATE_FAILED") == "Resource creation cancelled"
        (made_up,) = [i for name, kind, i in stack.sent() if (name, kind) == ("A", "Delete")]
        assert re.fullmatch(rf"{stack.name}-A-[A-Z0-9]{{12}}", str(made_up))
        statuses = [(name, status) for name, status, _ in stack.told()]
        rollback = statuses.index((stack.name, "ROLLBACK_IN_PROGRESS"))
        assert statuses.index(("A", "CREATE_FAILED")) < rollback
        assert rollback < statuses.index(("A", "DELETE_IN_PROGRESS"))
        assert "failed to create: [B, A]" in stack.reason(stack.name, "ROLLBACK_IN_PROGRESS")

    def test_an_update_that_is_under_way_is_cancelled_and_sent_back(
        self, stack: RecordingStack
    ) -> None:
        stack.deploy(A={"Id": "a"})
        stack.sent()
        silent = {"Id": "a", "More": "1", "Silent": ["Update"]}
        failing = {"Id": "b", "Fail": FAILS, "Meets": "A"}
        assert stack.deploy(A=silent, B=failing) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.reason("A", "UPDATE_FAILED") == "Resource update cancelled"
        updates = [i for name, kind, i in stack.sent() if (name, kind) == ("A", "Update")]
        assert updates == ["a", "a"]
        assert "More" not in stack.events[-2]["ResourceProperties"]

    def test_deleting_a_stack_gives_its_creation_up(self, stack: RecordingStack) -> None:
        """The API reference, DeleteStack: a stack that is being created can be deleted."""
        stack.deploy(A={"Id": "a", "Silent": FAILS}, wait=False)
        stack.wait_for_event()
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.reason("A", "CREATE_FAILED") == "Resource creation cancelled"
        assert [kind for _, kind, _ in stack.sent()] == ["Create", "Delete"]

    def test_a_stack_that_is_being_updated_is_not_deleted(self, stack: RecordingStack) -> None:
        stack.deploy(A={"Id": "a"})
        stack.deploy(A={"Id": "a", "More": "1", "Silent": ["Update"]}, wait=False)
        stack.until(lambda: stack.resource("A")["ResourceStatus"] == "UPDATE_IN_PROGRESS")
        with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROG"):
            stack.delete()
        stack.cloudformation.cancel_update_stack(StackName=stack.name)
        assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"


class TestWithRollbackOff:
    """The user guide, "Choose how to handle failures", and aws/aws-cdk issue 30546."""

    def test_other_paths_go_on_and_the_stack_can_be_updated_again(
        self, stack: RecordingStack
    ) -> None:
        good = {"Id": "a", "Meets": "B"}
        failing = {"Id": "b", "Fail": FAILS}
        assert stack.deploy(A=good, B=failing, rollback=False) == "CREATE_FAILED"
        assert stack.resource("A")["ResourceStatus"] == "CREATE_COMPLETE"
        assert stack.resource("B")["ResourceStatus"] == "CREATE_FAILED"
        stack.sent()
        with pytest.raises(ClientError, match="please use the disable-rollback parameter"):
            stack.deploy(A=good, B={"Id": "b"})
        assert stack.deploy(A=good, B={"Id": "b"}, rollback=False) == "UPDATE_COMPLETE"
        # "Resources without a last known stable state will be deleted upon the next operation"
        assert stack.sent() == [("B", "Delete", "b"), ("B", "Create", None)]

    def test_it_can_be_rolled_back_later(self, stack: RecordingStack) -> None:
        stack.deploy(A={"Id": "a"})
        failing = {"Id": "b", "Fail": FAILS, "After": "A"}
        changed = {"Id": "a", "More": "1"}
        assert stack.deploy(A=changed, B=failing, rollback=False) == "UPDATE_FAILED"
        stack.sent()
        stack.cloudformation.rollback_stack(StackName=stack.name)
        assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.sent() == [("A", "Update", "a"), ("B", "Delete", "b")]

    def test_so_can_one_that_was_refused_before_it_began(
        self, server: Server, stack: RecordingStack
    ) -> None:
        stack.deploy(A={"Id": "a"})
        stack.sent()
        server.client("s3").create_bucket(Bucket="taken")
        taken = {"Taken": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken"}}}
        changed = {"Id": "a", "More": "1"}
        assert stack.deploy(A=changed, resources=taken, rollback=False) == "UPDATE_FAILED"
        stack.cloudformation.rollback_stack(StackName=stack.name)
        assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.sent() == []
        assert stack.deploy(A=changed) == "UPDATE_COMPLETE"

    def test_replacement_of_a_type_of_aws_is_refused(self, stack: RecordingStack) -> None:
        stack.deploy(resources={"App": application(Name="one")})
        other = {"App": application(Name="two")}
        assert stack.deploy(resources=other, rollback=False) == "UPDATE_FAILED"
        assert stack.reason("App", "UPDATE_FAILED") == (
            "Replacement type updates not supported on stack with disable-rollback."
        )

    def test_replacement_of_a_custom_resource_is_not_refused(self, stack: RecordingStack) -> None:
        stack.deploy(A={"Id": "a"})
        assert stack.deploy(A={"Id": "b"}, rollback=False) == "UPDATE_COMPLETE"
        assert stack.resource("A")["PhysicalResourceId"] == "b"

    def test_replacement_of_a_custom_resource_is_refused_where_that_is_asked_for(
        self, tmp_path: Path
    ) -> None:
        with running(tmp_path, "--refuse-custom-replacements") as server:
            stack = RecordingStack(server, tmp_path)
            stack.deploy(A={"Id": "a"})
            assert stack.deploy(A={"Id": "b"}, rollback=False) == "UPDATE_FAILED"
            assert "Replacement type updates" in stack.reason("A", "UPDATE_FAILED")
            assert stack.resource("A")["PhysicalResourceId"] == "a"


class TestExpressMode:
    """aws/aws-cdk-cli issues 1739, 1931 and 1973: what the CLI sends, and what AWS said."""

    EXPRESS: ClassVar = {"DeploymentConfig.Mode": "EXPRESS"}
    WITH_ROLLBACK: ClassVar = {**EXPRESS, "DeploymentConfig.DisableRollback": "false"}

    def test_rollback_is_off_and_a_failed_stack_takes_express_operations_only(
        self, stack: RecordingStack
    ) -> None:
        stack.configuration = self.EXPRESS
        assert stack.deploy(A={"Id": "a"}) == "CREATE_COMPLETE"
        failing = {"Id": "b", "Fail": FAILS}
        assert stack.deploy(A={"Id": "a"}, B=failing) == "UPDATE_FAILED"
        with pytest.raises(ClientError, match="RollbackStack is not supported for stacks that"):
            stack.cloudformation.rollback_stack(StackName=stack.name)
        stack.configuration = {}
        with pytest.raises(ClientError, match="Follow-up operations must use the same"):
            stack.deploy(A={"Id": "a"}, rollback=False)
        stack.configuration = self.WITH_ROLLBACK
        with pytest.raises(ClientError, match="please use the disable-rollback parameter"):
            stack.deploy(A={"Id": "a"})
        stack.configuration = self.EXPRESS
        assert stack.deploy(A={"Id": "a"}) == "UPDATE_COMPLETE"

    def test_rollback_can_be_on(self, stack: RecordingStack) -> None:
        stack.configuration = self.WITH_ROLLBACK
        stack.deploy(A={"Id": "a"})
        assert stack.deploy(A={"Id": "a"}, B={"Id": "b", "Fail": FAILS}) == (
            "UPDATE_ROLLBACK_COMPLETE"
        )

    def test_replacement_of_a_type_of_aws_takes_rollback(self, stack: RecordingStack) -> None:
        stack.configuration = self.EXPRESS
        stack.deploy(resources={"App": application(Name="one")})
        stack.configuration = self.WITH_ROLLBACK
        assert stack.deploy(resources={"App": application(Name="two")}) == "UPDATE_COMPLETE"
        stack.configuration = self.EXPRESS
        assert stack.deploy(resources={"App": application(Name="three")}) == "UPDATE_FAILED"
        assert stack.reason("App", "UPDATE_FAILED").startswith("Replacement type updates not")


class TestServiceToken:
    def test_it_can_not_change(self, stack: RecordingStack) -> None:
        """aws/aws-cdk issue 25938."""
        stack.deploy(A={"Id": "a"})
        stack.sent()
        other = {"ServiceToken": "arn:aws:lambda:us-east-1:000000000000:function:other"}
        assert stack.deploy(A={"Id": "a", **other}) == "UPDATE_ROLLBACK_COMPLETE"
        reason = stack.reason("A", "UPDATE_FAILED")
        assert reason == "Modifying service token is not allowed."


class TestExports:
    """aws/aws-cdk issues 604, 7602 and 33395."""

    @pytest.fixture
    def importer(self, server: Server, tmp_path: Path, stack: RecordingStack) -> RecordingStack:
        stack.deploy(A={"Id": "a"}, outputs={"O": output("A", f"{stack.name}-A")})
        stack.sent()
        importer = RecordingStack(server, tmp_path)
        importer.deploy(B={"Id": "b", "Got": {"Fn::ImportValue": f"{stack.name}-A"}})
        return importer

    def test_one_in_use_can_not_change(
        self, stack: RecordingStack, importer: RecordingStack
    ) -> None:
        outputs = {"O": output("A", f"{stack.name}-A")}
        assert stack.deploy(A={"Id": "b"}, outputs=outputs) == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.reason(stack.name, "UPDATE_ROLLBACK_IN_PROGRESS") == (
            f"Update canceled. Cannot update export {stack.name}-A as it is in use by "
            f"{importer.name}."
        )
        # The resource was updated already, and is sent back.
        assert stack.sent() == [("A", "Update", "a"), ("A", "Update", "b"), ("A", "Delete", "b")]

    def test_one_in_use_can_not_be_removed(
        self, stack: RecordingStack, importer: RecordingStack
    ) -> None:
        assert stack.deploy(A={"Id": "a"}) == "UPDATE_ROLLBACK_COMPLETE"
        assert "Cannot delete export" in stack.reason(stack.name, "UPDATE_ROLLBACK_IN_PROGRESS")
        assert importer.delete() == "DELETE_COMPLETE"
        assert stack.deploy(A={"Id": "a"}) == "UPDATE_COMPLETE"

    def test_its_stack_stays_when_it_is_to_be_deleted(
        self, stack: RecordingStack, importer: RecordingStack
    ) -> None:
        assert stack.delete() == "CREATE_COMPLETE"
        assert f"in use by {importer.name}" in stack.describe()["StackStatusReason"]


class TestCleanUp:
    def test_a_delete_is_tried_three_times_and_then_skipped(self, stack: RecordingStack) -> None:
        """aws-cloudformation/cloudformation-coverage-roadmap issue 744."""
        stack.deploy(A={"Id": "a", "Fail": ["Delete"]}, B={"Id": "b", "Fail": ["Delete"]})
        stack.sent()
        assert stack.deploy(A={"Id": "c"}) == "UPDATE_COMPLETE"
        events = stack.sent()
        assert events.count(("A", "Delete", "a")) == 3
        assert events.count(("B", "Delete", "b")) == 3
        reason = stack.describe()["StackStatusReason"]
        assert reason == "Update successful. One or more resources could not be deleted."
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.sent() == [("A", "Delete", "c")]

    def test_a_retained_resource_is_skipped(self, stack: RecordingStack) -> None:
        """The template reference, ``DeletionPolicy``."""
        stack.deploy(A={"Id": "a", "Policy": "Retain"}, B={"Id": "b", "Policy": "Retain"})
        assert stack.deploy(A={"Id": "a", "Policy": "Retain"}) == "UPDATE_COMPLETE"
        assert stack.delete() == "DELETE_COMPLETE"
        skipped = [name for name, status, _ in stack.told() if status == "DELETE_SKIPPED"]
        assert skipped == ["B", "A"]
        assert [kind for _, kind, _ in stack.sent()] == ["Create", "Create"]


class TestRollbackThatFails:
    def test_a_delete_that_failed_is_sent_again_with_the_stack(self, stack: RecordingStack) -> None:
        """aws-samples/sample-autonomous-cloud-coding-agents issue 866."""
        fails = {"Id": "a", "Fail": ["Create", "Delete"]}
        assert stack.deploy(A=fails) == "ROLLBACK_FAILED"
        assert stack.delete() == "DELETE_FAILED"
        assert [kind for _, kind, _ in stack.sent()] == ["Create", "Delete", "Delete"]
        stack.cloudformation.delete_stack(StackName=stack.name, RetainResources=["A"])
        assert stack.settled() == "DELETE_COMPLETE"
        assert stack.reason("A", "DELETE_SKIPPED") == ""

    def test_a_stack_that_failed_to_end_takes_no_update(self, stack: RecordingStack) -> None:
        """What ``cdk deploy`` calls, and UpdateStack (juspay/hyperswitch-cdk issue 114)."""
        fails = {"Id": "a", "Fail": ["Delete"]}
        stack.deploy(A=fails)
        assert stack.delete() == "DELETE_FAILED"
        said = f"Stack:{stack.describe()['StackId']} is in DELETE_FAILED state and can not be upd"
        with pytest.raises(ClientError, match=said):
            stack.deploy(A={"Id": "a"})
        with pytest.raises(ClientError, match=said):
            stack.cloudformation.create_change_set(
                StackName=stack.name, ChangeSetName="next", TemplateBody="{}"
            )

    def test_it_can_be_continued_without_what_fails(self, stack: RecordingStack) -> None:
        """The user guide, "Continue rolling back an update"."""
        stack.deploy(A={"Id": "a", "Fail": ["Update"]}, B={"Id": "b", "After": "A"})
        changed = {"Id": "b", "Fail": ["Update"], "After": "A"}
        assert stack.deploy(A={"Id": "a", "More": "1"}, B=changed) == "UPDATE_ROLLBACK_FAILED"
        assert "[A]" in stack.describe()["StackStatusReason"]
        client = stack.cloudformation
        client.continue_update_rollback(StackName=stack.name)
        assert stack.settled() == "UPDATE_ROLLBACK_FAILED"
        stack.sent()
        client.continue_update_rollback(StackName=stack.name, ResourcesToSkip=["A"])
        assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.sent() == [("B", "Update", "b")]


class TestFunction:
    """What stands behind a custom resource is called as Lambda calls it."""

    def test_an_invocation_that_dies_is_delivered_again(self, stack: RecordingStack) -> None:
        """The Lambda guide, "How Lambda handles errors with asynchronous invocation"."""
        assert stack.deploy(A={"Id": "a", "Die": 2}) == "CREATE_COMPLETE"
        stack.sent()
        assert len({event["RequestId"] for event in stack.events}) == 1
        assert len(stack.events) == 3

    def test_it_has_the_environment_that_it_needs_and_no_other(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("SOMEBODYS_TOKEN", "secret")
        monkeypatch.setenv("GRPC_PROXY", "http://192.0.2.1")
        with running(tmp_path) as server:
            stack = RecordingStack(server, tmp_path)
            stack.deploy(A={"Id": "a"})
            stack.sent()
        environment = stack.events[0]["Environment"]
        assert not {"SOMEBODYS_TOKEN", "GRPC_PROXY"} & environment.keys()
        assert environment["AWS_ACCESS_KEY_ID"] != server.environment["AWS_ACCESS_KEY_ID"]

    @pytest.mark.parametrize(
        ("runtime", "code", "said"),
        [
            ("python3.13", "import nosuchmodule\ndef handler(e, c): pass", "nosuchmodule"),
            ("nodejs22.x", "require('nosuchmodule'); exports.handler = () => {}", "nosuchmodule"),
            # As the CDK's own function for auto_delete_objects, where nobody has installed it.
            (
                "nodejs22.x",
                "require('@aws-sdk/client-nosuchservice'); exports.handler = () => {}",
                "npm install @aws-sdk/client-nosuchservice",
            ),
        ],
    )
    def test_one_that_can_not_start_ends_its_resource_at_once(
        self, stack: RecordingStack, runtime: str, code: str, said: str
    ) -> None:
        role = {"Fn::GetAtt": ["Role", "Arn"]}
        properties = {"Runtime": runtime, "Handler": "index.handler", "Role": role}
        broken = {
            "Type": "AWS::Lambda::Function",
            "Properties": {**properties, "Code": {"ZipFile": code}},
        }
        token = {"ServiceToken": {"Fn::GetAtt": ["Broken", "Arn"]}}
        assert stack.deploy(resources={"Broken": broken}, A={"Id": "a", **token}) in (
            "ROLLBACK_COMPLETE",
            "ROLLBACK_FAILED",
        )
        assert said in stack.reason("A", "CREATE_FAILED")


class TestWhatIsShown:
    """The handler goes by DescribeStackResource and DescribeStacks."""

    def test_while_a_request_is_under_way(self, stack: RecordingStack) -> None:
        # Whole seconds would do.
        begun = datetime.now(UTC) - timedelta(seconds=1)
        stack.deploy(A={"Id": "a", "Silent": FAILS}, wait=False)
        stack.wait_for_event()
        shown = stack.resource("A")
        assert shown["ResourceStatus"] == "CREATE_IN_PROGRESS"
        assert not shown.get("PhysicalResourceId")
        assert begun <= shown["LastUpdatedTimestamp"] <= datetime.now(UTC)
        assert stack.describe()["StackStatus"] == "CREATE_IN_PROGRESS"
        stack.delete()

    def test_of_a_stack_since_it_is_deleted(self, stack: RecordingStack) -> None:
        """As AWS does, also of one whose creation was undone."""
        assert stack.deploy(A={"Id": "a", "Fail": ["Create"]}) == "ROLLBACK_COMPLETE"
        undone_at = stack.describe()["DeletionTime"]
        assert undone_at > stack.describe()["CreationTime"]
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.describe()["DeletionTime"] > undone_at

    def test_of_a_replacement(self, stack: RecordingStack) -> None:
        stack.deploy(A={"Id": "a"})
        stack.deploy(A={"Id": "b", "Silent": ["Update"]}, wait=False)
        stack.until(lambda: stack.resource("A")["ResourceStatus"] == "UPDATE_IN_PROGRESS")
        assert stack.resource("A")["PhysicalResourceId"] == "a"
        stack.cloudformation.cancel_update_stack(StackName=stack.name)
        assert stack.settled() == "UPDATE_ROLLBACK_COMPLETE"
        assert stack.resource("A")["PhysicalResourceId"] == "a"
        assert stack.deploy(A={"Id": "c"}) == "UPDATE_COMPLETE"
        assert stack.resource("A")["PhysicalResourceId"] == "c"


class TestApplication:
    """hashicorp/terraform-provider-aws issue 49109, aws/aws-cdk issue 35488."""

    def test_a_started_one_takes_no_other_update(
        self, server: Server, stack: RecordingStack
    ) -> None:
        role = {
            "Type": "AWS::IAM::Role",
            "Properties": {"AssumeRolePolicyDocument": trust("emr-serverless")},
        }
        outputs = {"App": {"Value": {"Ref": "App"}}, "Role": {"Value": {"Fn::GetAtt": "Exec.Arn"}}}

        def deploy(**properties: Any) -> str:
            resources = {"App": application(**properties), "Exec": role}
            return stack.deploy(resources=resources, outputs=outputs)

        deploy()
        given = {o["OutputKey"]: o["OutputValue"] for o in stack.describe()["Outputs"]}
        client = server.client("emr-serverless")
        session = start_session(client, given["App"], executionRoleArn=given["Role"])
        ids = {"applicationId": given["App"], "sessionId": session}
        stack.until(lambda: client.get_session(**ids)["session"]["state"] == "STARTED")
        for change in ({"Tags": [{"Key": "a", "Value": "b"}]}, {"ReleaseLabel": "emr-7.14.0"}):
            assert deploy(**change) == "UPDATE_ROLLBACK_COMPLETE"
            reason = stack.reason("App", "UPDATE_FAILED")
            assert "Only the following configurations can be updated when an appl" in reason
        capacity = {"Cpu": "16 vCPU", "Memory": "64 GB"}
        assert deploy(MaximumCapacity=capacity) == "UPDATE_COMPLETE"
        client.terminate_session(**ids)


class TestNestedStack:
    """The user guide, "Split a template into reusable pieces using nested stacks"."""

    @pytest.fixture
    def nested(self, server: Server, stack: RecordingStack) -> Callable[..., dict[str, Any]]:
        """Gives a nested stack that has one custom resource, on the parent's function."""
        s3, bucket = server.client("s3"), f"templates-{stack.name.lower()}"
        s3.create_bucket(Bucket=bucket)
        numbers = itertools.count()

        def nested(**properties: Any) -> dict[str, Any]:
            token = {"ServiceToken": {"Ref": "Token"}, "ServiceTimeout": "600"}
            template = {
                "Parameters": {"Token": {"Type": "String"}},
                "Resources": {
                    "C": {"Type": "Custom::Thing", "Properties": {**token, **properties}}
                },
                "Outputs": {"Id": {"Value": {"Ref": "C"}}},
            }
            key = f"{next(numbers)}.json"
            s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(template).encode())
            url = f"{server.environment['AWS_ENDPOINT_URL']}/{bucket}/{key}"
            parameters = {"Token": {"Fn::GetAtt": ["Function", "Arn"]}}
            return {
                "Type": "AWS::CloudFormation::Stack",
                "Properties": {"TemplateURL": url, "Parameters": parameters},
            }

        return nested

    def test_its_life(self, stack: RecordingStack, nested: Callable[..., dict[str, Any]]) -> None:
        got = {"Fn::GetAtt": ["Child", "Outputs.Id"]}

        def deploy(physical_id: str) -> str:
            return stack.deploy(
                resources={"Child": nested(Id=physical_id)}, A={"Id": "a", "Got": got}
            )

        assert deploy("c") == "CREATE_COMPLETE"
        assert deploy("d") == "UPDATE_COMPLETE"
        assert stack.delete() == "DELETE_COMPLETE"
        assert stack.sent() == [
            ("C", "Create", None),
            ("A", "Create", None),
            ("C", "Update", "c"),
            ("A", "Update", "a"),
            ("C", "Delete", "c"),
            ("A", "Delete", "a"),
            ("C", "Delete", "d"),
        ]

    def test_a_failure_in_it_rolls_the_parent_back(
        self, stack: RecordingStack, nested: Callable[..., dict[str, Any]]
    ) -> None:
        child = {"Child": nested(Id="c", Fail=FAILS)}
        assert stack.deploy(resources=child) == "ROLLBACK_COMPLETE"
        assert "was not successfully created: The following resource(s) failed to create: [C]" in (
            stack.reason("Child", "CREATE_FAILED")
        )
        assert stack.sent() == [("C", "Create", None), ("C", "Delete", "c")]

    def test_a_failure_beside_it_sends_its_update_back(
        self, stack: RecordingStack, nested: Callable[..., dict[str, Any]]
    ) -> None:
        stack.deploy(resources={"Child": nested(Id="c")})
        stack.sent()
        changed = {"Child": nested(Id="d")}
        failing = {"Id": "b", "Fail": FAILS, "After": "Child"}
        assert stack.deploy(resources=changed, B=failing) == "UPDATE_ROLLBACK_COMPLETE"
        assert sorted(stack.sent()) == sorted(
            [
                ("C", "Update", "c"),
                ("B", "Create", None),
                ("C", "Update", "d"),
                ("C", "Delete", "d"),
                ("B", "Delete", "b"),
            ]
        )

    def test_what_is_under_way_in_it_is_cancelled(
        self, stack: RecordingStack, nested: Callable[..., dict[str, Any]]
    ) -> None:
        child = {"Child": nested(Id="c", Silent=FAILS)}
        failing = {"Id": "b", "Fail": FAILS, "Meets": "C"}
        assert stack.deploy(resources=child, B=failing) == "ROLLBACK_COMPLETE"
        (made_up,) = [i for name, kind, i in stack.sent() if (name, kind) == ("C", "Delete")]
        assert re.search(r"-C-[A-Z0-9]{12}$", str(made_up))
