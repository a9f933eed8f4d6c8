"""Forwards the bytes of every gRPC method between a client and the session.

Takes every method for a stream both ways, so that whatever Spark Connect adds passes too. Those
that are known to have one message each way cost less: a client releases each batch of rows.
"""

from __future__ import annotations

import asyncio
import functools
from typing import Any

import grpc
from botocore.exceptions import BotoCoreError, ClientError

from .._channel.endpoint import TOKEN_HEADER
from ..errors import ConnectError
from .outcome import Outcome, Outcomes
from .secret import SECRET_HEADER, matches
from .status import Status, status_of
from .upstream import Upstream

# The answers that are under way when the proxy ends get this long.
GRACE_SECONDS = 1.0
# What gRPC says of itself on each connection, and what is for one side alone.
_NOT_PASSED_ON = frozenset({"user-agent", SECRET_HEADER, TOKEN_HEADER})
ONE_MESSAGE_EACH_WAY = frozenset(
    f"/spark.connect.SparkConnectService/{name}"
    for name in (
        *("AnalyzePlan", "ArtifactStatus", "CloneSession", "Config", "FetchErrorDetails"),
        *("Interrupt", "ReleaseExecute", "ReleaseSession"),
    )
)
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
        """The handler of a method."""
        method = handler_call_details.method
        handle = functools.partial(self._handle, method)
        if method in ONE_MESSAGE_EACH_WAY:
            return grpc.unary_unary_rpc_method_handler(handle)
        return grpc.stream_stream_rpc_method_handler(handle)

    async def end(self, status: Status) -> None:
        """End the calls that are open, and those that still come, with a status."""
        self._ended = status
        for task in self._open:
            task.cancel()
        if self._open:
            # A client that reads nothing more never has its status.
            await asyncio.wait(self._open, timeout=GRACE_SECONDS)

    async def _handle(self, method: str, sent: Any, context: Any) -> bytes | None:
        """Pass a call on: ``sent`` is its message, or the context has a stream of them."""
        try:
            return await self._answered(method, sent, context)
        except (grpc.aio.InternalError, grpc.aio.UsageError) as error:
            # The client went while it was being answered. gRPC would log a stack trace.
            raise asyncio.CancelledError from error

    async def _answered(self, method: str, sent: Any, context: Any) -> bytes | None:
        task = asyncio.current_task()
        assert task
        self._open.add(task)
        try:
            if self._ended:
                await context.abort(*self._ended)
            metadata = context.invocation_metadata()
            if self._secret and not matches(self._secret, dict(metadata).get(SECRET_HEADER)):
                await context.abort(*_WRONG_SECRET)
            kept = [pair for pair in metadata if pair[0] not in _NOT_PASSED_ON]
            return await self._pass_on(method, sent, kept, context)
        except asyncio.CancelledError:
            # By ``end``; or by the client, who hears nothing more.
            if self._ended:
                await context.abort(*self._ended)
            raise
        finally:
            self._open.discard(task)

    async def _pass_on(
        self, method: str, sent: Any, metadata: list[Any], context: Any
    ) -> bytes | None:
        try:
            route = await self._upstream.route()
        except (ConnectError, BotoCoreError, ClientError) as error:
            await context.abort(*status_of(error))
            raise
        options: dict[str, Any] = {
            "metadata": (*metadata, (TOKEN_HEADER, route.endpoint.token)),
            # None where there is no deadline: any number would be one.
            "timeout": context.time_remaining(),
        }
        answer: bytes | None = None
        with route.channels.lent() as channel:
            if method in ONE_MESSAGE_EACH_WAY:
                asking: Any = channel.unary_unary(method)
                answer, ended = await _ask(asking(sent, **options), context)
            else:
                streaming: Any = channel.stream_stream(method)
                ended = await _stream(streaming(**options), context)
        if ended.code is grpc.StatusCode.OK:
            context.set_trailing_metadata(ended.trailers)
            return answer
        explained = await self._upstream.explained(route, ended.code)
        if explained:
            # The trailers belong to the code of before, and clients compare the two.
            await context.abort(*explained)
        await context.abort(ended.code, ended.details, ended.trailers)
        return None


async def _ask(call: Any, context: Any) -> tuple[bytes | None, Outcome]:
    """Pass on one answer, and how the call ended."""
    answer = None
    try:
        answer = await call
        await _pass_headers_on(call, context)
    except grpc.aio.AioRpcError:
        pass
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
    finally:
        # Nothing but an end by itself leaves a call that goes on.
        call.cancel()
    trailers = tuple(await call.trailing_metadata() or ())
    return answer, Outcome(await call.code(), await call.details() or "", trailers)


async def _stream(call: Any, context: Any) -> Outcome:
    """Pass on what both sides say, and how the call ended."""
    outcomes = Outcomes(call)
    requests = asyncio.ensure_future(_send(context, call))
    try:
        await _answer(call, context)
        return await outcomes.outcome()
    finally:
        requests.cancel()
        # Nothing but an end by itself leaves a call that goes on.
        call.cancel()


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
        await _pass_headers_on(call, context)
        # Not by read(), which gives nothing more once something could not be sent.
        async for message in call:
            await context.write(message)
    except grpc.RpcError:
        # The status is passed on by the caller.
        pass
    except asyncio.CancelledError:
        if _is_cancelled():
            raise


def _is_cancelled() -> bool:
    """Whether this task is cancelled, and not just its call, because its channel was closed."""
    task = asyncio.current_task()
    return bool(task and task.cancelling())


async def _pass_headers_on(call: Any, context: Any) -> None:
    headers = await call.initial_metadata()
    if headers:
        await context.send_initial_metadata(tuple(headers))
