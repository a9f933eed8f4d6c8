"""Keep-alive: what a schedule's call means for a session that may be over.

Reads top to bottom, as the lifecycle does, of which these are the rules 15 and 16. A call
that fails raises, and Lambda calls once more with the same token; the next one that the
schedule makes comes anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from session_handler.decision import LIVE_STATES
from session_handler.errors import NotFound
from session_handler.event import KeepAlive
from session_handler.identity import HELD_ARN_TAG, SessionArn
from session_handler.parameter import CurrentSession
from session_handler.service import EmrServerless
from session_handler.stack import StackResource

# A call that comes later than this starts nothing: by then it may be night.
LATEST_SECONDS = 600.0


@dataclass
class Renewal:
    """The handling of one call. ``facts`` is what the log line says about it."""

    request: KeepAlive
    service: EmrServerless
    resource: StackResource
    parameter: CurrentSession | None
    now: Callable[[], float]
    facts: dict[str, Any] = field(default_factory=dict)

    def keep_alive(self) -> dict[str, Any]:
        """See that a session of the resource lives; gives what was found or done."""
        if self.now() - self.request.scheduled_at > LATEST_SECONDS:
            return {"Outcome": "too late"}
        if not self._stack_is_at_rest():
            return {"Outcome": "the stack is being changed"}
        arn, outcome = self._live_session(), "alive"
        if arn is None:
            arn, outcome = self._start_successor(), "renewed"
            self.facts["successor"] = arn.session_id
            if not self._stack_is_at_rest():
                self.service.terminate_session(arn)
                return {"Outcome": "the stack is being changed"}
        if self.parameter is not None and arn.arn != self.request.event.physical_id:
            self.parameter.names(arn)
        return {"Outcome": outcome, "Arn": arn.arn}

    def _stack_is_at_rest(self) -> bool:
        """Rule 15: an operation on the stack sees to the session itself, and may be ending it."""
        return self.resource.rests_on(self.request.event.physical_id)

    def _live_session(self) -> SessionArn | None:
        """The session that CloudFormation holds or, where it is over, another one that lives."""
        event = self.request.event
        held = SessionArn.parse(event.physical_id)
        if held is not None:
            try:
                if self.service.get_session(held).is_live:
                    return held
            except NotFound:
                pass
        owned = self.service.owned_sessions(event.owner, event.application_ids(), LIVE_STATES)
        live = [s for s in owned if s.is_live]
        return max(live, key=lambda s: (s.created_at, s.arn.arn)).arn if live else None

    def _start_successor(self) -> SessionArn:
        """Rule 16: as CloudFormation's session was started, and marked as its successor."""
        held = str(self.request.event.physical_id)
        return self.service.start_session(self.request.event.start_request({HELD_ARN_TAG: held}))
