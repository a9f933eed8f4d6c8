"""Whether a request is still wanted: rule 6.

CloudFormation cancels a request without a word to the function that works on it. Only evidence
counts, and only when it is seen twice, seven seconds apart.
"""

import time

from session_handler.deadline import Deadline
from session_handler.errors import Unwanted
from session_handler.request import Request
from session_handler.retry import insist
from session_handler.stack import READ_DELAY, Stack, StackView

_INTERVAL = 15.0
# What CloudFormation has said so lately isn't asked again before a session is marked.
_NEW = 2.0
# CloudFormation's clock and the function's differ by less than that beside what it shows.
_CLOCKS_APART = 2.0


class Wanted:
    """Asks CloudFormation about one request while it is worked on."""

    def __init__(self, request: Request, stack: Stack, deadline: Deadline) -> None:
        self._request = request
        self._stack = stack
        self._deadline = deadline
        self._asked_at = deadline.began
        self._rolled_back_before: bool | None = None
        self._clock_ahead = 0.0
        self._was_lost = False
        self._shows_rest = False
        self._stack_was_created = False

    def check(self) -> None:
        """Ask; raises Unwanted where the evidence is there, and still is when asked again."""
        why = self.evidence(self.look())
        if why is None:
            return
        time.sleep(READ_DELAY)
        shown = self.look()
        if self._shows_another_request(shown) or self.evidence(shown):
            raise Unwanted(f"CloudFormation doesn't wait for this request any more: {why}.")

    def make_sure(self) -> None:
        """The same, up to twice, where the last question is seconds old or had no answer."""
        for _ in range(2):
            is_new = time.time() < self._asked_at + _NEW
            if self._stack.is_silent or (is_new and not self._was_lost):
                return
            if self._was_lost:
                time.sleep(READ_DELAY)
            self.check()

    def check_if_due(self) -> None:
        """The same, seven seconds after the start and every fifteen seconds of waiting."""
        if time.time() >= self.due_at:
            self.check()

    @property
    def due_at(self) -> float:
        """When to ask again while waiting."""
        first = self._deadline.began + READ_DELAY
        return first if self._asked_at < first else self._asked_at + _INTERVAL

    def look(self) -> StackView | None:
        """What CloudFormation shows; remembers what it tells of the time before."""
        self._asked_at = time.time()
        certain = self._stack.tells_of_the_request
        shown = self._stack.shown()
        self._was_lost = shown is None
        if shown is None:
            return None
        self._shows_rest = shown.stack_is_at_rest or shown.resource.is_at_rest
        ahead = shown.resource.changed_at - time.time()  # it has not changed in the future
        self._clock_ahead = max(self._clock_ahead, ahead)
        if certain and self._rolled_back_before is None:
            self._rolled_back_before = self._rolls_back(shown)
        if certain and shown.stack == "CREATE_IN_PROGRESS":
            self._stack_was_created = True
        return shown

    def evidence(self, shown: StackView | None) -> str | None:
        """Why the request can't be wanted any more, if what CloudFormation shows says so."""
        if shown is None:  # no answer, a refusal, no route: go on
            return None
        resource, stack = shown.resource, shown.stack
        if stack == "DELETE_IN_PROGRESS" or resource.status == "DELETE_IN_PROGRESS":
            return f"the stack is {stack}, the resource {resource.status}"
        if stack == "ROLLBACK_IN_PROGRESS":  # of a stack's creation: it deletes
            return f"the stack is {stack}"
        # An Update may be the rollback's own, unless it is certain that there was none before.
        is_create = self._request.kind == "Create"
        if shown.is_rolling_back and (is_create or self._rolled_back_before is False):
            return f"the stack is {stack}"
        if shown.stack_is_at_rest:
            return f"the stack is {stack}"
        if resource.is_at_rest:
            return f"the resource is {resource.status}"
        held = resource.physical_id
        if self._request.kind == "Update" and held != self._request.physical_id:
            return f"the resource has another physical id, {held}"
        if is_create and resource.status == "UPDATE_IN_PROGRESS":
            return f"the resource has a session already, {held}"
        # A rollback that has nothing to do, and then another operation, fit between two looks. It
        # is the only evidence, so clocks that are apart by seconds must not look like it.
        kind = self._request.kind
        if self._has_begun(kind, shown, self._deadline.began + READ_DELAY):
            return f"another {kind} of the resource has begun"
        return None

    def was_let_go(self, shown: StackView, answered_at: float) -> bool:
        """Whether the resource held the session that it doesn't show."""
        # The stack's creation is complete: one that was undone takes no update.
        was_completed = self._stack_was_created and shown.stack.startswith("UPDATE_")
        is_created_anew = self._has_begun("Create", shown, answered_at)
        return shown.lets_go or was_completed or is_created_anew

    def next_one_has_begun(self) -> bool:
        """Whether another Update of the resource is under way, or that isn't known."""
        time.sleep(READ_DELAY)
        shown = insist(self.look, READ_DELAY)
        return shown is None or self._has_begun("Update", shown, self._deadline.began)

    def next_update_has_begun(self, shown: StackView) -> bool:
        """Whether the stack shows an update that was asked for after this request came."""
        return shown.updated_at > self._deadline.began + self._clocks_apart

    def is_complete(self, shown: StackView) -> bool:
        """Whether the stack shows the end of the update that the request is part of."""
        has_ended = shown.stack.startswith("UPDATE_COMPLETE")
        return has_ended and not self.next_update_has_begun(shown)

    def still_rolls_back(self) -> bool:
        """Whether a new read doesn't speak against a rollback: an old one may show the last one."""
        self.wait_for_a_new_read()
        shown = self.look()
        return shown is None or self._rolls_back(shown)

    def rollback_is_certain(self) -> bool:
        """Whether the stack rolls back."""
        self.wait_for_a_new_read()

        def ask() -> StackView | None:
            self._stack.end_silence()  # another session may start if this isn't known
            return self.look()

        shown = insist(ask, READ_DELAY)
        return shown is not None and self._rolls_back(shown)

    def wait_for_a_new_read(self) -> None:
        """Wait until a read can't be from before the request."""
        time.sleep(max(0.0, self._deadline.began + READ_DELAY - time.time()))

    def wait_for_what_rests(self) -> None:
        """Wait for a new read where the last look shows rest: it may be another delivery's."""
        if self._shows_rest:
            time.sleep(max(0.0, self._asked_at + READ_DELAY - time.time()))

    def _rolls_back(self, shown: StackView) -> bool:
        """Whether the stack rolls back, and the request is part of that."""
        return shown.is_rolling_back and not self._shows_another_request(shown)

    def _shows_another_request(self, shown: StackView | None) -> bool:
        """Whether what is under way has begun after this invocation."""
        return shown is not None and self._has_changed(shown, self._deadline.began)

    def _has_begun(self, kind: str, shown: StackView, since: float) -> bool:
        is_under_way = shown.resource.status == f"{kind.upper()}_IN_PROGRESS"
        return is_under_way and self._has_changed(shown, since)

    def _has_changed(self, shown: StackView, since: float) -> bool:
        return shown.resource.changed_at > since + self._clocks_apart

    @property
    def _clocks_apart(self) -> float:
        return _CLOCKS_APART + self._clock_ahead
