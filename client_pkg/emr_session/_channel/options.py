"""gRPC channel options: dead connections are detected, and boto3's proxy is used."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

from botocore.utils import get_environ_proxies

from ..errors import ConnectError

Option = tuple[str, int | str]

# A connection whose other end is gone without a word (a laptop slept, a NAT forgot it) is closed
# 80 seconds later, and PySpark re-attaches its queries over a new one.
#
# A ping a minute is what gateways tolerate: gRPC's own servers, the strictest, close a connection
# after more than two pings in a row that come sooner than five minutes apart with no data between
# them, and Spark ends every stream after two minutes, to be re-attached: that is data. Without a
# call in progress nothing is sent.
KEEPALIVE: dict[str, int | str] = {
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    # What counts since gRPC 1.66: without it, an unanswered ping is given 60 s more.
    "grpc.http2.ping_timeout_ms": 20_000,
    "grpc.keepalive_permit_without_calls": 0,
    # By default gRPC stops after two pings without data.
    "grpc.http2.max_pings_without_data": 0,
}


def channel_options(address: str, more: Mapping[str, int | str] | None = None) -> list[Option]:
    """The options of a channel.

    Args:
        address: Host and port of the endpoint.
        more: Options of the caller's, by gRPC's names; they win.

    Raises:
        ConnectError: ``HTTPS_PROXY`` names a proxy that gRPC can't use.
    """
    return list({**KEEPALIVE, **_proxy(address), **(more or {})}.items())


def proxy_of(address: str) -> str | None:
    """The proxy that boto3 would use for an address, by the environment."""
    proxy: str | None = get_environ_proxies(f"https://{address}").get("https")
    return proxy


def _proxy(address: str) -> dict[str, int | str]:
    """boto3's proxy as gRPC's options.

    gRPC by itself reads lower-case variables alone, and takes ``http_proxy`` for HTTPS, too. Who
    sets ``grpc_proxy`` means gRPC, and is left to it.
    """
    if os.environ.get("grpc_proxy"):  # noqa: SIM112 - gRPC's own, in lower case
        return {}
    proxy = proxy_of(address)
    if not proxy:
        return {"grpc.enable_http_proxy": 0}
    url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
    if url.scheme != "http":
        raise ConnectError(
            f"HTTPS_PROXY names a proxy at {url.scheme}://{url.hostname}, and gRPC connects "
            "through proxies at http:// only. Use such a proxy, or add the endpoint to NO_PROXY: "
            f"{address.rpartition(':')[0]}"
        )
    return {"grpc.http_proxy": url.geturl(), "grpc.enable_http_proxy": 1}
