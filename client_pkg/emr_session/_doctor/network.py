"""Checks the connection to an endpoint step by step: DNS, port, proxy, certificate.

Opens one connection, and sends nothing of the session's over it.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from botocore.httpsession import get_cert_path

from .._channel.options import channel_options, proxy_of
from ..errors import ConnectError
from .finding import Finding, Level, ok, wrong

TIMEOUT_SECONDS = 10.0
NAME, PORT, PROXY, CERTIFICATE = "DNS", "TCP", "proxy", "TLS"
PRIVATE_ENDPOINT = (
    "The name leads to an interface endpoint: let its security group take HTTPS (port 443) from "
    "here, and check the route."
)
OPEN_NETWORK = "Let HTTPS out of this network to that address, or set HTTPS_PROXY."


def reach(host: str, port: int, roots: bytes | str | None) -> Iterator[Finding]:
    """Test the connection to an endpoint, up to the first step that fails.

    Args:
        host: The endpoint's name.
        port: Its port.
        roots: Whom to trust, as PEM or as the path of a file; what boto3 has with it if None.
    """
    address = f"{host}:{port}"
    try:
        channel_options(address)
    except ConnectError as error:
        yield wrong(PROXY, str(error).rstrip("."), "Set HTTPS_PROXY to an http:// address.")
        return
    proxy = proxy_of(address)
    if proxy:
        connected = _through_proxy(proxy, address)
        yield from connected.findings
    else:
        connected = _directly(host, port)
        yield from connected.findings
    if connected.socket is None:
        return
    with connected.socket as plain:
        yield _certificate(plain, host, roots)


class _Connected:
    """A connection, or none, and the findings so far."""

    def __init__(self, findings: list[Finding], plain: socket.socket | None = None) -> None:
        self.findings = findings
        self.socket = plain


def _directly(host: str, port: int) -> _Connected:
    try:
        addresses = sorted({str(found[4][0]) for found in _resolve(host, port)})
    except OSError as error:
        remedy = f"Check this machine's DNS, and that {host} is the session's name."
        return _Connected([wrong(NAME, f"{host} has no address ({error})", remedy)])
    private = by_private_endpoint(addresses)
    kind = ", by a private endpoint" if private else ""
    found = [ok(NAME, f"{host} is {', '.join(addresses)}{kind}")]
    try:
        plain = socket.create_connection((addresses[0], port), timeout=TIMEOUT_SECONDS)
    except OSError as error:
        said = f"{addresses[0]}:{port} doesn't answer within {TIMEOUT_SECONDS:g} s ({error})"
        return _Connected(
            [*found, wrong(PORT, said, PRIVATE_ENDPOINT if private else OPEN_NETWORK)]
        )
    return _Connected([*found, ok(PORT, f"port {port} answers")], plain)


def by_private_endpoint(addresses: Sequence[str]) -> bool:
    """Whether a name leads to an interface endpoint of a VPC, going by its addresses."""
    found = [ipaddress.ip_address(one) for one in addresses]
    return any(one.is_private and not one.is_loopback for one in found)


def _resolve(host: str, port: int) -> list[tuple[object, object, object, str, tuple[object, ...]]]:
    # RFC 6761: every name under localhost is loopback. Not every resolver knows.
    name = "127.0.0.1" if host.endswith(".localhost") else host
    return list(socket.getaddrinfo(name, port, type=socket.SOCK_STREAM))


def _through_proxy(proxy: str, address: str) -> _Connected:
    """A connection through an HTTP proxy. What stands before its @ is shown nowhere."""
    url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    where = f"{url.hostname}:{url.port or 80}"
    try:
        plain = socket.create_connection(
            (str(url.hostname), url.port or 80), timeout=TIMEOUT_SECONDS
        )
    except OSError as error:
        said = f"the proxy {where} of HTTPS_PROXY doesn't answer ({error})"
        remedy = "Check HTTPS_PROXY; NO_PROXY names what is reached without it."
        return _Connected([wrong(PROXY, said, remedy)])
    status = ""
    with suppress(OSError):
        plain.sendall(f"CONNECT {address} HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        status = _head(plain).partition("\r\n")[0]
    code = status.split()[1:2]
    if code == ["200"]:
        return _Connected([ok(PROXY, f"{where} of HTTPS_PROXY leads to {address}")], plain)
    if code == ["407"]:
        # Its name and password go with the call itself, which gRPC makes.
        plain.close()
        return _Connected(
            [Finding(PROXY, Level.NOT_CHECKED, f"{where} wants a password", "See Spark below.")]
        )
    plain.close()
    said = f"the proxy {where} of HTTPS_PROXY doesn't lead to {address}"
    if status:
        said += f" ({status})"
    return _Connected([wrong(PROXY, said, "Have the proxy allow CONNECT to that address.")])


def _head(plain: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and (more := plain.recv(4096)):
        head += more
    return head.decode("latin-1")


def _certificate(plain: socket.socket, host: str, roots: bytes | str | None) -> Finding:
    if isinstance(roots, bytes):
        context = ssl.create_default_context(cadata=roots.decode())
    else:
        context = ssl.create_default_context(cafile=roots or get_cert_path(True))
    context.set_alpn_protocols(["h2"])
    try:
        with context.wrap_socket(plain, server_hostname=host) as secured:
            speaks = secured.selected_alpn_protocol()
    except ssl.SSLCertVerificationError as error:
        return wrong(
            CERTIFICATE,
            f"the certificate of {host} is not trusted here ({error.verify_message})",
            "Behind a proxy that intercepts TLS, name the file with its certificate in "
            "AWS_CA_BUNDLE.",
        )
    except OSError as error:
        said = f"{host} ends the TLS handshake ({error})"
        return wrong(CERTIFICATE, said, OPEN_NETWORK)
    if speaks != "h2":
        return wrong(
            CERTIFICATE,
            f"what answers for {host} doesn't speak HTTP/2, which Spark Connect needs",
            "A proxy that intercepts TLS has to pass HTTP/2 on: exempt the address from it.",
        )
    return ok(CERTIFICATE, "the certificate is trusted")
