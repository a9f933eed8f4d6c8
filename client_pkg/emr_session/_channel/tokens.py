"""The token in use, replaced by a new one before it expires. Touches nothing but its source."""

from __future__ import annotations

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.clock import Clock
from .endpoint import Endpoint

# AWS takes no request from a clock that is off by more than five minutes; so neither can a token
# be judged by one that is off by more.
MARGIN_SECONDS = 300.0


class Tokens:
    """Gives a token that is valid, to any number of threads."""

    def __init__(
        self, fetch: Callable[[], Endpoint], clock: Clock, margin: float = MARGIN_SECONDS
    ) -> None:
        """A source that asks ``fetch`` for a new token ``margin`` seconds before one expires."""
        self._fetch = fetch
        self._clock = clock
        self._margin = margin
        self._lock = threading.Lock()
        self._endpoint: Endpoint | None = None
        self._renew_at = 0.0

    def current(self) -> Endpoint:
        """The endpoint, with a token that is valid for a while yet.

        Raises:
            botocore.exceptions.ClientError: The service refuses a new token, and the one there
                is has expired.
        """
        with self._lock:
            if self._endpoint and self._clock.now() < self._renew_at:
                return self._endpoint
            try:
                endpoint = self._fetch()
            except (BotoCoreError, ClientError):
                # Good for another few minutes: the next call asks again.
                if self._endpoint and self._clock.now() < self._endpoint.expires_at:
                    return self._endpoint
                raise
            lifetime = endpoint.expires_at - self._clock.now()
            # Half of its life for a token that lives shorter than the margin.
            self._renew_at = endpoint.expires_at - min(self._margin, lifetime / 2)
            self._endpoint = endpoint
            return endpoint

    def is_due(self, endpoint: Endpoint) -> bool:
        """Whether this token is one that ``current`` would no longer give."""
        with self._lock:
            return endpoint is not self._endpoint or self._clock.now() >= self._renew_at

    def drop(self, endpoint: Endpoint) -> None:
        """Give this token no more, because it was refused."""
        with self._lock:
            if endpoint is self._endpoint:
                self._endpoint = None

    def __repr__(self) -> str:
        return f"Tokens({self._endpoint!r})"
