"""Rule 1: every request is answered, and the answer arrives."""

from __future__ import annotations

import json
import re
import socketserver
import threading
import urllib.error
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from session_handler import after_answer, answer, handler, sessions
from tests.unit.handler.conftest import LOG_GROUP, Lab

put = answer.put  # the real one: the fixture puts another in its place


class Receiver:
    """What CloudFormation's bucket is: it takes a PUT."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.statuses: list[int] = []


@pytest.fixture
def receiver() -> Iterator[tuple[Receiver, str]]:
    record = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            record.received.append((self.path, dict(self.headers), body))
            self.send_response(record.statuses.pop(0) if record.statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, args=(0.01,), daemon=True).start()
    yield record, f"http://127.0.0.1:{http.server_address[1]}"
    http.shutdown()
    http.server_close()


def test_it_is_one_put_with_an_empty_content_type(receiver: tuple[Receiver, str]) -> None:
    record, url = receiver
    put(f"{url}/answer?X-Amz-Signature=abc", b'{"a": 1}')
    [(path, headers, body)] = record.received
    assert (path, body) == ("/answer?X-Amz-Signature=abc", b'{"a": 1}')
    assert headers["Content-Type"] == ""


@pytest.mark.parametrize("status", [403, 500])
def test_what_is_not_taken_raises_an_os_error(receiver: tuple[Receiver, str], status: int) -> None:
    record, url = receiver
    record.statuses = [status]
    with pytest.raises(OSError, match=str(status)):
        put(url, b"{}")


def test_nobody_at_the_address_is_an_os_error() -> None:
    with pytest.raises(OSError):  # noqa: PT011
        put("http://127.0.0.1:9/", b"{}")


def test_what_is_no_answer_in_http_is_an_os_error() -> None:
    class Garbage(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            self.rfile.read(len(b"{}"))
            self.wfile.write(b"garbage\r\n\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Garbage) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        with pytest.raises(OSError, match="garbage"):
            put(f"http://127.0.0.1:{server.server_address[1]}/", b"{}")


def failing(lab: Lab, monkeypatch: pytest.MonkeyPatch, error: OSError, times: int) -> list[float]:
    """Let sending fail so often; when it was tried."""
    tried: list[float] = []

    def send(url: str, body: bytes) -> None:  # noqa: ARG001
        tried.append(lab.clock.now())
        if len(tried) <= times:
            raise error
        lab.cloudformation.take(body)

    monkeypatch.setattr(answer, "put", send)
    return tried


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError("reset"),
        TimeoutError("slow"),
        urllib.error.URLError("no route"),
        urllib.error.HTTPError("u", 503, "Slow down", Message(), None),
        urllib.error.HTTPError("u", 429, "Too many requests", Message(), None),
        urllib.error.HTTPError("u", 408, "Request time-out", Message(), None),
    ],
)
def test_sending_is_tried_again(lab: Lab, monkeypatch: pytest.MonkeyPatch, error: OSError) -> None:
    failing(lab, monkeypatch, error, times=5)
    assert lab.create(lab.properties()).is_success
    assert not any("answer" in line for line in lab.logged()), "it was taken in the end"


def test_an_answer_that_is_no_longer_taken_is_no_failure(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = urllib.error.HTTPError("u", 403, "Request has expired", Message(), None)
    tried = failing(lab, monkeypatch, gone, times=99)
    lab.cloudformation.begins("Create")
    handler.handle(lab.request("Create", lab.properties()), None)
    assert len(tried) == 1
    (answered,) = [line for line in lab.logged() if line["event"] == "answered"]
    assert answered["answer"] == "not taken: 403"


def test_an_answer_that_nobody_takes_is_given_by_the_next_delivery(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(lab, monkeypatch, ConnectionResetError("reset"), times=10**6)
    lab.cloudformation.begins("Create")
    event = lab.request("Create", lab.properties())
    with pytest.raises(answer.AnswerNotSent):
        handler.handle(event, None)
    monkeypatch.undo()
    assert len(lab.live()) == 1


@pytest.mark.parametrize(
    "event",
    [
        {"RequestType": "Explode"},
        {"RequestType": "Create", "StackId": None},
        {"RequestType": "Create", "RequestId": 7},
        {"RequestType": "Update", "LogicalResourceId": ""},
        {"RequestType": "Create", "ResourceProperties": ["no", "map"]},
    ],
)
def test_an_event_that_cannot_be_read_is_answered(lab: Lab, event: dict[str, Any]) -> None:
    answered = lab.deliver({**lab.request("Create", lab.properties()), **event})
    assert not answered.is_success
    assert "can't be read" in answered.reason
    assert "Nothing was started" in answered.reason
    assert answered.physical_id.startswith("none:")
    assert lab.service.sessions() == []


@pytest.mark.parametrize("event", [None, [], "text", {}, {"RequestType": "Create"}])
def test_what_is_no_event_is_logged(lab: Lab, monkeypatch: pytest.MonkeyPatch, event: Any) -> None:
    monkeypatch.setattr(answer, "put", put)
    handler.handle(event, None)
    assert lab.logged()[-1]["answer"] == "there is no address to send it to"


@pytest.mark.parametrize("kind", ["Create", "Update", "Delete"])
def test_a_failure_of_our_own_is_answered_and_leaves_nothing(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    properties = lab.properties()
    held = lab.create(properties).physical_id
    if kind == "Create":
        lab.end(held)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyError("what nobody thought of")

    monkeypatch.setattr(sessions, "tag" if kind != "Delete" else "terminate", fail)
    if kind == "Create":
        answered = lab.create({**properties, "Retain": "true"})
        assert lab.live() == []
    elif kind == "Update":
        answered = lab.update(held, properties, {**properties, "Tags": {"a": "b"}})
        assert answered.physical_id == held
    else:
        answered = lab.delete(held, properties)
    assert not answered.is_success
    assert "KeyError: 'what nobody thought of'" in answered.reason


def test_a_failure_of_our_own_while_its_session_starts_names_the_session(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Delete that follows ends it; the log, and not the reason, says where it went wrong."""
    get = sessions.get

    def fail(*_: Any) -> None:
        raise TypeError("'int' object is not iterable")

    monkeypatch.setattr(sessions, "get", fail)
    answered = lab.create(lab.properties())
    assert not answered.is_success
    assert lab.live() == [answered.physical_id]
    assert f"could not be ended: {answered.physical_id}: 'int' object" in answered.reason
    assert "File " not in answered.reason
    assert ", in fail\n" in lab.logged()[-1]["trace"]
    monkeypatch.setattr(sessions, "get", get)
    assert lab.delete(answered.physical_id, lab.properties()).is_success
    assert lab.live() == []


