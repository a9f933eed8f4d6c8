"""The session service over HTTP on loopback, for tests with the real botocore client."""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit


class HttpService(Protocol):
    """Answers HTTP requests: a SessionService, or a wrapper of one."""

    def handle(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        query: Mapping[str, Sequence[str]],
    ) -> tuple[int, dict[str, str], bytes]:
        """Answer a request."""
        ...


@contextmanager
def serve(service: HttpService) -> Iterator[str]:
    """Serve on a free port of 127.0.0.1 during the context, which gets the URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _request_handler(service))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _request_handler(service: HttpService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Answers leave in one piece: a second one would wait for the first's acknowledgement.
        wbufsize = -1

        def answer(self) -> None:
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, headers, content = service.handle(
                self.command,
                unquote(url.path),
                {name.lower(): value for name, value in self.headers.items()},
                body,
                parse_qs(url.query, keep_blank_values=True),
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET: Callable[..., None] = answer
        do_POST: Callable[..., None] = answer
        do_DELETE: Callable[..., None] = answer
        do_PATCH: Callable[..., None] = answer

        def log_message(self, format: str, *args: Any) -> None:
            """Keep quiet: the service has its own log."""

    return Handler
