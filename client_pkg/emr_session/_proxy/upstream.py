"""The session that the proxy leads to: its channels, its token, and what its errors mean.

AWS is asked in threads, so that no call waits for the answer to another.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import grpc
from botocore.exceptions import BotoCoreError, ClientError

from .._channel.current_session import CurrentSession
from .._channel.endpoint import TOKEN_HEADER, Endpoint
from .._channel.tokens import MARGIN_SECONDS
from .._emr.clock import Clock
from .._emr.names import SessionArn
from ..errors import (
    ConnectError,
    EndpointError,
    SessionEndedError,
    SessionMovedError,
    SessionNotFoundError,
)
from .channels import Channels
from .status import Status, status_of

# How long the endpoint may take to say anything at all, when the proxy starts.
REACH_SECONDS = 10.0
# No method of Spark Connect: nothing is begun by asking for it.
_REACH_METHOD = "/emr_session.Proxy/Reach"

# Said by what stands in front of a session that is gone, or that refuses a token. Spark's own
# errors are INTERNAL.
_GATEWAY_CODES = frozenset(
    {
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNAVAILABLE,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.UNKNOWN,
    }
)
_REFUSED_CODES = frozenset({grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED})
# An expired token ends a stream on AWS as UNKNOWN, "Stream removed".
_EXPIRED_CODES = _REFUSED_CODES | {grpc.StatusCode.UNKNOWN}
_OUTLIVED = (
    grpc.StatusCode.UNAVAILABLE,
    "The call outlived its token. The next one has a new token: try again.",
)
# How gRPC says that a certificate isn't by whom it should be, or for whom.
_NOT_TRUSTED = ("certificate_verify_failed", "handshake", "verification check failed")

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Way:
    """What a call takes to the session: channels, and an endpoint with a valid token."""

    arn: SessionArn
    endpoint: Endpoint
    channels: Channels


class Upstream:
    """The session of now. Belongs to one event loop."""

    def __init__(
        self,
        current: CurrentSession,
        *,
        follow: bool,
        root_certificates: bytes | None,
        clock: Clock,
    ) -> None:
        """The way to a session that is usable.

        Args:
            current: The session, and its tokens.
            follow: Whether a session that is over has a successor.
            root_certificates: Whom to trust, as PEM; gRPC's own roots if there are none.
            clock: Time.
        """
        self._current = current
        self._follow = follow
        self._root_certificates = root_certificates
        self._clock = clock
        self._way: Way | None = None
        self._renewing = asyncio.Lock()
        self._check: tuple[SessionArn, asyncio.Task[None]] | None = None
        self.ended: asyncio.Future[ConnectError] = asyncio.get_running_loop().create_future()

    async def way(self) -> Way:
        """The way to the session of now.

        Raises:
            ConnectError: The session is over.
            botocore.exceptions.BotoCoreError: AWS can't be asked for a token.
            botocore.exceptions.ClientError: AWS refuses one.
        """
        if not self._way or not self._is_good(self._way):
            async with self._renewing:
                if not self._way or not self._is_good(self._way):
                    await self._renew()
        assert self._way
        return self._way

    async def reach(self) -> None:
        """Try the way there, so that what is wrong with it is said at the start.

        Raises:
            EndpointError: The endpoint doesn't answer, isn't trusted, or refuses the token.
        """
        way = await self.way()
        with way.channels.lent() as channel:
            method: Any = channel.unary_unary(_REACH_METHOD)
            call = method(
                b"", metadata=((TOKEN_HEADER, way.endpoint.token),), timeout=REACH_SECONDS
            )
            code, details = await call.code(), await call.details()
        if code in _GATEWAY_CODES and code is not grpc.StatusCode.UNIMPLEMENTED:
            await self._look(way.arn)
        where = f"The endpoint of session {way.arn.session_id} ({way.endpoint.address})"
        said = f"{code.name}: {details}"
        if any(sign in said.lower() for sign in _NOT_TRUSTED):
            raise EndpointError(
                f"{where} has no certificate that is trusted here: {said}. Behind a proxy that "
                "breaks TLS open, give its certificate with --root-certificates."
            )
        if code in _REFUSED_CODES:
            raise EndpointError(
                f"{where} refuses the token that GetSessionEndpoint just gave: {said}. Check that "
                "this machine's clock is right, and start the proxy again."
            )
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            raise EndpointError(
                f"{where} doesn't answer (within {REACH_SECONDS:g} s): {said}. Check that this "
                "network lets HTTPS (HTTP/2) out to that address, and start the proxy again."
            )

    async def explained(self, way: Way, code: grpc.StatusCode) -> Status | None:
        """What is behind the failure of a call, if it is more than the session said."""
        if code not in _GATEWAY_CODES:
            return None
        try:
            await self._look(way.arn)
        except ConnectError as error:
            return status_of(error)
        except (BotoCoreError, ClientError):
            # What the session said is as good.
            return None
        if code in _REFUSED_CODES:
            await _aside(self._current.tokens.drop, way.endpoint)
            if self._way is way:
                self._way = None
        # A new token will do, so that clients re-attach as after a broken connection.
        return _OUTLIVED if code in _EXPIRED_CODES and not self._is_good(way) else None

    async def watch(self, seconds: float) -> None:
        """Look every so many seconds whether the session is over, for ever."""
        while True:
            await asyncio.sleep(seconds)
            try:
                await self._look(self._current.arn)
            except SessionMovedError as moved:
                _log.info("%s", moved)
            except (ConnectError, BotoCoreError, ClientError) as error:
                _log.debug("%s", error)

    async def close(self) -> None:
        """Close the channels."""
        if self._way:
            await self._way.channels.close()

    def _is_good(self, way: Way) -> bool:
        """Whether a call may begin with this token."""
        renew_at = way.endpoint.expires_at - MARGIN_SECONDS
        return way.arn == self._current.arn and self._clock.now() < renew_at

    async def _renew(self) -> None:
        before = self._way
        endpoint = await self._asked(self._current.endpoint)
        if before and before.endpoint.address == endpoint.address:
            channels = before.channels
        else:
            channels = Channels(endpoint.address, self._root_certificates)
        self._way = Way(self._current.arn, endpoint, channels)
        if before and before.channels is not channels:
            await before.channels.close()

    async def _look(self, arn: SessionArn) -> None:
        """Raise what is to be said if a session is over; calls that fail together ask once."""
        if not self._check or self._check[0] != arn or self._check[1].done():
            task = asyncio.ensure_future(self._asked(self._current.raise_if_ended, arn))
            # Whoever asked may be gone by then.
            task.add_done_callback(lambda done: done.cancelled() or done.exception())
            self._check = arn, task
        await asyncio.shield(self._check[1])

    async def _asked(
        self, function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs
    ) -> _T:
        try:
            return await _aside(function, *arguments, **named)
        except (SessionEndedError, SessionNotFoundError) as ended:
            if not self._follow and not self.ended.done():
                self.ended.set_result(ended)
            raise


async def _aside(function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """Call a function in a thread that the end of the program doesn't wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, problem = None, None
        try:
            result = function(*arguments, **named)
        except BaseException as error:  # noqa: BLE001 (raised where it is awaited)
            problem = error
        # The loop may have ended meanwhile.
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, result, problem)

    threading.Thread(target=run, daemon=True).start()
    return await future
