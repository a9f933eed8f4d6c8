"""A pool of gRPC channels to one address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import grpc

from .._channel.options import channel_options

# Spark makes batches of rows, errors and artifacts as large as it likes.
UNLIMITED: dict[str, int | str] = {
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
    # Trailers hold a stack trace.
    "grpc.max_metadata_size": 1 << 20,
    "grpc.absolute_max_metadata_size": 1 << 20,
}
# A server lets a connection have as many calls at once (RFC 9113, 6.5.2: "no smaller than 100").
# Those over it would wait, and an interrupt behind the very queries that it is to end.
CALLS_A_CONNECTION = 100


@dataclass
class _Connection:
    channel: grpc.aio.Channel
    calls: int = 0


class Channels:
    """Channels over TLS to an address; belongs to one event loop."""

    def __init__(self, address: str, root_certificates: bytes | None) -> None:
        """Channels that are opened when they are needed.

        Args:
            address: ``HOST:PORT``.
            root_certificates: Whom to trust, as PEM; gRPC's own roots if there are none.
        """
        self._address = address
        self._credentials = grpc.ssl_channel_credentials(root_certificates=root_certificates)
        self._connections: list[_Connection] = []

    @contextmanager
    def lent(self) -> Iterator[grpc.aio.Channel]:
        """A channel for one call."""
        connection = self._free()
        connection.calls += 1
        try:
            yield connection.channel
        finally:
            connection.calls -= 1

    async def close(self) -> None:
        """Close all; what is open ends as cancelled."""
        for connection in self._connections:
            await connection.channel.close()

    def _free(self) -> _Connection:
        for connection in self._connections:
            if connection.calls < CALLS_A_CONNECTION:
                return connection
        # Channels to one address share one connection otherwise.
        more = {**UNLIMITED, "grpc.use_local_subchannel_pool": 1}
        options = channel_options(self._address, more)
        channel = grpc.aio.secure_channel(self._address, self._credentials, options=options)
        self._connections.append(_Connection(channel))
        return self._connections[-1]