def test_a_failure_of_our_own_after_the_answer_is_logged(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda would deliver the request again, though it is answered."""

    def fail(*_: Any) -> None:
        raise KeyError("what nobody thought of")

    monkeypatch.setattr(after_answer, "taken_over", fail)
    assert lab.create(lab.properties()).is_success
    assert lab.logged()[-1]["error"] == "KeyError: 'what nobody thought of'"


@pytest.mark.parametrize("letter", ["x", "ü", "界", "\x01", "\udc80", '"', "\\", "\n"])
def test_a_reason_fits_whatever_the_service_says(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, letter: str
) -> None:
    from session_handler.errors import Refused

    def refuse(_: Any) -> None:
        raise Refused("StartSession", "ValidationException", letter * 5000)

    monkeypatch.setattr(sessions, "start", refuse)
    answered = lab.create(lab.properties())
    assert answered.size <= answer.MAX_BYTES
    assert "ValidationException: " in answered.reason
    assert "What to do: " in answered.reason
    assert answered.reason.endswith(f"Log group: {LOG_GROUP}")


@pytest.mark.parametrize("before", ["", "\n", "“", "é", '"', "\\"])
def test_a_token_that_the_service_quotes_is_not_logged(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    from session_handler.errors import Refused

    def refuse(parameters: Any) -> None:
        raise Refused("StartSession", "Odd", f"not {before}{parameters['clientToken']}{before}")

    monkeypatch.setattr(sessions, "start", refuse)
    lab.create(lab.properties())
    assert "(token)" in lab.log.getvalue()
    assert not re.search("[0-9a-f]{64}", lab.log.getvalue())


def test_an_answer_with_a_very_long_id_fits_too(lab: Lab) -> None:
    properties = lab.properties()
    event = lab.request("Update", {**properties, "Name": ["x"]}, "é" * 900)
    answered = lab.deliver({**event, "LogicalResourceId": "L" * 255})
    assert answered.size <= answer.MAX_BYTES
    assert json.dumps(answered.body)
    assert answered.reason.endswith(f"Log group: {LOG_GROUP}")
