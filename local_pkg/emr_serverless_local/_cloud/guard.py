"""Refuses requests that don't come from programs of this machine.

MiniStack lets everybody in who knows its well-known keys, from any web page, and
runs code for them. A page that a browser shows sends what no program does: an
``Origin``, or a ``Sec-Fetch-Site`` that names another site. A page that had its
own name lead to loopback (DNS rebinding) shows in the ``Host``.
"""

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

Application = Callable[[Any, Any, Any], Awaitable[None]]

# The suffixes of AWS's own names, which no other page can have. *.localhost is always loopback.
_OWN_SUFFIXES = (".localhost", ".amazonaws.com", ".amazonaws.com.cn", ".api.aws")
# A typed address, or a page of the local AWS itself.
_SAME_SITE = ("none", "same-origin")


def only_for_programs(application: Application) -> Application:
    """The same application, which refuses (403) whatever a web page may have sent."""

    async def guarded(scope: Any, receive: Any, send: Any) -> None:
        reason = refusal(scope["headers"]) if scope["type"] in ("http", "websocket") else None
        if reason is None:
            await application(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        else:
            body = f'{{"message": "{reason}"}}'.encode()
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return guarded


def refusal(headers: list[tuple[bytes, bytes]]) -> str | None:
    """Why a request isn't answered, going by its headers, or None."""
    hosts = [value.decode("latin-1") for name, value in headers if name.lower() == b"host"]
    sites = [
        value.decode("latin-1") for name, value in headers if name.lower() == b"sec-fetch-site"
    ]
    if any(name.lower() == b"origin" for name, _ in headers):
        return "The local AWS answers no web pages: the request has an Origin."
    if any(site not in _SAME_SITE for site in sites):
        return "The local AWS answers no web pages: the request comes from another site."
    if len(hosts) != 1 or not _is_own(hosts[0]):
        return "The local AWS answers to loopback names and names of AWS alone."
    return None


def _is_own(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    name = name.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(_OWN_SUFFIXES):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
