"""An EMR Serverless that misbehaves: the local session service, with faults at its calls."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs, unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError

from emr_serverless_local.sessions import SessionService, wire

from .agenda import Agenda

Kind = Literal[
    "refused",
    "quota",
    "denied",
    "throttled",
    "error",
    "garbled",
    "dropped",
    "slow",
    "unreachable",
    "killed",
]
# An error answer for each kind that is one: status, code, message.
_ERRORS = {
    "refused": (400, "ValidationException", "The request is not valid."),
    "quota": (402, "ServiceQuotaExceededException", "The maximum number of sessions is reached."),
    "denied": (403, "AccessDeniedException", "The handler is not authorized to perform this."),
    "throttled": (429, "ThrottlingException", "Rate exceeded"),
    "error": (500, "InternalServerException", "Request processing failed."),
}


Answer = tuple[int, dict[str, str], bytes]


class Killed(BaseException):
    """Lambda ended the function in the middle of a call."""


@dataclass(frozen=True)
class Fault:
    """What goes wrong with ``times`` attempts at an operation, after ``skip`` that go well.

    ``garbled`` is an answer that says nothing; ``acted``: the service did what was asked before
    it went wrong.
    """

    operation: str
    kind: Kind
    acted: bool = False
    skip: int = 0
    times: int = 1

    def strikes(self, attempt: int) -> bool:
        return self.skip <= attempt < self.skip + self.times


class MisbehavingService:
    """The service as the network shows it. ``answer`` is a botocore ``before-send`` hook."""

    def __init__(self, service: SessionService, agenda: Agenda) -> None:
        self.service = service
        self.list_lag = 0.0
        self.longest_lag = 0.0
        self.asked: Callable[[str, dict[str, Any]], None] = lambda *_: None
        self.struck: Counter[str] = Counter()
        self._agenda = agenda
        self._faults: tuple[Fault, ...] = ()
        self._attempts: Counter[str] = Counter()

    def expect(self, *faults: Fault) -> None:
        """Let these faults happen from now on, and no others; attempts count from here."""
        self._faults = faults
        self._attempts.clear()

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        url = urlsplit(request.url)
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        path, query = unquote(url.path), parse_qs(url.query, keep_blank_values=True)
        operation, params = wire.parse(request.method, path, body, query)
        self.asked(operation.name, params)

        def act() -> Answer:
            status, headers, content = self.service.handle(
                request.method, path, dict(request.headers), body, query
            )
            if operation.name == "ListSessions" and self.list_lag and status == 200:
                self.longest_lag = max(self.longest_lag, self.list_lag)
                content = self._as_it_was(content)
            return status, headers, content

        return self.go_through(operation.name, request, act)

    def go_through(
        self, operation: str, request: AWSPreparedRequest, act: Callable[[], Answer]
    ) -> AWSResponse:
        """An attempt at an operation of any service, and the fault that it meets."""
        fault = self._fault(operation)
        if fault is None or fault.acted:
            status, headers, content = act()
        if fault is not None:
            self.struck[fault.kind + (" after acting" if fault.acted else "")] += 1
            status, headers, content = self._go_wrong(fault, request)
        return AWSResponse(request.url, status, headers, _Raw(content))

    def _fault(self, operation: str) -> Fault | None:
        attempt = self._attempts[operation]
        self._attempts[operation] += 1
        return next(
            (f for f in self._faults if f.operation == operation and f.strikes(attempt)), None
        )

    def _go_wrong(self, fault: Fault, request: AWSPreparedRequest) -> Answer:
        if fault.kind == "killed":
            raise Killed(fault.operation)
        if fault.kind == "dropped":
            raise ConnectionClosedError(endpoint_url=request.url)
        if fault.kind == "slow":
            self._agenda.wait(8)
            raise ReadTimeoutError(endpoint_url=request.url)
        if fault.kind == "unreachable":
            self._agenda.wait(2)
            raise ConnectTimeoutError(endpoint_url=request.url)
        if fault.kind == "garbled":
            return 200, {"Content-Type": "application/json"}, b"{}"
        status, code, message = _ERRORS[fault.kind]
        headers = {"Content-Type": "application/json", "x-amzn-errortype": code}
        return status, headers, json.dumps({"message": message}).encode()

    def _as_it_was(self, content: bytes) -> bytes:
        page = json.loads(content)
        newest = self._agenda.now() - self.list_lag
        page["sessions"] = [s for s in page["sessions"] if s["createdAt"] <= newest]
        return json.dumps(page).encode()


class _Raw(io.BytesIO):
    """A response's body, as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()
