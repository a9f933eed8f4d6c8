"""Tokens of GetSessionEndpoint: each for one session, for an hour.

Known by what it opens only; nothing here logs or describes a token.
"""

import secrets
from dataclasses import dataclass

TOKEN_SECONDS = 3600


@dataclass(frozen=True)
class Token:
    """A token, the session that it opens, and when it stops doing so (seconds since the epoch)."""

    value: str
    session_id: str
    expires_at: float

    def __repr__(self) -> str:
        """Without the value."""
        return f"Token(session_id={self.session_id!r}, expires_at={self.expires_at!r})"


class Tokens:
    """All tokens that were ever handed out."""

    def __init__(self) -> None:
        self._issued: dict[str, Token] = {}

    def issue(self, session_id: str, now: float) -> Token:
        """Make a new one; those of before stay as good as they are."""
        token = Token(secrets.token_urlsafe(32), session_id, now + TOKEN_SECONDS)
        self._issued[token.value] = token
        return token

    def problem(self, session_id: str, value: str | None, now: float) -> str | None:
        """Why a token doesn't open a session, if it doesn't."""
        if not value:
            return "The token is missing"
        token = self._issued.get(value)
        if token is None or token.session_id != session_id:
            return "The token is not one of this session"
        return "The token has expired" if now >= token.expires_at else None
