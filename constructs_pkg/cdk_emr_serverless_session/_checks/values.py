"""Refuses values, unless they may stand for what the CLI still has to look up."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from .._template.rendered import misses_lookups
from ..errors import SessionValidationError


def check_values(scope: Construct, path: str, problems: Sequence[str]) -> None:
    """Refuses values that are known at synth.

    Until the CLI has looked up what is missing, anything may stand for it.

    Args:
        scope: A construct of the app.
        path: The path of the construct whose values they are.
        problems: What is wrong with the values.

    Raises:
        SessionValidationError: There are problems, and nothing is to be looked up.
    """
    if problems and not misses_lookups(scope):
        raise SessionValidationError(path, problems)
