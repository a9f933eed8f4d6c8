"""Replaces the handler by one with a changed source line."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

PACKAGE = "session_handler"
SOURCE = Path(__file__).parents[2] / "lambda" / PACKAGE


@contextlib.contextmanager
def mutated(folder: Path, file: str, old: str, new: str) -> Iterator[None]:
    """Let worlds have a handler in which ``old`` is ``new``, for as long as the context lasts.

    Args:
        folder: Where the changed copy is put.
        file: The handler's module, as a file's name.
        old: What is there now, once.
        new: What is in its place.
    """
    copy = folder / PACKAGE
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    source = (copy / file).read_text()
    assert source.count(old) == 1, "the handler has changed: change the mutation too"
    (copy / file).write_text(source.replace(old, new))
    real = _take_out()
    sys.path.insert(0, str(folder))
    try:
        importlib.invalidate_caches()
        importlib.import_module(f"{PACKAGE}.handler")
        yield
    finally:
        sys.path.remove(str(folder))
        _take_out()
        sys.modules.update(real)


def _take_out() -> dict[str, ModuleType]:
    names = [n for n in sys.modules if n == PACKAGE or n.startswith(f"{PACKAGE}.")]
    return {name: sys.modules.pop(name) for name in names}
