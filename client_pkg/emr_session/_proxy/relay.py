"""Forwards the bytes of every gRPC method between a client and the session.

Knows nothing of Spark Connect, so that whatever it adds passes too.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError

from .._channel.endpoint import TOKEN_HEADER
from ..errors import ConnectError
from .outcome import Outcomes
from .secret import SECRET_HEADER, matches
from .status import Status, status_of
from .upstream import Upstream

# The answers that are under way when the proxy ends get this long.
GRACE_SECONDS = 1.0
# What gRPC says of itself on each connection, and what is for one side alone.
_NOT_PASSED_ON = frozenset({"user-agent", SECRET_HEADER, TOKEN_HEADER})
_WRONG_SECRET = (
    grpc.StatusCode.UNAUTHENTICATED,
    "This proxy asks for the secret that is in its address. Take the whole address, as "
    "emr-session proxy printed it when it started.",
)


class Relay(grpc.GenericRpcHandler):
    """The handler of all methods. Belongs to one event loop."""

    def __init__(self, upstream: Upstream, secret: str | None) -> None:
        """A relay to a session, for whoever sends ``secret`` if there is one."""
        self._upstream = upstream
        self._secret = secret
        self._open: set[asyncio.Task[Any]] = set()
        self._ended: Status | None = None

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """The handler of a method: the same for all."""
        return grpc.stream_stream_rpc_method_handler(
            functools.partial(self._handle, handler_call_details.method)
        )

    async def end(self, status: Status) -> None:
        """End the calls that are open, and those that still come, with a status."""
        self._ended = status
        for task in self._open:
            task.cancel()
        if self._open:
            # A client that reads nothing more never has its status.
            await asyncio.wait(self._open, timeout=GRACE_SECONDS)

    async def _handle(self, method: str, _: Any, context: Any) -> None:
        try:
            await self._answered(method, context)
        except (grpc.aio.InternalError, grpc.aio.UsageError) as error:
            # The client went while it was being answered. gRPC would log a stack trace.
            raise asyncio.CancelledError from error

    async def _answered(self, method: str, context: Any) -> None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            if self._ended:
                await context.abort(*self._ended)
            sent = context.invocation_metadata()
            if self._secret and not matches(self._secret, dict(sent).get(SECRET_HEADER)):
                await context.abort(*_WRONG_SECRET)
            kept = [pair for pair in sent if pair[0] not in _NOT_PASSED_ON]
            await self._pass_on(method, kept, context)
        except asyncio.CancelledError:
            # By ``end``; or by the client, who hears nothing more.
            if self._ended:
                await context.abort(*self._ended)
            raise
        finally:
            self._open.discard(task)

    async def _pass_on(self, method: str, metadata: list[Any], context: Any) -> None:
        try:
            route = await self._upstream.route()
        except (ConnectError, BotoCoreError, ClientError) as error:
            await context.abort(*status_of(error))
            raise
        with route.channels.lent() as channel:
            call: Any = channel.stream_stream(method)(
                metadata=(*metadata, (TOKEN_HEADER, route.endpoint.token)),
                # None where there is no deadline: any number would be one.
                timeout=context.time_remaining(),
            )
            outcomes = Outcomes(call)
            requests = asyncio.ensure_future(_send(context, call))
            try:
                await _answer(call, context)
                ended = await outcomes.outcome()
            finally:
                requests.cancel()
                # Nothing but an end by itself leaves a call that goes on.
                call.cancel()
        if ended.code is grpc.StatusCode.OK:
            context.set_trailing_metadata(ended.trailers)
            return
        explained = await self._upstream.explained(route, ended.code)
        if explained:
            # The trailers belong to the code of before, and clients compare the two.
            await context.abort(*explained)
        await context.abort(ended.code, ended.details, ended.trailers)


async def _send(context: Any, call: Any) -> None:
    """Pass on what the client sends, until it has sent all."""
    try:
        while (message := await context.read()) is not grpc.aio.EOF:
            await call.write(message)
        await call.done_writing()
    except (grpc.RpcError, asyncio.InvalidStateError):
        # The call is over: its status says how.
        pass


async def _answer(call: Any, context: Any) -> None:
    """Pass on what the session answers, until its status."""
    try:
        headers = await call.initial_metadata()
        if headers:
            await context.send_initial_metadata(tuple(headers))
        # Not by read(), which gives nothing more once something could not be sent.
        async for message in call:
            await context.write(message)
    except grpc.RpcError:
        # The status is passed on by the caller.
        pass
