"""Which calls are made again, for how long, and when: the one place that knows.

botocore makes one attempt. What an error leaves open is asked again with the same client token.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from session_handler.errors import Denied, NotFound, ServiceError, Unclear, Unreachable

T = TypeVar("T")

# IAM is eventually consistent: a policy that is in force may be refused for minutes.
DENIED_SECONDS = 240.0
# The same for a stack that the provider knows nothing of: most likely it is meant.
UNLISTED_DENIED_SECONDS = 30.0
# The same after that, or where the role's policies have let a session start.
WAITED_DENIED_SECONDS = 20.0
# No connection at all: a route that is missing doesn't come by itself.
UNREACHABLE_SECONDS = 120.0
# A session that was started seconds ago may not be found yet.
NOT_FOUND_PAUSE = 6.0
_NOT_FOUND_TIMES = 3
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 12.0


class RetryBudget:
    """How long the errors of one task are retried."""

    def __init__(
        self,
        until: Callable[[], float],
        *,
        unreachable_seconds: float = UNREACHABLE_SECONDS,
        denied_seconds: float = DENIED_SECONDS,
    ) -> None:
        """``until`` gives the end of the task's time, in seconds since the epoch."""
        self._until = until
        self._unreachable_seconds = unreachable_seconds
        self._denied_seconds = denied_seconds
        self._began: dict[type[ServiceError], float] = {}
        self._count = 0

    def pause(self, error: ServiceError) -> float:
        """Seconds to wait before the call is made again; raises the error where that is no use."""
        kind = next((k for k in (Denied, Unreachable, Unclear) if isinstance(error, k)), None)
        if kind is None:
            raise error
        now = time.time()
        began = self._began.setdefault(kind, now)
        limits = {
            Denied: began + self._denied_seconds,
            Unreachable: began + self._unreachable_seconds,
        }
        longest = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(self._count, 9))
        pause = longest * random.uniform(0.5, 1.0)
        self._count += 1
        if now + pause > min(self._until(), limits.get(kind, now + pause)):
            raise error
        return pause

    @property
    def is_over(self) -> bool:
        """Whether the task's time is over, whatever the service answers."""
        return time.time() >= self._until()

    def reset(self) -> None:
        """Note that a call has succeeded: the next error is a new one."""
        self._began.clear()
        self._count = 0


def until_clear(do: Callable[[], T], budget: RetryBudget) -> T:
    """Do something until the service gives a clear answer; raises what it says in the end."""
    while True:
        try:
            result = do()
            budget.reset()
            return result
        except ServiceError as error:
            time.sleep(budget.pause(error))


def until_found(do: Callable[[], T], budget: RetryBudget) -> T:
    """The same for a session. Not found three times in twelve seconds, it raises NotFound."""
    for _ in range(_NOT_FOUND_TIMES - 1):
        try:
            return until_clear(do, budget)
        except NotFound:
            time.sleep(NOT_FOUND_PAUSE)
    return until_clear(do, budget)


def insist(ask: Callable[[], T | None], seconds: float) -> T | None:
    """Ask up to three times, with a pause between, until there is an answer."""
    for _ in range(2):
        answer = ask()
        if answer is not None:
            return answer
        time.sleep(seconds)
    return ask()
