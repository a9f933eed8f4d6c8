"""PySpark's default session: ``getOrCreate()``, UDFs, pandas-on-Spark.

PySpark keeps the first one that a process makes, and reads ``SPARK_REMOTE`` before it looks for
it. ``connect`` makes each session that it gives the default one; ``stop()`` takes that back.
"""

from __future__ import annotations

import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any

_MODE = "SPARK_CONNECT_MODE_ENABLED"
_REMOTE = "SPARK_REMOTE"

# A thread may come in again: the garbage collector closes the sessions that it finds, anywhere.
_lock = threading.RLock()
_connected: list[_Connected] = []
_environment_before: dict[str, str | None] = {}


@dataclass(frozen=True)
class _Connected:
    # Weak: a session that its user has dropped, and that isn't the default any more, goes.
    spark: weakref.ref[Any]
    address: str


def make_default(spark: Any, address: str) -> None:
    """Let PySpark use a session of ours where none is named.

    Args:
        spark: A ``SparkSession`` of Spark Connect.
        address: Its address, without a token.
    """
    with _lock:
        if not _connected:
            _environment_before.update({name: os.environ.get(name) for name in (_MODE, _REMOTE)})
        _connected.append(_Connected(weakref.ref(spark), address))
        _use(spark, address)


def forget(spark: Any) -> None:
    """Take back ``make_default`` for a session that is closed: what was before is used again."""
    with _lock:
        if not any(one.spark() is spark for one in _connected):
            return
        newest = _connected[-1]
        _connected[:] = [one for one in _connected if one.spark() not in (spark, None)]
        # Whoever has set another address since then has taken over.
        if newest.spark() is spark and os.environ.get(_REMOTE) == newest.address:
            previous = _connected[-1].spark() if _connected else None
            if previous is None:
                _restore_environment()
            else:
                _use(previous, _connected[-1].address)


def connected_sessions() -> list[Any]:
    """The sessions that ``connect`` gave and that are still in use, the newest last."""
    with _lock:
        return [spark for one in _connected if (spark := one.spark()) is not None]


def default_session() -> Any:
    """The newest of them, or None."""
    return next(reversed(connected_sessions()), None)


def _use(spark: Any, address: str) -> None:
    session: Any = type(spark)
    session._default_session = spark
    session._active_session.session = spark
    # PySpark asks for an address before it looks for the default session. With this one, a
    # process started from here is refused: a token is never in the environment.
    os.environ[_REMOTE] = address
    # PySpark sets it by itself for addresses, not for channel builders.
    os.environ[_MODE] = "1"


def _restore_environment() -> None:
    for name, value in _environment_before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
