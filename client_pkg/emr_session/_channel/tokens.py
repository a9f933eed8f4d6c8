"""The token in use, replaced by a new one before it expires."""

from __future__ import annotations

import threading
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError

from .._emr.aws_errors import is_temporary
from .._emr.clock import Clock
from .endpoint import Endpoint

# AWS accepts no request from a clock that is off by more than five minutes, so a token is never
# judged by one that is off by more.
MARGIN_SECONDS = 300.0


class Tokens:
    """Gives the valid token of one session to any number of threads."""

    def __init__(
        self, fetch: Callable[[], Endpoint], clock: Clock, margin: float = MARGIN_SECONDS
    ) -> None:
        """Tokens that ``fetch`` gives, each replaced ``margin`` seconds before it expires."""
        self._fetch = fetch
        self._clock = clock
        self._margin = margin
        self._lock = threading.Lock()
        self._endpoint: Endpoint | None = None
        self._dropped: Endpoint | None = None
        self._renew_at = 0.0
        self._refusal: BotoCoreError | ClientError | None = None

    def current(self) -> Endpoint:
        """The endpoint, with a token that is valid for a while.

        Raises:
            botocore.exceptions.ClientError: The service gives no new token, and the one there is
                has expired.
        """
        with self._lock:
            now = self._clock.now()
            if self._endpoint and now < self._renew_at:
                return self._endpoint
            try:
                endpoint = self._fetch()
            except (BotoCoreError, ClientError) as error:
                left = self._endpoint.expires_at - now if self._endpoint else 0
                if self._endpoint and left > 0 and self._endpoint is not self._dropped:
                    # Not at every call: the service may take its time to refuse.
                    self._renew_at = now + left / 4
                    return self._endpoint
                self._refusal = None if is_temporary(error) else error
                raise
            lifetime = endpoint.expires_at - now
            # Half of its life for a token that lives shorter than the margin.
            self._renew_at = endpoint.expires_at - min(self._margin, lifetime / 2)
            self._endpoint, self._refusal = endpoint, None
            return endpoint

    @property
    def latest(self) -> Endpoint | None:
        """The endpoint that was given last, whether or not its token is still valid."""
        return self._endpoint

    @property
    def refusal(self) -> BotoCoreError | ClientError | None:
        """Why there is no token, where trying again doesn't help."""
        return self._refusal

    def is_due(self, endpoint: Endpoint) -> bool:
        """Whether this token is one that ``current`` would no longer give."""
        with self._lock:
            return endpoint is not self._endpoint or self._clock.now() >= self._renew_at

    def drop(self, endpoint: Endpoint) -> None:
        """Don't give this token any more, because it was refused."""
        with self._lock:
            if endpoint is self._endpoint:
                self._dropped, self._renew_at = endpoint, 0.0

    def __repr__(self) -> str:
        return f"Tokens({self._endpoint!r})"
