"""A session's endpoint and its token, from GetSessionEndpoint. The token is in no text of its own.

Importing this keeps botocore, too, from logging the answers that hold a token.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, urlsplit

from .._emr.aws import Aws
from .._emr.names import SessionArn

DEFAULT_PORT = 443
TOKEN_HEADER = "x-aws-proxy-auth"


class Token(str):
    """A token that is in no ``repr``: not in one of a tuple, a list or a call's details either."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<token>"


@dataclass(frozen=True)
class Endpoint:
    """Where a session is reached, and a token good until ``expires_at`` (epoch seconds)."""

    host: str
    port: int
    expires_at: float
    token: Token

    @property
    def address(self) -> str:
        """Host and port, as gRPC takes them."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """The address without the token."""
        return f"sc://{self.address}/;use_ssl=true"

    @property
    def url_with_token(self) -> str:
        """The address that any Spark Connect client takes. To be kept secret."""
        return f"{self.url};{TOKEN_HEADER}={quote(self.token, safe='')}"


def fetch(aws: Aws, arn: SessionArn) -> Endpoint:
    """The endpoint of a session that is usable, with a new token.

    Raises:
        botocore.exceptions.ClientError: The service refuses ``GetSessionEndpoint``.
    """
    answer = aws.emr_serverless(arn.region).get_session_endpoint(**arn.ids)
    url = urlsplit(answer["endpoint"])
    expires_at: datetime = answer["authTokenExpiresAt"]
    return Endpoint(
        host=str(url.hostname),
        port=url.port or DEFAULT_PORT,
        expires_at=expires_at.timestamp(),
        token=Token(answer["authToken"]),
    )


class _WithoutTokens(logging.Filter):
    """botocore's parsers log whole bodies at level DEBUG: those with a token are left out."""

    def filter(self, record: logging.LogRecord) -> bool:
        if "authToken" in record.getMessage():
            record.msg, record.args = "Response body: not logged, it holds an endpoint token", ()
        return True


logging.getLogger("botocore.parsers").addFilter(_WithoutTokens())
