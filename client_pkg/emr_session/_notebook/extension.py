"""Loads the extension into IPython, and unloads it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from .._connect.default_session import connected_sessions
from .._connect.observers import Observer, observers
from .._emr.session import SessionStatus

if TYPE_CHECKING:
    from .status_line import StatusLine

SWITCH = "EMR_SESSION_NOTEBOOK"
OFF = ("off", "0", "false", "no")
LOADED = f"emr_session: notebook extension on; off by %unload_ext emr_session or {SWITCH}=off"
_MAGIC = "sparksql"
_SPARK_SESSION = ("pyspark.sql.connect.session", "SparkSession")


def load_in_notebook() -> None:
    """Load the extension if this is a notebook and it isn't switched off, and say so."""
    ipython: Any = getattr(sys.modules.get("IPython"), "get_ipython", _none)()
    if not _is_notebook(ipython) or switched_off():
        return
    ipython.extension_manager.load_extension("emr_session")
    print(LOADED)


def switched_off() -> bool:
    """Whether the environment says not to load the extension unasked."""
    return os.environ.get(SWITCH, "").lower() in OFF


def load_ipython_extension(ipython: Any) -> None:
    """``%load_ext emr_session``."""
    if not any(isinstance(one, Extension) for one in observers):
        observers.append(Extension(ipython))


def unload_ipython_extension(ipython: Any) -> None:  # noqa: ARG001 - there is one IPython in a process
    """``%unload_ext emr_session``."""
    for one in [one for one in observers if isinstance(one, Extension)]:
        observers.remove(one)
        one.unload()


class Extension(Observer):
    """What is in IPython while the extension is loaded."""

    def __init__(self, ipython: Any) -> None:
        """Put it there."""
        from .elapsed import ElapsedTime
        from .progress import QueryProgress
        from .sparksql import SparkSql

        self._ipython = ipython
        self._magic_before = ipython.find_cell_magic(_MAGIC)
        self._waiting: StatusLine | None = None
        self._waited_for = ""
        self._progress = QueryProgress(self._line)
        self._elapsed = ElapsedTime(self._line)
        self._reporting: WeakSet[Any] = WeakSet()
        ipython.register_magics(SparkSql)
        ipython.display_formatter.mimebundle_formatter.for_type_by_name(*_SPARK_SESSION, _card)
        ipython.events.register("post_run_cell", self._end_wait)
        for spark in connected_sessions():
            self._report_progress(spark)

    def unload(self) -> None:
        """Take it out."""
        magics = self._ipython.magics_manager.magics["cell"]
        magics.pop(_MAGIC, None)
        if self._magic_before:
            magics[_MAGIC] = self._magic_before
        formatter = self._ipython.display_formatter.mimebundle_formatter
        formatter.pop(".".join(_SPARK_SESSION), None)
        self._ipython.events.unregister("post_run_cell", self._end_wait)
        for spark in self._reporting:
            spark.removeProgressHandler(self._progress)

    def waiting(self, status: SessionStatus, seconds: float) -> None:
        """Say what ``connect`` waits for, in one line."""
        self._waiting = self._waiting or self._line()
        details = f" ({status.details})" if status.details else ""
        self._waited_for = f"session {status.arn.session_id}"
        self._waiting.show(
            f"Waiting for {self._waited_for}: {status.state}{details}, {seconds:.0f} s"
        )

    def connected(self, spark: Any) -> None:
        """Say that the wait is over, and report on the queries to come."""
        if self._waiting:
            self._waiting.show(f"Connected to {self._waited_for}.", last=True)
            self._end_wait()
        self._report_progress(spark)

    def query_began(self, operation_id: str) -> None:
        """Show its progress or, without reports, how long it takes: from two seconds on."""
        if self._reporting:
            self._progress.began(operation_id)
        else:
            self._elapsed.began(operation_id)

    def query_ended(self, operation_id: str, bytes_read: int) -> None:
        """Leave what it took."""
        self._progress.ended(operation_id)
        self._elapsed.ended(operation_id, bytes_read)

    def _end_wait(self, *_: Any) -> None:
        """Leave the line as it is: the wait is over, or its cell is."""
        self._waiting = None

    def _report_progress(self, spark: Any) -> None:
        # Since PySpark 4: the protocol of 3.5 has no progress.
        if hasattr(spark, "registerProgressHandler"):
            spark.registerProgressHandler(self._progress)
            self._reporting.add(spark)

    def _line(self) -> StatusLine:
        from .status_line import StatusLine

        return StatusLine(in_notebook=_is_notebook(self._ipython))


def _is_notebook(ipython: Any) -> bool:
    return hasattr(ipython, "kernel")


def _none() -> None:
    """IPython's ``get_ipython`` where there is no IPython."""


def _card(spark: Any) -> dict[str, str] | None:
    """The card in the forms that IPython may ask for; None leaves it to IPython."""
    from .._connect.builder import session_of
    from .card import Card

    session = session_of(spark)
    if session is None:
        return None
    card = Card.of(session.aws, session.arn, stopped=spark.is_stopped)
    return {"text/plain": card.text(), "text/html": card.html()}
