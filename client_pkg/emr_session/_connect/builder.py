"""PySpark's channel builder for a session, the same for PySpark 3.5 and 4."""

from __future__ import annotations

import copy
import os
import uuid
from typing import Any
from urllib.parse import quote

import grpc
from pyspark.sql.connect.client import core

from .._channel.channel import session_channel
from .._channel.current_session import CurrentSession

# What parses an address was named ChannelBuilder before PySpark 4.
_Builder: Any = getattr(core, "DefaultChannelBuilder", core.ChannelBuilder)


class SessionChannelBuilder(_Builder):  # type: ignore[misc]
    """Builds channels to a session. Holds no token."""

    def __init__(self, session: CurrentSession, root_certificates: bytes | None) -> None:
        """A builder for the current session.

        Args:
            session: Gives address and tokens.
            root_certificates: Whom to trust, as PEM; gRPC's own if there are none.
        """
        # The ids are chosen here, so that the preflight speaks for the session of the client.
        user = os.environ.get("SPARK_USER") or os.environ.get("USER") or "spark"
        ids = f"session_id={uuid.uuid4()};user_id={quote(user, safe='')}"
        super().__init__(f"{session.endpoint().url};{ids}")
        self._session = session
        self._root_certificates = root_certificates

    def toChannel(self) -> grpc.Channel:
        """A channel to the current session."""
        return session_channel(self._session, self._open)

    def _open(self, address: str) -> grpc.Channel:
        credentials = grpc.ssl_channel_credentials(root_certificates=self._root_certificates)
        # PySpark 4 has options of its own to add to a channel.
        if hasattr(self, "_secure_channel"):
            channel: grpc.Channel = self._secure_channel(address, credentials)
            return channel
        return grpc.secure_channel(address, credentials, options=self._channel_options)

    def __deepcopy__(self, memo: dict[int, Any]) -> SessionChannelBuilder:
        """A builder for a new Spark session (``newSession``) over the same session."""
        new = copy.copy(self)
        for name in ("params", "_params", "_channel_options"):
            if hasattr(self, name):
                setattr(new, name, copy.deepcopy(getattr(self, name), memo))
        return new
