"""When an invocation has to be done (rule 2). Seconds since the epoch, by ``time.time``."""

import time

# Lambda's own limit, where the invocation's context doesn't say what is left.
LONGEST_INVOCATION = 900.0
# What ending a session and answering may take, once the time for everything else is over.
ENDING_SECONDS = 60.0
ANSWERING_SECONDS = 20.0


class Deadline:
    """The end of an invocation's work: a minute before Lambda's, or CloudFormation's, own."""

    def __init__(self, context: object) -> None:
        self.began = time.time()
        left = _seconds_left(context)
        self.function_ends = self.began + left
        # Of looks after the answer: nobody waits for them.
        self.looks_end = self.function_ends - ENDING_SECONDS / 2
        self._work_ends = self.began + max(left - ENDING_SECONDS, left / 2)
        self._latest_change = 0.0

    def cloudformation_waits(self, since: float, seconds: float) -> None:
        """Note since when CloudFormation waits, and for how long: an event may come late.

        A read may be seconds old and show the change before, so the latest one counts. A time that
        was over before the invocation is another request's: a clean-up is tried again, and the
        resource may still show when the first try began.
        """
        if since + seconds > self.began:
            self._latest_change = max(self._latest_change, since + seconds)

    def work_ends(self) -> float:
        """When to give up waiting, so that there is time to end the session and to answer."""
        if not self._latest_change:
            return self._work_ends
        return min(self._work_ends, self._latest_change - ENDING_SECONDS)

    def ending_ends(self) -> float:
        """When to give up ending a session, so that there is time to answer."""
        ends = min(self.function_ends, self._latest_change or self.function_ends)
        return ends - ANSWERING_SECONDS

    def sleep_while_ending(self, seconds: float) -> bool:
        """Sleep, but not past the time to end sessions in; whether there is some left."""
        left = self.ending_ends() - time.time()
        time.sleep(max(0.0, min(seconds, left)))
        return left > seconds

    @property
    def is_over(self) -> bool:
        """Whether the time for work is over."""
        return time.time() >= self.work_ends()


def _seconds_left(context: object) -> float:
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    milliseconds = remaining() if callable(remaining) else None
    if isinstance(milliseconds, (int, float)):
        return milliseconds / 1000
    return LONGEST_INVOCATION
