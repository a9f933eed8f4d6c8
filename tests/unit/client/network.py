"""A relay that goes silent, and an HTTP proxy, between a client and a gateway."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Relay:
    """Passes bytes on to a port, until its connections go silent."""

    def __init__(self, port: int) -> None:
        self.connections = 0
        self._to = port
        self._silenced: list[threading.Event] = []

    def silence(self) -> None:
        """Drop all bytes of the connections that there are, as a NAT does that forgot them."""
        for event in self._silenced:
            event.set()

    def serve(self, client: socket.socket) -> None:
        self.connections += 1
        silenced = threading.Event()
        self._silenced.append(silenced)
        gateway = socket.create_connection(("127.0.0.1", self._to))
        threading.Thread(target=_pump, args=(gateway, client, silenced), daemon=True).start()
        _pump(client, gateway, silenced)


class HttpProxy:
    """A proxy that tunnels, and remembers whereto."""

    def __init__(self) -> None:
        self.tunnels: list[str] = []

    def serve(self, client: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += client.recv(4096)
        target = asked.split()[1].decode()
        self.tunnels.append(target)
        gateway = socket.create_connection(("127.0.0.1", int(target.rpartition(":")[2])))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        never = threading.Event()
        threading.Thread(target=_pump, args=(gateway, client, never), daemon=True).start()
        _pump(client, gateway, never)


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A port of loopback; each of its connections is served in a thread."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]


def _pump(source: socket.socket, target: socket.socket, silenced: threading.Event) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            if not silenced.is_set():
                target.sendall(data)
        target.close()
