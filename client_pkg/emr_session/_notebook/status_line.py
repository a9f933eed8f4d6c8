"""A line of output that is updated in place, in a notebook or a terminal."""

from __future__ import annotations

import sys
from html import escape
from typing import Any

from IPython.display import display

_CLEAR = "\r\033[K"


class StatusLine:
    """A line that isn't there before it is first shown."""

    def __init__(self, *, in_notebook: bool) -> None:
        """A line, in a notebook's output or on a terminal's standard error."""
        self._in_notebook = in_notebook
        self._handle: Any = None

    def show(self, text: str, *, bar: str = "", html_bar: str = "", last: bool = False) -> None:
        """Show a text in place of the one before.

        Args:
            text: As plain text, which is escaped where HTML is shown.
            bar: What to show before it.
            html_bar: The same where HTML is shown.
            last: Whether the line stays as it is now.
        """
        plain = f"{bar} {text}" if bar else text
        if not self._in_notebook:
            print(f"{_CLEAR}{plain}", end="\n" if last else "", file=sys.stderr, flush=True)
            return
        shown = {"text/plain": plain, "text/html": f"<small>{html_bar} {escape(text)}</small>"}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)
        else:
            self._handle.update(shown, raw=True)
