"""What the CDK answers the same each time, asked once.

A question to the CDK is a message to another process and back: a fifth of a millisecond. Sessions
share stack, application, role and provider, so most of what one asks has been asked by another.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar
from weakref import WeakKeyDictionary

Subject = TypeVar("Subject")
Answer = TypeVar("Answer")


def asked_once(question: Callable[[Subject], Answer]) -> Callable[[Subject], Answer]:
    """Remembers the answer for each subject, for as long as there is the subject.

    For questions whose answer never changes, about objects that are told apart by identity.
    """
    answers: WeakKeyDictionary[Subject, Answer] = WeakKeyDictionary()

    @wraps(question)
    def remembered(subject: Subject) -> Answer:
        found = answers.get(subject)
        if found is None:
            found = answers[subject] = question(subject)
        return found

    return remembered
