"""Ports that stay free until somebody listens on them."""

import random
import socket

# Below those that Linux and macOS hand out by themselves, to whoever listens or connects meanwhile.
_NOT_HANDED_OUT = range(20_000, 32_000)


def free_port() -> int:
    """A port of loopback that nobody listens on, and that the system gives to nobody."""
    for port in random.sample(_NOT_HANDED_OUT, 100):
        with socket.socket() as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tried.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("No port is free.")
