"""Requests as they leave the handler, byte for byte, by the real client over loopback HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from session_handler import client
from session_handler.handler import is_complete, on_event
from session_handler.identity import Owner
from session_handler.lifecycle import Limits
from session_handler.service import LONGEST_CALL_SECONDS

ROLE = "arn:aws:iam::123456789012:role/execution"
ARN = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00a1/sessions/00s1"
STACK = "arn:aws:cloudformation:eu-west-1:123456789012:stack/lab/1"
STARTED = {"applicationId": "00a1", "sessionId": "00s1", "arn": ARN}


@dataclass
class Server:
    """Answers from a list, and what it was asked: method, path, content type, body."""

    answers: list[tuple[int, str | None, Any]] = field(default_factory=list)
    asked: list[tuple[str, str, str | None, bytes]] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    record = Server()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kind = self.headers.get("Content-Type")
            record.asked.append((self.command, self.path, kind, body))
            status, error, content = record.answers.pop(0)
            sent = json.dumps(content).encode()
            self.send_response(status)
            if error:
                self.send_header("x-amzn-errortype", error)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    url = f"http://127.0.0.1:{http.server_address[1]}"
    monkeypatch.setenv("AWS_ENDPOINT_URL_EMR_SERVERLESS", url)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    yield record
    http.shutdown()
    http.server_close()


def event(kind: str = "Create", properties: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "RequestType": kind,
        "RequestId": "request-1",
        "StackId": STACK,
        "LogicalResourceId": "Session",
        "ResponseURL": "https://secret.example",
        "ResourceProperties": {
            "ApplicationId": "00a1",
            "ExecutionRoleArn": ROLE,
            **(properties or {}),
        },
        **more,
    }


def owner_tags(body: dict[str, Any]) -> dict[str, str]:
    """The tags that say whose session it is, given the token and the digest that were sent."""
    spec = body["tags"]["emr-serverless-session:spec"]
    return Owner(STACK, "Session").tags(spec, body["clientToken"])


def test_the_smallest_request_has_nothing_that_was_not_asked_for(server: Server) -> None:
    server.answers = [(200, None, STARTED)]
    assert on_event(event())["PhysicalResourceId"] == ARN
    [(method, path, kind, body)] = server.asked
    sent = json.loads(body)
    assert (method, path, kind) == ("POST", "/applications/00a1/sessions", "application/json")
    assert sent == {
        "clientToken": sent["clientToken"],
        "executionRoleArn": ROLE,
        "tags": owner_tags(sent),
    }


def test_everything_that_can_be_asked_for_is_on_the_wire(server: Server) -> None:
    server.answers = [(200, None, STARTED)]
    nested = {"Classification": "inner", "Properties": {"x": "1"}}
    classification = {
        "Classification": "spark-defaults",
        "Properties": {"spark.executor.cores": "4"},
        "Configurations": [nested],
    }
    properties = {
        "Name": "näme",
        "IdleTimeoutMinutes": "30",
        "ConfigurationOverrides": {"RuntimeConfiguration": [classification]},
        "Tags": {"team": "data"},
    }
    on_event(event(properties=properties))
    body = server.asked[0][3]
    sent = json.loads(body)
    assert sent == {
        "clientToken": sent["clientToken"],
        "executionRoleArn": ROLE,
        "name": "näme",
        "idleTimeoutMinutes": 30,
        "configurationOverrides": {
            "runtimeConfiguration": [
                {
                    "classification": "spark-defaults",
                    "properties": {"spark.executor.cores": "4"},
                    "configurations": [{"classification": "inner", "properties": {"x": "1"}}],
                }
            ]
        },
        "tags": {"team": "data", **owner_tags(sent)},
    }


def test_the_same_request_is_the_same_bytes(server: Server) -> None:
    server.answers = [(200, None, STARTED)] * 2
    properties = {"Name": "a", "IdleTimeoutMinutes": "30", "Tags": {"b": "2", "a": "1"}}
    for _ in range(2):
        on_event(event(properties=properties))
    assert server.asked[0] == server.asked[1]
    assert len(json.loads(server.asked[0][3])["clientToken"]) == 64


def test_a_session_is_looked_at_and_ended_by_its_ids(server: Server) -> None:
    server.answers = [(200, None, {"applicationId": "00a1", "sessionId": "00s1"})]
    on_event(event("Delete", PhysicalResourceId=ARN))
    assert server.asked[0][:2] == ("DELETE", "/applications/00a1/sessions/00s1")
    server.answers = [(404, "ResourceNotFoundException", {"message": "gone"})]
    assert is_complete(event("Delete", PhysicalResourceId=ARN))["IsComplete"]
    assert server.asked[1][:2] == ("GET", "/applications/00a1/sessions/00s1")


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "ValidationException"), (402, "ServiceQuotaExceededException")],
)
def test_a_refusal_is_raised_with_the_services_words(
    server: Server, status: int, code: str
) -> None:
    nobody: dict[str, Any] = {"sessions": []}
    application = {"application": {"type": "Spark", "releaseLabel": "emr-7.13.0"}}
    server.answers = [
        (status, code, {"message": "the service's words"}),
        (200, None, nobody),
        (200, None, application),
    ]
    with pytest.raises(Exception, match=f"{code}: the service's words"):
        on_event(event())


def test_throttling_and_server_errors_go_on_with_the_pending_id(server: Server) -> None:
    for status, code in ((429, "ThrottlingException"), (500, "InternalServerException")):
        server.asked.clear()
        server.answers = [(status, code, {"message": "not now"})] * 2
        physical_id = on_event(event())["PhysicalResourceId"]
        tokens = {json.loads(body)["clientToken"] for *_, body in server.asked}
        assert len(server.asked) == 2
        assert {physical_id} == {f"pending:00a1:{token}" for token in tokens}


def test_a_conflict_that_the_application_outlasts_is_pending(server: Server) -> None:
    starting = {"type": "Spark", "releaseLabel": "emr-7.13.0", "state": "STARTING"}
    server.answers = [
        (409, "ConflictException", {"message": "the application is STARTING"}),
        (200, None, {"application": starting}),
    ]
    assert on_event(event())["PhysicalResourceId"].startswith("pending:")


def test_an_answer_that_was_cut_short_is_no_empty_list(server: Server) -> None:
    """Nothing would be ended, and the Delete would say that nothing lives."""
    application = {"application": {"type": "Spark", "state": "STARTED"}}
    server.answers = [(200, None, {}), (200, None, application)]
    long_ago = time.time() - 3000
    made_up = event("Delete", PhysicalResourceId="lab-Session-MADEUP", StartedAt=long_ago)
    with pytest.raises(Exception, match="ListSessions: UnreadableAnswer"):
        is_complete(made_up)


def test_every_page_of_a_list_is_read(server: Server) -> None:
    owned = {"state": "IDLE", "tags": Owner(STACK, "Session").tags("spec", "token")}
    server.answers = [
        (200, None, {"sessions": [], "nextToken": "more"}),
        (200, None, {"sessions": [{"arn": ARN}]}),
        (200, None, {"session": owned}),
        (200, None, {"applicationId": "00a1", "sessionId": "00s1"}),
    ]
    made_up = event("Delete", PhysicalResourceId="lab-Session-MADEUP", StartedAt=time.time())
    assert not is_complete(made_up)["IsComplete"]
    assert "nextToken=more" in server.asked[1][1]
    assert server.asked[3][:2] == ("DELETE", "/applications/00a1/sessions/00s1")


def test_a_session_that_was_just_started_may_not_be_found_yet(server: Server) -> None:
    server.answers = [(404, "ResourceNotFoundException", {"message": "not found"})] * 3
    started = event(PhysicalResourceId=ARN, StartedAt=time.time())
    assert not is_complete(started)["IsComplete"]
    assert len(server.asked) == 1


def test_a_session_that_ends_before_it_is_terminated_is_no_error(server: Server) -> None:
    server.answers = [
        (200, None, {"session": {"state": "IDLE"}}),
        (400, "ValidationException", {"message": "The session is over."}),
        (200, None, {"session": {"state": "TERMINATED"}}),
    ]
    deleted = event("Delete", PhysicalResourceId=ARN, StartedAt=time.time())
    assert not is_complete(deleted)["IsComplete"]


def test_a_conflict_that_nothing_will_solve_is_refused_at_once(server: Server) -> None:
    nobody: dict[str, Any] = {"sessions": []}
    stopped = {
        "application": {
            "type": "Spark",
            "releaseLabel": "emr-7.13.0",
            "interactiveConfiguration": {"sessionEnabled": True},
            "state": "STOPPED",
            "autoStartConfiguration": {"enabled": False},
        }
    }
    server.answers = [
        (409, "ConflictException", {"message": "the application is STOPPED"}),
        (200, None, stopped),
        (200, None, nobody),
        (200, None, stopped),
    ]
    with pytest.raises(Exception, match="auto-start is off"):
        on_event(event())


def test_a_call_that_lambda_would_cut_off_is_not_made(server: Server) -> None:
    """Its outcome could be read by nobody."""
    server.answers = [(200, None, {"session": {"state": "TERMINATED"}})]
    update = event("Update", OldResourceProperties={}, PhysicalResourceId=ARN)
    short = SimpleNamespace(get_remaining_time_in_millis=lambda: 1000 * LONGEST_CALL_SECONDS - 1)
    assert on_event(update, short)["PhysicalResourceId"].startswith("pending:")
    assert len(server.asked) == 1


def test_the_longest_call_is_what_the_clients_time_outs_make_it() -> None:
    """And two such calls don't fit into on_event: it begins the second only with time left."""
    retries = client._CONFIG.retries["total_max_attempts"]
    pause = 1.0  # botocore's first, at most
    attempt = client._CONFIG.connect_timeout + client._CONFIG.read_timeout
    assert retries * attempt + (retries - 1) * pause <= LONGEST_CALL_SECONDS
    assert Limits().on_event_timeout > LONGEST_CALL_SECONDS
