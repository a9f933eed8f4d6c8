"""Between an event loop and other threads: calls into a loop, and calls that a loop waits for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import ParamSpec, TypeVar, TypeVarTuple

_P = ParamSpec("_P")
_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")


def call_in(
    loop: asyncio.AbstractEventLoop, function: Callable[[*_Ts], object], *arguments: *_Ts
) -> None:
    """Have a loop of another thread call a function, unless the loop has ended."""
    # Asked before, the loop could end in between. A closed loop is all that raises this here.
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function, *arguments)


async def in_thread(function: Callable[_P, _T], *arguments: _P.args, **named: _P.kwargs) -> _T:
    """Call a function in a thread that the end of the program doesn't wait for."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_T] = loop.create_future()

    def settle(result: _T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, problem = None, None
        try:
            result = function(*arguments, **named)
        except BaseException as error:  # noqa: BLE001 (raised where it is awaited)
            problem = error
        call_in(loop, settle, result, problem)

    threading.Thread(target=run, daemon=True).start()
    return await future
