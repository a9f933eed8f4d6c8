"""Errors that the constructs raise at synth."""

from __future__ import annotations

from collections.abc import Sequence


class SessionValidationError(ValueError):
    """The construct's arguments are invalid.

    Attributes:
        path: The construct's path in the tree.
        problems: Every problem found, each naming property, value and constraint.
    """

    def __init__(self, path: str, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__("\n".join(f"[{path}] {problem}" for problem in self.problems))
