"""The network between an invocation and the services, and its faults.

Every call of the handler comes through ``Network.call``, whether from a fake client
(``FakeClient``) or from botocore's socket (``wire``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    ReadTimeoutError,
)

from .choices import Choices
from .clock import Clock
from .service import Answer, ServiceError, SessionService

CALL_SECONDS = 0.1
URL = "https://service.example/"


class Killed(BaseException):
    """Lambda ended the function in the middle of a call."""


class ConnectionLost(Exception):
    """The connection broke. ``seconds`` is how long that took to show."""

    def __init__(self, seconds: float, error: Exception) -> None:
        super().__init__(str(error))
        self.seconds, self.error = seconds, error


class UnreadableAnswer(Exception):
    """An answer that says nothing."""


@dataclass(frozen=True)
class Kind:
    """A kind of outcome of a call.

    Args:
        acts: The service does what it was asked for.
        before: Seconds until the request comes to the service.
        after: Seconds until its outcome comes back.
        error: What comes back instead of the answer.
        kills: Lambda ends the function.
        stale: The answer is as it was some seconds ago.
    """

    acts: bool = False
    before: float = 0.0
    after: float = 0.0
    error: Callable[[], Exception] | None = None
    kills: bool = False
    stale: bool = False


def _service_error(status: int, code: str, message: str) -> Callable[[], Exception]:
    return lambda: ServiceError(status, code, message)


def _closed() -> Exception:
    return ConnectionLost(0.0, ConnectionClosedError(endpoint_url=URL))


def _no_answer() -> Exception:
    return ConnectionLost(8.0, ReadTimeoutError(endpoint_url=URL))


def _no_route() -> Exception:
    return ConnectionLost(2.0, ConnectTimeoutError(endpoint_url=URL))


_THROTTLED = _service_error(400, "ThrottlingException", "Rate exceeded")
_DENIED = _service_error(403, "AccessDeniedException", "The function is not authorized.")
_BROKEN = _service_error(500, "InternalServerException", "Request processing failed.")

KINDS: Mapping[str, Kind] = {
    "ok": Kind(acts=True),
    "killed": Kind(kills=True),
    "killed after": Kind(acts=True, kills=True),
    "slow answer": Kind(acts=True, after=7.0),
    "late": Kind(acts=True, before=12.0),
    "later": Kind(acts=True, before=25.0),
    "stale": Kind(acts=True, stale=True),
    "throttled": Kind(error=_THROTTLED),
    "denied": Kind(error=_DENIED),
    "error": Kind(error=_BROKEN),
    "error after": Kind(acts=True, error=_BROKEN),
    "closed": Kind(error=_closed),
    "closed after": Kind(acts=True, error=_closed),
    "no answer": Kind(error=_no_answer),
    "no answer after": Kind(acts=True, error=_no_answer),
    "no route": Kind(error=_no_route),
    "unreadable": Kind(acts=True, error=UnreadableAnswer),
    "refused": Kind(error=_service_error(400, "ValidationException", "It is not valid.")),
    "quota": Kind(error=_service_error(402, "ServiceQuotaExceededException", "Too many.")),
    "conflict": Kind(error=_service_error(409, "ConflictException", "It is not possible now.")),
}
_READ = ("ok", "killed", "slow answer", "throttled", "error", "closed", "no answer", "unreadable")
_WRITE = (
    *("ok", "killed", "killed after", "slow answer", "late", "throttled", "error", "error after"),
    *("closed", "closed after", "no answer", "no answer after"),
)
_ASK = ("ok", "stale", "denied", "no route", "slow answer", "killed", "throttled", "closed")
FAULTS: Mapping[str, tuple[str, ...]] = {
    "StartSession": (
        *_WRITE,
        *("later", "no route", "unreadable", "refused", "quota", "conflict", "denied"),
    ),
    "GetSession": (*_READ, "no route"),
    "ListSessions": _READ,
    "TerminateSession": (*_WRITE, "unreadable"),
    "TagResource": _WRITE,
    "UntagResource": _WRITE,
    "GetApplication": _READ,
    "StopApplication": _WRITE,
    "ListJobRuns": _READ,
    "DescribeStackResource": _ASK,
    "DescribeStacks": _ASK,
    "PutParameter": ("ok", "killed", "killed after", "throttled", "denied", "closed"),
    "PUT": ("ok", "killed", "killed after", "slow answer", "closed", "closed after", "no answer"),
}
"""The first is the calm one."""


@dataclass(eq=False)
class Invocation:
    """One run of the function for one event."""

    name: str
    event: Mapping[str, Any]
    started_at: float
    ends_at: float
    dead: bool = False
    calls: Counter[str] = field(default_factory=Counter)
    without_route: int = 0
    """Calls to CloudFormation that had no route."""
    silent: int = 0
    """Calls to CloudFormation without an answer since the last that had one."""
    most_silent: int = 0
    returned: bool = False


class Network:
    """Calls of invocations, each with the fault that it meets."""

    def __init__(self, clock: Clock, choices: Choices, service: SessionService) -> None:
        self.seconds = CALL_SECONDS
        self.met: Counter[str] = Counter()
        self.current: Callable[[], Invocation] = lambda: NOBODY
        self.watch: Callable[[Invocation, str, Mapping[str, Any]], None] = lambda *_: None
        self.creator = ""
        self.always: dict[str, str] = {}
        """Operations that every call of goes wrong, and how."""
        self.others: dict[str, Callable[[Mapping[str, Any], bool], Answer]] = {}
        """What answers the operations of other services: parameters, and whether it is stale."""
        self._clock, self._choices, self._service = clock, choices, service

    def call(self, operation: str, params: Mapping[str, Any]) -> Answer:
        """One call, after which time has passed.

        Raises ServiceError, ConnectionLost or UnreadableAnswer as the call ends, and Killed.
        """
        invocation = self.current()
        if invocation.dead:
            raise Killed(operation)
        name = self.always.get(operation) or self._choices.choose(
            f"{invocation.name} {operation}", FAULTS[operation]
        )
        invocation.calls[operation] += 1
        kind = KINDS[name]
        if name != "ok":
            self.met[f"{operation}: {name}"] += 1
            invocation.without_route += name == "no route" and operation.startswith("Describe")
        if operation == "DescribeStackResource":
            invocation.silent = 0 if kind.error is None else invocation.silent + 1
            invocation.most_silent = max(invocation.most_silent, invocation.silent)
        self._clock.sleep(kind.before + self.seconds)
        if invocation.dead:
            raise Killed(operation)
        answer: Answer = {}
        if kind.acts:
            self.watch(invocation, operation, params)
            if operation in self.others:
                answer = self.others[operation](params, kind.stale)
            else:
                answer = self._service.perform(operation, params, self.creator, invocation.name)
        if kind.kills:
            invocation.dead = True
            raise Killed(operation)
        error = kind.error() if kind.error is not None else None
        waits = kind.after + (error.seconds if isinstance(error, ConnectionLost) else 0.0)
        if waits:
            self._clock.sleep(waits)
            if invocation.dead:
                raise Killed(operation)
        if error is not None:
            raise error
        return answer


NOBODY = Invocation("nobody", {}, 0.0, float("inf"))


class FakeClient:
    """Has the operations of a botocore client as methods, without serialisation."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def __getattr__(self, method: str) -> Callable[..., Answer]:
        operation = "".join(part.capitalize() for part in method.split("_"))
        if operation not in FAULTS:
            raise AttributeError(method)

        def call(**params: Any) -> Answer:
            try:
                return self._network.call(operation, params)
            except ServiceError as error:
                raise client_error(operation, error) from None
            except ConnectionLost as lost:
                raise lost.error from None
            except UnreadableAnswer:
                return {}

        self.__dict__[method] = call
        return call


def client_error(operation: str, error: ServiceError) -> ClientError:
    """The error that botocore's client raises."""
    response: Any = {
        "Error": {"Code": error.code, "Message": error.message},
        "ResponseMetadata": {"HTTPStatusCode": error.status},
    }
    return ClientError(response, operation)
