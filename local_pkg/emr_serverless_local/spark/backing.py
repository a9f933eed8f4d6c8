"""A Spark Connect server and an endpoint for each session, started and ended with it."""

from dataclasses import dataclass

from ..sessions.backing import BackedSession
from .apache import ApacheServer
from .certificates import DOMAIN, Certificates
from .endpoint import Endpoint
from .server import Launch, SparkServer


@dataclass
class _Backend:
    server: SparkServer
    endpoint: Endpoint
    ended: bool = False


class SparkBacking:
    """Runs a Spark Connect server behind each session.

    Args:
        launch: The kind of server: ``ApacheServer`` (default) or ``SailServer``.
    """

    def __init__(self, launch: Launch = ApacheServer) -> None:
        self.certificates = Certificates()
        self._launch = launch
        self._backends: dict[str, _Backend] = {}

    def start(self, session: BackedSession) -> None:
        """Start a server, and an endpoint that will lead to it."""
        server = self._launch(session.spark_defaults)
        endpoint = Endpoint(session, server, self.certificates.server_credentials())
        self._backends[session.session_id] = _Backend(server, endpoint)

    def up(self, session_id: str) -> bool:
        """Whether the server has said where it listens."""
        backend = self._backends.get(session_id)
        return backend is not None and backend.server.port is not None

    def failure(self, session_id: str) -> str | None:
        """How the server has ended by itself, if it has."""
        backend = self._backends.get(session_id)
        return backend.server.failure() if backend and not backend.ended else None

    def endpoint(self, session_id: str) -> str:
        """The URL of the endpoint: a name of the session's own, with a port."""
        return f"https://{session_id}.{DOMAIN}:{self._backends[session_id].endpoint.port}"

    def dashboard(self, session_id: str) -> str | None:
        """The URL of the server's web interface, if it has one."""
        backend = self._backends.get(session_id)
        return backend.server.dashboard if backend else None

    def end(self, session_id: str) -> None:
        """End the server. The endpoint stays, and says that the session is over."""
        backend = self._backends.get(session_id)
        if backend and not backend.ended:
            backend.ended = True
            backend.server.kill()

    def process_id(self, session_id: str) -> int:
        """The server's process, for tests."""
        return self._backends[session_id].server.pid

    def wait(self, session_id: str, seconds: float = 30) -> None:
        """Wait until a session's server is up or has ended, for tests; raises TimeoutError."""
        self._backends[session_id].server.wait(seconds)

    def close(self) -> None:
        """End all servers and endpoints."""
        for session_id, backend in self._backends.items():
            self.end(session_id)
            backend.endpoint.close()
