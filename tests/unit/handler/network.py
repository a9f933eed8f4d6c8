"""The network between the handler and the session service: faults, limits, a list of calls."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from emr_serverless_local.sessions import SessionService, wire
from emr_serverless_local.sessions.errors import ServiceError
from tests.unit.handler.clock import Clock

Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Fault:
    """An answer in place of the service's own."""

    status: int
    code: str
    message: str = "as the test wants it"
    acts: bool = False
    """Whether the service does what is asked all the same."""


THROTTLED = Fault(400, "ThrottlingException", "Rate exceeded")
BROKEN = Fault(500, "InternalServerException")
LOST = Fault(500, "InternalServerException", acts=True)
DENIED = Fault(403, "AccessDeniedException", "User: x is not authorized to perform: y")
NOT_FOUND = Fault(404, "ResourceNotFoundException", "Not found")


class Network:
    """Hands requests on to a service, but for the faults that a test asks for."""

    def __init__(self, service: SessionService, clock: Clock) -> None:
        self._service = service
        self._clock = clock
        self._faults: dict[str, list[Fault]] = defaultdict(list)
        self.calls: list[tuple[float, str]] = []
        self.before: dict[str, Callable[[], object]] = {}
        """What happens just before an operation is asked for."""
        self.always: dict[str, Fault] = {}

    def fail(self, operation: str, *faults: Fault) -> None:
        """Let the next calls of an operation fail so, one after the other."""
        self._faults[operation] += faults

    def count(self) -> Counter[str]:
        """How often each operation was asked for."""
        return Counter(operation for _, operation in self.calls)

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> Response:
        """Answer a request."""
        try:
            operation = wire.parse(method, path, body, query)[0].name
        except ServiceError:  # the service says it better
            return self._service.handle(method, path, headers, body, query)
        self.calls.append((self._clock.now(), operation))
        self.before.get(operation, lambda: None)()
        queued = self._faults[operation]
        fault = queued.pop(0) if queued else self.always.get(operation)
        if fault is None or fault.acts:
            answer = self._service.handle(method, path, headers, body, query)
        if fault is None:
            return answer
        content = json.dumps({"message": fault.message}).encode()
        return fault.status, {"x-amzn-errortype": fault.code}, content
