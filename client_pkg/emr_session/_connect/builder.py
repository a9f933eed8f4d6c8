"""PySpark's channel builder for a session, the same for PySpark 3.5 and 4."""

from __future__ import annotations

import copy
import os
import uuid
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import grpc
from pyspark.sql.connect.client import core

from .._channel.channel import session_channel
from .._channel.credentials import channel_credentials
from .._channel.current_session import CurrentSession
from .._channel.options import channel_options
from .._channel.tokens import Tokens

# What parses an address was named ChannelBuilder before PySpark 4.
_Builder: Any = getattr(core, "DefaultChannelBuilder", core.ChannelBuilder)


class SessionChannelBuilder(_Builder):  # type: ignore[misc]
    """Builds channels to a session. Holds no token."""

    def __init__(
        self,
        session: CurrentSession,
        root_certificates: bytes | None,
        options: Mapping[str, int | str],
        interceptors: Callable[[grpc.Channel], list[Any]],
    ) -> None:
        """A builder for the current session.

        Args:
            session: Gives address and tokens.
            root_certificates: Whom to trust, as PEM; gRPC's own roots if None.
            options: Channel options of the caller's, by gRPC's names.
            interceptors: Gives the interceptors that a channel gets.
        """
        # The ids are chosen here, so that the preflight speaks for the session of the client.
        user = os.environ.get("SPARK_USER") or os.environ.get("USER") or "spark"
        ids = f"session_id={uuid.uuid4()};user_id={quote(user, safe='')}"
        super().__init__(f"{session.endpoint().url};{ids}")
        self.when_closed: Callable[[], None] = _nothing
        self.session = session
        self._root_certificates = root_certificates
        self._options = options
        self._session_interceptors = interceptors

    def toChannel(self) -> grpc.Channel:
        """A channel to the current session."""
        # Looked up when the channel is closed: by then it is known whose channel it is.
        channel = session_channel(self.session, self._open, lambda: self.when_closed())
        return grpc.intercept_channel(channel, *self._session_interceptors(channel))

    def _open(self, address: str, tokens: Tokens) -> grpc.Channel:
        options = dict(self._channel_options)
        options.update(channel_options(address, self._options))
        credentials = channel_credentials(tokens, self._root_certificates)
        return grpc.secure_channel(address, credentials, options=list(options.items()))

    def __deepcopy__(self, memo: dict[int, Any]) -> SessionChannelBuilder:
        """A builder for a new Spark session (``newSession``) on the same session."""
        new = copy.copy(self)
        for name in ("params", "_params", "_channel_options"):
            if hasattr(self, name):
                setattr(new, name, copy.deepcopy(getattr(self, name), memo))
        new.when_closed = _nothing
        return new


def session_of(spark: Any) -> CurrentSession | None:
    """The session that ``connect`` made a ``SparkSession`` for; None for any other one."""
    builder = spark.client._builder
    return builder.session if isinstance(builder, SessionChannelBuilder) else None


def _nothing() -> None:
    """What is done when the channel of no session in particular is closed."""
