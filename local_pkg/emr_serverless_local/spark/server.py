"""The interface of a Spark Connect server behind a session: a process on loopback."""

from collections.abc import Callable, Mapping
from typing import Protocol


class SparkServer(Protocol):
    """A server that was started, from then on until it is killed."""

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    @property
    def port(self) -> int | None:
        """Where it listens on loopback, once it takes calls."""
        ...

    @property
    def secret(self) -> str | None:
        """What its callers have to send as bearer token, if anything."""
        ...

    @property
    def dashboard(self) -> str | None:
        """The URL of its web interface, once it takes calls and if it has one."""
        ...

    def failure(self) -> str | None:
        """Why it has ended by itself, if it has."""
        ...

    def wait(self, seconds: float) -> None:
        """Wait until it takes calls or has ended; raises TimeoutError."""
        ...

    def kill(self) -> None:
        """End it at once. There is nothing in it to be saved."""
        ...


# Starts a server with the Spark configuration of its session, and returns at once.
Launch = Callable[[Mapping[str, str]], SparkServer]
