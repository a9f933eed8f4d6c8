"""Errors of the connection to an endpoint, explained with what to do."""

from __future__ import annotations

import os
from pathlib import Path

import grpc

from ..errors import EndpointError
from .certificates import GRPC_ROOTS
from .options import proxy_of

# How gRPC says that a certificate isn't by whom it should be, or for whom.
_NOT_TRUSTED = ("certificate_verify_failed", "handshake", "verification check failed")


def endpoint_error(
    code: grpc.StatusCode, details: str, *, session_id: str, address: str, timeout: float
) -> EndpointError | None:
    """The error for the status of a first call, if it is the endpoint's and not Spark's.

    Args:
        code: The status of the call.
        details: What was said with it.
        session_id: Whose endpoint it is.
        address: Its host and port.
        timeout: How long its answer was waited for, in seconds.
    """
    where = f"The endpoint of session {session_id} ({address})"
    said = f"{code.name}: {details}"
    if any(sign in said.lower() for sign in _NOT_TRUSTED):
        return EndpointError(
            f"{where} has no certificate that is trusted here: {said}. Behind a proxy that "
            f"intercepts TLS, name the file with its certificate in {_variable()}, or give it as "
            f"root_certificates.{_trusted_now()}"
        )
    if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
        return EndpointError(
            f"{where} refuses the token that GetSessionEndpoint just gave: {said}. Check that this "
            "machine's clock is right, and connect again."
        )
    if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
        return EndpointError(
            f"{where} doesn't answer (within {timeout:g} s{_by_proxy(address)}): {said}. Check "
            "that this network lets HTTPS (HTTP/2) out to that address, then connect again."
        )
    return None


def _variable() -> str:
    """What says whom gRPC trusts: its own variable wins."""
    return GRPC_ROOTS if os.environ.get(GRPC_ROOTS) else "AWS_CA_BUNDLE"


def _trusted_now() -> str:
    path = os.environ.get(_variable())
    if not path:
        return ""
    lacking = "" if Path(path).is_file() else ", which is no file"
    return f" Trusted now: {_variable()}={path}{lacking}"


def _by_proxy(address: str) -> str:
    proxy = proxy_of(address)
    # Without whatever stands before the @: it may be a password.
    return f", by the proxy {proxy.rpartition('@')[2]} of HTTPS_PROXY" if proxy else ""
