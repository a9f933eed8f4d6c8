"""Observers of ``connect``: the notebook extension, while it is loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from .._emr.session import SessionStatus

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Observer(Protocol):
    """Is told of waits, connections, and queries. Called in the caller's thread."""

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

    def query_began(self, operation_id: str) -> None:
        """A query has begun."""
        ...

    def query_ended(self, operation_id: str, bytes_read: int) -> None:
        """A query is over. May be called again, and in a thread of PySpark's.

        Args:
            operation_id: Which.
            bytes_read: How much it has read from files, as far as Spark said.
        """
        ...


observers: list[Observer] = []
