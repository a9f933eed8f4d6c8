"""A session's token as gRPC call credentials: every call gets a valid one."""

from __future__ import annotations

import grpc

from .endpoint import TOKEN_HEADER
from .tokens import Tokens


class TokenCredentials(grpc.AuthMetadataPlugin):
    """Puts the token into a call's metadata. gRPC calls it in a thread of its own."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def __call__(
        self,
        context: grpc.AuthMetadataContext,  # noqa: ARG002
        callback: grpc.AuthMetadataPluginCallback,
    ) -> None:
        """Give the token, or why there is none: the call then ends as UNAVAILABLE."""
        try:
            token = self._tokens.current().token
        except Exception as error:  # noqa: BLE001 - it is gRPC's to report
            callback((), error)
        else:
            callback(((TOKEN_HEADER, token),), None)


def channel_credentials(tokens: Tokens, root_certificates: bytes | None) -> grpc.ChannelCredentials:
    """TLS with a session's token in each call.

    Args:
        tokens: The session's tokens.
        root_certificates: Whom to trust, as PEM; gRPC's own roots if None.
    """
    return grpc.composite_channel_credentials(
        grpc.ssl_channel_credentials(root_certificates),
        grpc.metadata_call_credentials(TokenCredentials(tokens)),
    )
