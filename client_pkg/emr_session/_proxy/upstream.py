"""The session behind the proxy: its channels, its token, and its errors.

AWS is asked in threads, so that no call waits for the answer to another.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import grpc
from botocore.exceptions import BotoCoreError, ClientError

from .._channel.current_session import CurrentSession
from .._channel.endpoint import TOKEN_HEADER, Endpoint
from .._channel.endpoint_errors import endpoint_error
from .._channel.tokens import MARGIN_SECONDS
from .._emr.clock import Clock
from .._emr.names import SessionArn
from ..errors import (
    ConnectError,
    SessionEndedError,
    SessionMovedError,
    SessionNotFoundError,
)
from .channels import Channels
from .status import Status, status_of
from .threads import in_thread

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

_log = logging.getLogger(__name__)
_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True)
class Route:
    """What a call takes to the session: channels, and an endpoint with a valid token."""

    arn: SessionArn
    endpoint: Endpoint
    channels: Channels


class Upstream:
    """The current session. Belongs to one event loop."""

    def __init__(
        self,
        current: CurrentSession,
        *,
        follow: bool,
        root_certificates: bytes | None,
        clock: Clock,
    ) -> None:
        """The route to a usable session.

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
        self._route: Route | None = None
        self._renewing = asyncio.Lock()
        self._check: tuple[SessionArn, asyncio.Task[None]] | None = None
        self.ended: asyncio.Future[ConnectError] = asyncio.get_running_loop().create_future()

    async def route(self) -> Route:
        """The route to the current session.

        Raises:
            ConnectError: The session is over.
            botocore.exceptions.BotoCoreError: AWS can't be asked for a token.
            botocore.exceptions.ClientError: AWS refuses one.
        """
        if not self._route or not self._is_good(self._route):
            async with self._renewing:
                if not self._route or not self._is_good(self._route):
                    await self._renew()
        assert self._route
        return self._route

    async def reach(self) -> None:
        """Test the connection, to report problems at the start.

        Raises:
            EndpointError: The endpoint doesn't answer, isn't trusted, or refuses the token.
        """
        route = await self.route()
        with route.channels.lent() as channel:
            method: Any = channel.unary_unary(_REACH_METHOD)
            call = method(
                b"", metadata=((TOKEN_HEADER, route.endpoint.token),), timeout=REACH_SECONDS
            )
            code, details = await call.code(), await call.details()
        if code in _GATEWAY_CODES and code is not grpc.StatusCode.UNIMPLEMENTED:
            await self._look(route.arn)
        error = endpoint_error(
            code,
            details,
            session_id=route.arn.session_id,
            address=route.endpoint.address,
            timeout=REACH_SECONDS,
        )
        if error:
            raise error

    async def explained(self, route: Route, code: grpc.StatusCode) -> Status | None:
        """What is behind the failure of a call, if it is more than the session said."""
        if code not in _GATEWAY_CODES:
            return None
        try:
            await self._look(route.arn)
        except ConnectError as error:
            return status_of(error)
        except (BotoCoreError, ClientError):
            # What the session said is as good.
            return None
        if code in _REFUSED_CODES:
            await in_thread(self._current.tokens.drop, route.endpoint)
            if self._route is route:
                self._route = None
        # A new token will do, so that clients re-attach as after a broken connection.
        return _OUTLIVED if code in _EXPIRED_CODES and not self._is_good(route) else None

    async def watch(self, seconds: float) -> None:
        """Check repeatedly, at an interval, whether the session is over."""
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
        if self._route:
            await self._route.channels.close()

    def _is_good(self, route: Route) -> bool:
        """Whether a call may begin with this token."""
        renew_at = route.endpoint.expires_at - MARGIN_SECONDS
        return route.arn == self._current.arn and self._clock.now() < renew_at

    async def _renew(self) -> None:
        # Read before: the client may move meanwhile, and then this endpoint is of no use.
        before, arn = self._route, self._current.arn
        endpoint = await self._asked(self._current.endpoint)
        if before and before.endpoint.address == endpoint.address:
            channels = before.channels
        else:
            channels = Channels(endpoint.address, self._root_certificates)
        self._route = Route(arn, endpoint, channels)
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
            return await in_thread(function, *arguments, **named)
        except (SessionEndedError, SessionNotFoundError) as ended:
            if not self._follow and not self.ended.done():
                self.ended.set_result(ended)
            raise
