"""The proxy's server: it listens, and ends with the session or on request."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

import grpc

from ..errors import ConnectError, ProxyError
from .channels import UNLIMITED
from .relay import GRACE_SECONDS, Relay
from .status import Status, status_of
from .upstream import Upstream

HOST = "127.0.0.1"
_ENDED: Status = (
    grpc.StatusCode.UNAVAILABLE,
    "The proxy has ended. Start it again on the same port, and what was open goes on.",
)


async def serve(
    upstream: Upstream,
    *,
    port: int,
    secret: str | None,
    watch_seconds: float,
    stop: asyncio.Event,
    on_listening: Callable[[int], None],
) -> ConnectError | None:
    """Serve a session on loopback.

    Args:
        upstream: The session.
        port: Where to listen; 0 for any port that is free.
        secret: What clients have to send, if anything.
        watch_seconds: How often to look whether the session is over, without being asked.
        stop: Ends it.
        on_listening: Is told the port.

    Returns:
        Why the session is over, or None when it was ``stop``.

    Raises:
        ProxyError: Something else listens on the port.
        ConnectError: The session can't be reached.
        botocore.exceptions.ClientError: AWS refuses a token.
    """
    relay = Relay(upstream, secret)
    # Without so_reuseport=0 two proxies would share a port.
    options = {**UNLIMITED, "grpc.so_reuseport": 0}
    server = grpc.aio.server(options=list(options.items()))
    server.add_generic_rpc_handlers([relay])
    try:
        await upstream.reach()
        listening = _listen(server, port)
        await server.start()
        on_listening(listening)
        return await _until_ended(upstream, relay, watch_seconds, stop)
    finally:
        await server.stop(GRACE_SECONDS)
        await upstream.close()


def _listen(server: grpc.aio.Server, port: int) -> int:
    try:
        # Tried without gRPC first, which writes lines of its own about a port that is taken.
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((HOST, port))
        return server.add_insecure_port(f"{HOST}:{port}")
    except (OSError, OverflowError, RuntimeError) as error:
        if isinstance(error, OverflowError):
            problem = "can't be used: ports end at 65535"
        elif isinstance(error, OSError) and error.errno != errno.EADDRINUSE:
            problem = f"can't be used: {error.strerror}"
        else:
            problem = "is taken, perhaps by another proxy"
        raise ProxyError(
            f"Port {port} of {HOST} {problem}. Choose another with --port, or 0 for any free one."
        ) from error


async def _until_ended(
    upstream: Upstream, relay: Relay, watch_seconds: float, stop: asyncio.Event
) -> ConnectError | None:
    watching = asyncio.ensure_future(upstream.watch(watch_seconds))
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    ending: list[asyncio.Future[Any]] = [stopping, upstream.ended]
    try:
        await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watching.cancel()
        stopping.cancel()
    reason = upstream.ended.result() if upstream.ended.done() else None
    await relay.end(status_of(reason) if reason else _ENDED)
    return reason
