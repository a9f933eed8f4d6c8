"""Text that others chose (names, log lines, messages), made safe to show on a terminal."""

from __future__ import annotations

import re

# C0 and C1 move the cursor, set titles and change colours; the marks of text direction reorder
# what is read; halves of surrogate pairs can't be written at all.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
REPLACEMENT = "�"


def printable(text: str) -> str:
    """One line of text, with a replacement character for each that a terminal would obey."""
    return _UNSAFE.sub(REPLACEMENT, text)
