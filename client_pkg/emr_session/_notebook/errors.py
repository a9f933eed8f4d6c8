"""Errors of SQL cells, shown as their messages: without a traceback, Spark's log or its stack."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator

from ..errors import ConnectError

# IPython's name for how an exception wants to be shown.
_SHOWN = "_render_traceback_"
# PySpark writes errors to them as JSON, with the stack.
_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")


@contextlib.contextmanager
def shown_as_messages() -> Iterator[None]:
    """Let IPython show errors of Spark and of the client so. The exception stays what it is."""
    from pyspark.errors import PySparkException

    try:
        with _without_log():
            yield
    except (PySparkException, ConnectError) as error:
        message = str(error).partition("JVM stacktrace:")[0].rstrip()
        setattr(error, _SHOWN, lambda *_: [message])
        raise


@contextlib.contextmanager
def _without_log() -> Iterator[None]:
    """Keep what this thread does out of PySpark's logs of errors."""
    here = threading.get_ident()

    def is_of_another(record: logging.LogRecord) -> bool:
        return record.thread != here

    loggers = _loggers()
    for logger in loggers:
        logger.addFilter(is_of_another)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(is_of_another)


def _loggers() -> list[logging.Logger]:
    try:
        from pyspark.logger import PySparkLogger
    except ImportError:
        # PySpark 3.5 logs no errors.
        return []
    return [PySparkLogger.getLogger(name) for name in _LOGGERS]
