"""Connects botocore's clients to the simulated network.

The clients are the handler's own, with their serializers and parsers and the service model that
the asset ships: a ``before-send`` hook answers instead of the service.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.session
from botocore import UNSIGNED
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from cdk_emr_serverless_session._provider.asset import handler_asset

from .network import ConnectionLost, UnreadableAnswer
from .service import REGION, ServiceError

if TYPE_CHECKING:
    from .world import World

Body = tuple[int, str, bytes]

_SESSIONS = r"/applications/(?P<applicationId>[^/]+)/sessions"
_SESSION = rf"{_SESSIONS}/(?P<sessionId>[^/]+)"
_ROUTES = [
    (method, re.compile(pattern), operation)
    for method, pattern, operation in (
        ("POST", _SESSIONS, "StartSession"),
        ("GET", _SESSIONS, "ListSessions"),
        ("GET", _SESSION, "GetSession"),
        ("DELETE", _SESSION, "TerminateSession"),
        ("POST", r"/tags/(?P<resourceArn>.+)", "TagResource"),
        ("DELETE", r"/tags/(?P<resourceArn>.+)", "UntagResource"),
        ("GET", r"/applications/(?P<applicationId>[^/]+)", "GetApplication"),
        ("POST", r"/applications/(?P<applicationId>[^/]+)/stop", "StopApplication"),
        ("GET", r"/applications/(?P<applicationId>[^/]+)/jobruns", "ListJobRuns"),
    )
]
_LISTS = ("states", "tagKeys")


def clients(here: World, undo: contextlib.ExitStack) -> Mapping[str, Any]:
    """The handler's clients, answered by a world until the stack unwinds."""
    made = {}
    for name, answer in (
        ("emr-serverless", _emr_serverless),
        ("cloudformation", _cloudformation),
        ("ssm", _ssm),
    ):
        client = _client(name)

        def hook(
            request: AWSPreparedRequest,
            answer: Callable[[World, AWSPreparedRequest], Body] = answer,
            **_: object,
        ) -> AWSResponse:
            return _respond(here, request, answer)

        client.meta.events.register("before-send", hook)
        undo.callback(client.meta.events.unregister, "before-send", hook)
        made[name] = client
    return made


_made: dict[str, Any] = {}


def _client(name: str) -> Any:
    """A client as the handler makes it, with the data of the asset; made once a process."""
    if name not in _made:
        module = sys.modules["session_handler.clients"]
        session = botocore.session.Session()
        if name == "emr-serverless":
            data = Path(handler_asset()) / "session_handler" / "data.json"
            session = sys.modules["session_handler.botocore_data"].session(data)
        config = module._CONFIG.merge(Config(signature_version=UNSIGNED))
        _made[name] = session.create_client(name, region_name=REGION, config=config)
    return _made[name]


def _respond(
    here: World, request: AWSPreparedRequest, answer: Callable[[World, AWSPreparedRequest], Body]
) -> AWSResponse:
    try:
        status, kind, content = answer(here, request)
        headers = {"Content-Type": kind}
    except ServiceError as error:
        status, headers, content = _error(error, is_query=answer is _cloudformation)
    except ConnectionLost as lost:
        raise lost.error from None
    except UnreadableAnswer:
        status, headers, content = 200, {"Content-Type": "application/json"}, b"{}"
    return AWSResponse(request.url, status, HTTPHeaders.from_dict(headers), _Raw(content))


def _emr_serverless(here: World, request: AWSPreparedRequest) -> Body:
    url = urlsplit(request.url)
    path = unquote(url.path)
    operation, params = next(
        (operation, dict(match.groupdict()))
        for method, pattern, operation in _ROUTES
        if method == request.method and (match := pattern.fullmatch(path))
    )
    params |= json.loads(_text(request) or "{}")
    for name, values in parse_qs(url.query).items():
        params[name] = values if name in _LISTS else values[0]
    answer = here.network.call(operation, params)
    return 200, "application/json", json.dumps(answer, default=_timestamp).encode()


def _cloudformation(here: World, request: AWSPreparedRequest) -> Body:
    fields = {name: values[0] for name, values in parse_qs(_text(request)).items()}
    operation = fields.pop("Action")
    answer = here.network.call(operation, fields)
    content = _xml(answer)
    return (
        200,
        "text/xml",
        (
            f"<{operation}Response><{operation}Result>{content}</{operation}Result>"
            f"</{operation}Response>"
        ).encode(),
    )


def _ssm(here: World, request: AWSPreparedRequest) -> Body:
    operation = request.headers["X-Amz-Target"]
    operation = (operation if isinstance(operation, str) else operation.decode()).split(".")[1]
    answer = here.network.call(operation, json.loads(_text(request)))
    return 200, "application/x-amz-json-1.1", json.dumps(answer).encode()


def _error(error: ServiceError, *, is_query: bool) -> tuple[int, dict[str, str], bytes]:
    if is_query:
        body = (
            f"<ErrorResponse><Error><Type>Sender</Type><Code>{error.code}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></ErrorResponse>"
        )
        return error.status, {"Content-Type": "text/xml"}, body.encode()
    headers = {"Content-Type": "application/json", "x-amzn-errortype": error.code}
    body = json.dumps({"message": error.message, "__type": error.code})
    return error.status, headers, body.encode()


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(f"<{k}>{_xml(v)}</{k}>" for k, v in value.items())
    if isinstance(value, list):
        return "".join(f"<member>{_xml(item)}</member>" for item in value)
    return escape(value.isoformat() if isinstance(value, datetime) else str(value))


def _timestamp(value: Any) -> Any:
    assert isinstance(value, datetime), value
    return value.timestamp()


def _text(request: AWSPreparedRequest) -> str:
    body = request.body or b""
    return body.decode() if isinstance(body, bytes) else str(body)


class _Raw(io.BytesIO):
    """A response's body, as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()
