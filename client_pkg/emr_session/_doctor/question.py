"""A call to AWS: its answer, or why there is none. A refusal is not an error here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from .finding import Finding, not_checked

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Unanswered:
    """A question that AWS didn't answer."""

    action: str
    code: str
    said: str

    @property
    def refused(self) -> bool:
        """Whether the caller may not ask it."""
        return any(sign in self.code for sign in ("AccessDenied", "Unauthorized", "Forbidden"))

    def finding(self, check: str) -> Finding:
        """What to tell of a check that needs the answer."""
        if self.refused:
            return not_checked(
                check,
                f"you may not {self.action}",
                f"Have {self.action} allowed for you, or ask somebody who may.",
            )
        return not_checked(check, f"{self.action} failed: {self.said}", "Try again.")


def ask(action: str, call: Callable[[], Answer]) -> Answer | Unanswered:
    """The answer to a question, or why there is none.

    Args:
        action: The IAM action that it takes.
        call: Asks it.
    """
    try:
        return call()
    except ClientError as error:
        said = error.response["Error"]
        return Unanswered(action, said["Code"], said["Message"].rstrip("."))
    except (BotoCoreError, ResponseParserError) as error:
        return Unanswered(action, type(error).__name__, str(error).rstrip("."))
