"""Questions about a stack are long polls, except those of Lambda functions."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest

from .conftest import Server
from .stacks import RecordingStack, trust


@pytest.fixture
def waiting(server: Server, tmp_path: Path) -> Iterator[RecordingStack]:
    """A stack that is being created until it is deleted."""
    stack = RecordingStack(server, tmp_path)
    stack.deploy(A={"Id": "a", "Silent": ["Create"]}, wait=False)
    stack.wait_for_event()
    yield stack
    stack.delete()


def seconds(ask: Any, **arguments: Any) -> float:
    began = time.monotonic()
    ask(**arguments)
    return time.monotonic() - began


@pytest.mark.parametrize("question", ["describe_stacks", "describe_stack_events"])
def test_an_answer_that_was_given_already_is_held(waiting: RecordingStack, question: str) -> None:
    ask = getattr(waiting.cloudformation, question)
    ask(StackName=waiting.name)
    assert seconds(ask, StackName=waiting.name) > 3


def test_a_further_page_is_not_held(waiting: RecordingStack) -> None:
    ask = waiting.cloudformation.describe_stack_events
    ask(StackName=waiting.name)
    assert seconds(ask, StackName=waiting.name, NextToken="DescribeStackEvents:1") < 3


def test_news_ends_the_wait(server: Server, waiting: RecordingStack) -> None:
    client = waiting.cloudformation
    # By its id, it is known when it is deleted too.
    [stack] = client.describe_stacks(StackName=waiting.name)["Stacks"]
    answers: list[str] = []

    def ask() -> None:
        found = client.describe_stacks(StackName=stack["StackId"])["Stacks"]
        answers.append(found[0]["StackStatus"])

    thread = threading.Thread(target=ask)
    thread.start()
    server.client("cloudformation").delete_stack(StackName=waiting.name)
    thread.join(30)
    [status] = answers
    assert status in ("DELETE_IN_PROGRESS", "DELETE_COMPLETE")


def test_what_a_function_asks_is_never_held(server: Server, waiting: RecordingStack) -> None:
    document = trust("lambda")
    document["Statement"] += [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    ]
    iam = server.client("iam")
    role = iam.create_role(
        RoleName=f"asks-{waiting.name}", AssumeRolePolicyDocument=json.dumps(document)
    )["Role"]
    allowed = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=role["RoleName"],
        PolicyName="asks",
        PolicyDocument=json.dumps({"Statement": [allowed]}),
    )
    assumed = server.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="function")
    credentials = assumed["Credentials"]
    client: Any = botocore.session.get_session().create_client(
        "cloudformation",
        region_name="us-east-1",
        endpoint_url=server.environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )
    ten = [seconds(client.describe_stacks, StackName=waiting.name) for _ in range(10)]
    # One that is held takes four.
    assert sum(ten) < 4 * 2
