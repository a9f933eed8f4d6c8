"""The named parameters of a SQL text: ``:name``, outside quotes and comments."""

from __future__ import annotations

import re

# What is skipped comes first. "a:b" and "a::b" are no parameters.
_PARAMETER = re.compile(
    r"""
      [rR]'[^']*' | [rR]"[^"]*"
    | '(?:\\.|[^'\\])*' | "(?:\\.|[^"\\])*"
    | `[^`]*`
    | --[^\n]*
    | /\*.*?\*/
    | (?<![\w:]):(?P<name>[A-Za-z_]\w*)
    """,
    re.VERBOSE | re.DOTALL,
)


def parameters(sql: str) -> list[str]:
    """The names, each once, in their order."""
    found = (match["name"] for match in _PARAMETER.finditer(sql))
    return list(dict.fromkeys(name for name in found if name))
