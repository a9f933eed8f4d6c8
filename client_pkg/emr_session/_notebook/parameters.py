"""The named parameters of a SQL text: ``:name``, outside quotes and comments."""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      (?P<space>\s+ | --(?:\\\n|[^\n])*)
    | (?P<comment>/\*)
    | [rR]'[^']*' | [rR]"[^"]*"
    | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*"
    | (?P<struct>STRUCT\s*<)
    | (?P<value>`[^`]*` | [)\]] | \d\w*)
    | (?P<word>\w+)
    | ::
    | :(?P<name>[A-Za-z_]\w*)
    | .
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# Hints don't nest: a "/*+" in a comment opens nothing.
_COMMENT_MARK = re.compile(r"/\*(?!\+)|\*/")


def parameters(sql: str) -> list[str]:
    """The names, each once, in their order."""
    names: dict[str, None] = {}
    before: re.Match[str] | None = None
    # How many "<" are open since a "STRUCT<".
    open_types = 0
    position = 0
    while token := _TOKEN.match(sql, position):
        position = token.end()
        kind = token.lastgroup
        if kind == "comment":
            position = _after_comment(sql, position)
        if kind in ("space", "comment"):
            continue
        if kind == "struct" or (open_types and token[0] == "<"):
            open_types += 1
        elif open_types and token[0] == ">":
            open_types -= 1
        elif kind == "name" and not _belongs_to(before, token, in_type=open_types > 0):
            names[token["name"]] = None
        before = token
    return list(names)


def _belongs_to(before: re.Match[str] | None, token: re.Match[str], *, in_type: bool) -> bool:
    """Whether ``:name`` goes with what is before it: a field's type, a path, or a label's block.

    A word with a space after it may be a keyword, except in a type.
    """
    if before is None or before.lastgroup not in ("word", "value"):
        return False
    return before.lastgroup == "value" or in_type or before.end() == token.start()


def _after_comment(sql: str, position: int) -> int:
    """Where a comment ends that is open at a position. Comments nest."""
    depth = 1
    for mark in _COMMENT_MARK.finditer(sql, position):
        depth += 1 if mark[0] == "/*" else -1
        if not depth:
            return mark.end()
    return len(sql)
