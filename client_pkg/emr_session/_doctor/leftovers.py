"""Checks for sessions that no stack holds."""

from __future__ import annotations

from collections.abc import Sequence

from .finding import Finding, ok, warning

LEFTOVERS = "leftovers"


def leftovers_finding(strays: Sequence[str]) -> Finding:
    """Say which sessions are left.

    Args:
        strays: The ids of live sessions whose stack is gone or doesn't hold them.
    """
    if not strays:
        return ok(LEFTOVERS, "no session is left of a stack that is gone")
    return warning(
        LEFTOVERS,
        f"no stack holds {', '.join(strays)}",
        "emr-session strays says why; emr-session terminate ends one.",
    )
