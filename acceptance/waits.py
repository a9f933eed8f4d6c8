"""How long a run waits. Tests take shorter waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from emr_session import Clock

Found = TypeVar("Found")


@dataclass(frozen=True)
class Waits:
    """Seconds, for a real account.

    Attributes:
        poll: Between two looks at a state.
        list_poll: Between two looks at a list that is expected to change at once.
        state: The longest wait for a session, an application or a stack.
        token_ages: How old a client token is each time that it is sent again.
        idle: How long a session with an idle time-out of zero is watched.
        slow_resource: How long the resource takes whose neighbour fails.
    """

    poll: float = 5
    list_poll: float = 1
    state: float = 900
    token_ages: tuple[float, ...] = (2 * 60, 10 * 60, 60 * 60)
    idle: float = 10 * 60
    slow_resource: float = 60

    def scaled(self, factor: float) -> Waits:
        """The same, shortened: not below what a machine needs, and the longest wait not at all."""
        return replace(
            self,
            poll=max(0.2, self.poll * factor),
            list_poll=max(0.2, self.list_poll * factor),
            token_ages=tuple(age * factor for age in self.token_ages),
            idle=self.idle * factor,
            slow_resource=max(6.0, self.slow_resource * factor),
        )


def wait_for(
    what: str, look: Callable[[], Found | None], clock: Clock, *, poll: float, at_most: float
) -> Found:
    """Look until there is something.

    Args:
        what: What is waited for, for the message.
        look: Gives it, or None.
        clock: Time.
        poll: Seconds between two looks.
        at_most: Seconds after which to stop.

    Raises:
        TimeoutError: It didn't come.
    """
    deadline = clock.now() + at_most
    while True:
        found = look()
        if found is not None:
            return found
        if clock.now() >= deadline:
            raise TimeoutError(f"{what}: not within {at_most:g} s")
        clock.sleep(poll)
