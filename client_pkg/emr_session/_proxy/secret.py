"""The proxy's own secret, which clients send in a header."""

from __future__ import annotations

import hmac
import secrets

from .._channel.endpoint import Token

SECRET_HEADER = "x-emr-session-proxy-token"


def new_secret() -> Token:
    """A secret that nobody can guess, and that no ``repr`` shows."""
    return Token(secrets.token_urlsafe(32))


def matches(secret: str, sent: str | bytes | None) -> bool:
    """Whether a client sent the secret, in a time that tells nothing about it."""
    given = sent.encode() if isinstance(sent, str) else sent or b""
    return hmac.compare_digest(secret.encode(), given)
