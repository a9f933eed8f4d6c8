"""An account on loopback: sessions, SSM parameters and stacks, asked by the real AWS clients."""

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

import boto3
import botocore.session

from emr_serverless_local.clock import ManualClock
from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService

ROLE = "arn:aws:iam::000000000000:role/execution"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

Answer = tuple[int, dict[str, str], bytes]


class TestClock(ManualClock):
    """A clock that a wait moves."""

    __test__ = False

    def sleep(self, seconds: float) -> None:
        self.advance(seconds)


@dataclass
class Stack:
    """A stack as CloudFormation describes it: its status, and (status, physical id) by resource.

    ``skipped`` is the (logical id, physical id) of what it has let go and left alone.
    """

    status: str = "CREATE_COMPLETE"
    resources: dict[str, tuple[str, str]] = field(default_factory=dict)
    skipped: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Account:
    """What there is; tests put things in and take them away."""

    service: SessionService
    parameters: dict[str, str] = field(default_factory=dict)
    stacks: dict[str, Stack] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    unreachable: bool = False
    # How many more requests are throttled, and whether all are refused for old credentials.
    throttled: int = 0
    expired: bool = False
    url: str = ""
    on_parameter: Callable[[], None] = lambda: None

    def session(self) -> boto3.Session:
        """A boto3 session whose clients all come here."""
        return EndpointSession(self.url)

    @cached_property
    def _client(self) -> Any:
        return self.session().client("emr-serverless")

    def client(self) -> Any:
        return self._client

    def environment(self) -> dict[str, str]:
        """What leads a program here."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {**kept, **CREDENTIALS, "AWS_ENDPOINT_URL": self.url}

    def application(self, release: str = "emr-7.13.0") -> str:
        asked = {
            "type": "SPARK",
            "releaseLabel": release,
            "interactiveConfiguration": {"sessionEnabled": True},
        }
        return str(self.client().create_application(**asked)["applicationId"])

    def start(self, application_id: str | None = None, **fields: Any) -> str:
        """Start a session; gives its ARN."""
        return str(
            self.client().start_session(
                applicationId=application_id or self.application(), executionRoleArn=ROLE, **fields
            )["arn"]
        )

    def terminate(self, arn: str) -> None:
        _, _, application_id, _, session_id = arn.split("/")
        self.client().terminate_session(applicationId=application_id, sessionId=session_id)

    def asked(self, operation: str) -> int:
        """How often an operation was asked for."""
        return sum(request.operation == operation for request in self.service.requests)

    # HTTP

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> Answer:
        """Answer a request to any of the services."""
        if self.unreachable:
            return 503, {}, b"{}"
        if self.expired:
            return _json_error(403, "ExpiredTokenException", "The security token is expired")
        if self.throttled:
            self.throttled -= 1
            return _json_error(400, "ThrottlingException", "Rate exceeded")
        if headers.get("x-amz-target") == "AmazonSSM.GetParameter":
            return self._parameter(json.loads(body)["Name"])
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
            return self._cloudformation(form)
        if self.refused and any(path.endswith(end) for end in self.refused):
            message = "User is not authorized to perform the action"
            return _json_error(403, "AccessDeniedException", message)
        return self.service.handle(method, path, headers, body, query)

    def _parameter(self, name: str) -> Answer:
        self.on_parameter()
        if name not in self.parameters:
            return 400, {}, json.dumps({"__type": "ParameterNotFound"}).encode()
        answer = {"Parameter": {"Name": name, "Value": self.parameters[name]}}
        return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(answer).encode()

    def _cloudformation(self, form: Mapping[str, str]) -> Answer:
        stack = self.stacks.get(form["StackName"])
        if stack is None:
            return refusal("ValidationError", f"Stack with id {form['StackName']} does not exist")
        if form["Action"] == "DescribeStacks":
            return xml_answer(
                "DescribeStacks",
                f"<Stacks><member><StackName>s</StackName><StackStatus>{stack.status}"
                "</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks>",
            )
        if form["Action"] == "DescribeStackEvents":
            return _events(form["StackName"], stack, int(form.get("NextToken", "0")))
        logical_id = form["LogicalResourceId"]
        if logical_id not in stack.resources:
            return refusal("ValidationError", f"Resource {logical_id} does not exist for stack s")
        status, physical_id = stack.resources[logical_id]
        return xml_answer(
            "DescribeStackResource",
            f"<StackResourceDetail><LogicalResourceId>{logical_id}</LogicalResourceId>"
            f"<PhysicalResourceId>{physical_id}</PhysicalResourceId>"
            "<ResourceType>Custom::EMRServerlessSession</ResourceType>"
            "<LastUpdatedTimestamp>2026-01-01T00:00:00Z</LastUpdatedTimestamp>"
            f"<ResourceStatus>{status}</ResourceStatus></StackResourceDetail>",
        )


class EndpointSession(boto3.Session):
    """A boto3 session whose clients all go to one address, whatever the environment says."""

    def __init__(
        self,
        url: str,
        boto: botocore.session.Session | None = None,
        key: str = "test",
        secret: str = "test",
    ) -> None:
        super().__init__(
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name="us-east-1",
            botocore_session=boto,
        )
        self._url = url

    def client(self, service_name: Any, **fields: Any) -> Any:  # type: ignore[override]
        return super().client(service_name, endpoint_url=self._url, **fields)


@contextmanager
def account(service: SessionService) -> Iterator[Account]:
    """An account over HTTP for as long as the context lasts."""
    made = Account(service)
    with serve(made) as url:
        made.url = url
        yield made


def xml_answer(action: str, content: str) -> Answer:
    """An answer as services with XML give it; of all of them in CloudFormation's namespace."""
    name = f"{action}Response"
    body = (
        f'<{name} xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">'
        f"<{action}Result>{content}</{action}Result></{name}>"
    )
    return 200, {"Content-Type": "text/xml"}, body.encode()


def _events(stack_id: str, stack: Stack, page: int) -> Answer:
    """One event a page, the newest first."""
    events = [
        *(("UPDATE_COMPLETE", "s", stack_id) for _ in range(2)),
        *(("DELETE_SKIPPED", *skipped) for skipped in stack.skipped),
    ]
    status, logical_id, physical_id = events[page]
    more = f"<NextToken>{page + 1}</NextToken>" if page + 1 < len(events) else ""
    return xml_answer(
        "DescribeStackEvents",
        f"<StackEvents><member><StackId>{stack_id}</StackId><EventId>{page}</EventId>"
        f"<StackName>s</StackName><LogicalResourceId>{logical_id}</LogicalResourceId>"
        f"<PhysicalResourceId>{physical_id}</PhysicalResourceId>"
        f"<ResourceStatus>{status}</ResourceStatus><Timestamp>2026-01-01T00:00:00Z</Timestamp>"
        f"</member></StackEvents>{more}",
    )


def _json_error(status: int, code: str, message: str) -> Answer:
    return status, {"x-amzn-errortype": code}, json.dumps({"message": message}).encode()


def refusal(code: str, message: str, status: int = 400) -> Answer:
    """An error as services with XML give it."""
    body = (
        f"<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code>"
        f"<Message>{message}</Message></Error></ErrorResponse>"
    )
    return status, {"Content-Type": "text/xml"}, body.encode()
