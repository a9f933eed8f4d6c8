"""How a call to the session ended: its gRPC status."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import grpc

# How long the session's own status may take after gRPC's.
_LATER_SECONDS = 5.0
_LOOK_SECONDS = 0.01
_T = TypeVar("_T")


@dataclass(frozen=True)
class Outcome:
    """A call's status and trailers."""

    code: grpc.StatusCode
    details: str
    trailers: tuple[Any, ...]

    @property
    def is_of_grpc(self) -> bool:
        """Whether gRPC's client made it up, because it could not send."""
        return (self.code, self.details) == (
            grpc.StatusCode.INTERNAL,
            "Internal error from Core",
        )


class Outcomes:
    """The outcomes of a call, as they come.

    A call that the session ends while something is still being sent to it has two, in any
    order: the session's, and one that grpc.aio makes of the failed sending. grpc.aio tells of the
    first and keeps the later one (https://github.com/grpc/grpc/issues/36066); what the session
    said is what counts.
    """

    def __init__(self, call: Any) -> None:
        """The outcomes of a call that has just been made."""
        self._call = call
        self._of_session: Outcome | None = None
        call.add_done_callback(lambda _: self._look())

    async def outcome(self) -> Outcome:
        """The session's, when the call is over; gRPC's if there is no other."""
        await self._call.code()
        waited = 0.0
        while not (found := self._look()) and waited < _LATER_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            waited += _LOOK_SECONDS
        return found or _outcome(self._call)

    def _look(self) -> Outcome | None:
        if not self._of_session:
            outcome = _outcome(self._call)
            self._of_session = None if outcome.is_of_grpc else outcome
        return self._of_session


def _outcome(call: Any) -> Outcome:
    """The one that a call that is over has at this moment."""
    return Outcome(
        _now(call.code()), _now(call.details()) or "", tuple(_now(call.trailing_metadata()) or ())
    )


def _now(answer: Coroutine[Any, Any, _T]) -> _T:
    """What a coroutine that has nothing to wait for returns.

    A task of its own would be too late: the next outcome may take the place of this one.
    """
    try:
        answer.send(None)
    except StopIteration as returned:
        value: _T = returned.value
        return value
    raise RuntimeError("gRPC makes a call that is over wait for its status.")
