"""Who else is told what ``connect`` does: the notebook extension, while it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .._emr.session import SessionStatus

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Observer(Protocol):
    """Is told of each wait and of each connection. Called in the caller's thread."""

    def waiting(self, status: SessionStatus, seconds: float) -> None:
        """Once a look at a session that isn't usable yet.

        Args:
            status: What the look has shown.
            seconds: For how long ``connect`` has waited.
        """
        ...

    def connected(self, spark: SparkSession) -> None:
        """A ``SparkSession`` is connected."""
        ...


observers: list[Observer] = []
