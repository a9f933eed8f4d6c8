"""The life of a session as a resource: create, update, delete, and their completion.

Reads top to bottom. ``on_…`` does the first step and returns at once; ``is_…_complete``
goes on from the physical resource id until CloudFormation can be answered. Every step
can be repeated: the client token makes StartSession idempotent, and what is live is
read from the service each time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from session_handler import decision, errors
from session_handler.decision import LIVE_STATES, OVER_STATES, Session
from session_handler.errors import (
    Conflict,
    Denied,
    NotFound,
    Refused,
    ServiceError,
    SessionFailure,
    Unsettled,
)
from session_handler.event import Event
from session_handler.identity import HELD_ARN_TAG, PendingId, SessionArn
from session_handler.service import EmrServerless

# IAM is eventually consistent, and so is what was just started: a refusal for
# want of permission, or a session not found yet, is looked at again for a minute.
CONSISTENCY_SECONDS = 60.0
# For so long a StartSession without a clear answer is sent again.
PENDING_SECONDS = 120.0
# What an invocation of is_complete and the waiter's pause can add to that.
POLL_SECONDS = 60.0
# No Create runs longer than the provider's total time-out can be.
LONGEST_CREATE_SECONDS = 3600.0


class Limits(NamedTuple):
    """The provider's times, in seconds."""

    on_event_timeout: float = 30.0
    give_up_after: float = 1740.0

    @property
    def late_create(self) -> float:
        """For so long after a Delete a cancelled Create may still send StartSession."""
        return self.on_event_timeout + PENDING_SECONDS + POLL_SECONDS


@dataclass
class Lifecycle:
    """The handling of one event. ``facts`` is what the log line says about it."""

    event: Event
    service: EmrServerless
    now: Callable[[], float]
    limits: Limits = field(default_factory=Limits)
    facts: dict[str, Any] = field(default_factory=dict)
    _previous_id: str | None = None
    """The physical id that an Update began with; None where is_complete was not told."""

    # --- on_event ------------------------------------------------------------

    def on_event(self) -> dict[str, Any]:
        """The first step. Raises only where nothing can have been started."""
        self._previous_id = self.event.physical_id
        steps = {"Create": self.on_create, "Update": self.on_update, "Delete": self.on_delete}
        return steps[self.event.request_type]()

    def on_create(self) -> dict[str, Any]:
        return self._under_way(self._first_try(self._start))

    def on_update(self) -> dict[str, Any]:
        result = self._under_way(self._first_try(self._continue_or_start))
        return result | {"PreviousPhysicalResourceId": self._previous_id}

    def on_delete(self) -> dict[str, Any]:
        arn = SessionArn.parse(self.event.physical_id)
        if arn is not None:
            try:
                self.service.terminate_session(arn)
            except ServiceError as error:
                self._note(error)  # is_complete looks at the session, and tries again
        return self._under_way(self.event.physical_id)

    # --- is_complete ---------------------------------------------------------

    def is_complete(self) -> dict[str, Any]:
        """The next look. Raises when the operation has failed for good."""
        self._previous_id = self.event.previous_id
        steps = {
            "Create": self.is_create_complete,
            "Update": self.is_update_complete,
            "Delete": self.is_delete_complete,
        }
        return steps[self.event.request_type]()

    def is_create_complete(self) -> dict[str, Any]:
        try:
            arn = SessionArn.parse(self.event.physical_id) or self._start()
            return self._ready_or_not(arn, self._look_at(arn))
        except ServiceError as error:
            return self._not_yet_or_failed(error)

    def is_update_complete(self) -> dict[str, Any]:
        try:
            arn = SessionArn.parse(self.event.physical_id) or self._continue_or_start()
            session = self._look_at(arn)
            if not self._started_here(arn, session) and not (session and session.is_live):
                arn = self._continue_or_start()  # what was to be kept has died meanwhile
                session = self._look_at(arn)
            result = self._ready_or_not(arn, session)
            if result["IsComplete"]:
                self._take_over(session)
                self._end_strays(arn)
        except ServiceError as error:
            return self._not_yet_or_failed(error)
        return result

    def is_delete_complete(self) -> dict[str, Any]:
        arn = SessionArn.parse(self.event.physical_id)
        try:
            if arn is not None:
                what = f"session {arn.arn}"
                waiting_for = self._end_session(arn) or self._end_successors(arn)
                application_ids = [arn.application_id]
            else:
                application_ids = self._applications_of_unknown()
                what = f"what this resource started on {', '.join(application_ids) or 'none'}"
                waiting_for = self._end_owned(application_ids)
            if waiting_for is None:
                what = f"application {', '.join(application_ids)}"
                waiting_for = self._stop_applications(application_ids)
        except ServiceError as error:
            self._note(error)
            definite = isinstance(error, Refused) and not isinstance(error, Conflict)
            if isinstance(error, Denied):  # IAM may still be catching up
                definite = self._waited >= CONSISTENCY_SECONDS or not self._knows_its_start
            pending = PendingId.parse(self.event.physical_id)
            no_route = isinstance(error, Unsettled) and error.unreachable
            if pending and no_route and self._waited >= PENDING_SECONDS:
                # Its Create had no route either: that is worth no stack that hangs.
                raise errors.not_settled_in_time(
                    self._name, pending.application_id, error, self._waited
                ) from None
            if definite:
                raise errors.not_allowed_to_end(self._name, self._subject, error) from None
            waiting_for = str(error)
            what = self._subject
        if waiting_for is None:
            return {"IsComplete": True}
        if self._waited >= self.limits.give_up_after:
            raise errors.not_ended_in_time(self._name, what, waiting_for, self._waited)
        self.facts["waitingFor"] = waiting_for
        return {"IsComplete": False}

    # --- Create and Update: start, keep or adopt, wait -------------------------

    def _first_try(self, step: Callable[[], SessionArn]) -> str:
        """The ARN that a step comes to; the pending id where is_complete has to go on."""
        pending = PendingId(self.event.spec().application_id, self.event.client_token())
        self.event.tags()  # read before anything is started: a bad tag starts nothing
        try:
            return step().arn
        except (Unsettled, Denied) as error:
            self._note(error)
            return str(pending)
        except ServiceError as error:
            if self._application_on_its_way(error):
                self._note(error)
                return str(pending)
            try:
                started = self._started_by_another_delivery()
            except Unsettled as other:
                self._note(other)  # it may exist: is_complete, and then a Delete, see to it
                return str(pending)
            if started is not None:
                self._note(error)
                return started.arn
            raise self._refused(error) from None

    def _started_by_another_delivery(self) -> SessionArn | None:
        """The session of this very request: it may be refused where it is asked for again."""
        try:
            return next((session.arn for session in self._of_this_request()), None)
        except Refused as error:
            self._note(error)
            return None

    def _start(self) -> SessionArn:
        return self.service.start_session(self.event.start_request())

    def _continue_or_start(self) -> SessionArn:
        """Keep or adopt a live session that already is what is wanted, else start one."""
        wanted = self.event.spec().digest
        old = self.event.old_spec()
        session = decision.to_continue_with(
            self._held(),
            lambda: self._owned(LIVE_STATES),
            wanted,
            only_tags_changed=old is not None and old.digest == wanted,
        )
        if session is None:
            return self._start()
        changes = decision.tag_changes(session.tags, self.event.tags(), self.event.old_tags())
        if changes.to_set:
            self.service.tag_session(session.arn, changes.to_set)
        if changes.to_remove:
            self.service.untag_session(session.arn, changes.to_remove)
        return session.arn

    def _held(self) -> Session | None:
        """The session that CloudFormation holds, where there is one and it is ours."""
        arn = SessionArn.parse(self._previous_id)
        if arn is None:
            return None
        try:
            session = self.service.get_session(arn)
        except NotFound:
            return None
        ours = self.event.owner.owns(session.tags) or session.client_token is None
        return session if ours else None

    def _ready_or_not(self, arn: SessionArn, session: Session | None) -> dict[str, Any]:
        """Complete, not yet, or failed: what a session's state means to who waits for it."""
        state = session.state if session else "not found"
        self.facts["state"] = state
        if session is not None and not session.is_live:
            raise errors.session_over(
                self._name, arn.arn, arn.application_id, session.state, session.details
            )
        if session is not None and (session.is_usable or not self.event.waits_until_ready):
            return {
                "IsComplete": True,
                "PhysicalResourceId": arn.arn,
                "Data": {
                    "Arn": arn.arn,
                    "SessionId": arn.session_id,
                    "ApplicationId": arn.application_id,
                },
            }
        lost = session is None and self._waited >= CONSISTENCY_SECONDS
        if lost or self._waited >= self.limits.give_up_after:
            if self._started_here(arn, session):
                self.service.terminate_session(arn)
            if lost:
                raise errors.session_over(
                    self._name, arn.arn, arn.application_id, "gone", "GetSession does not find it."
                )
            details = session.details if session else ""
            raise errors.not_ready_in_time(self._name, arn.arn, state, details, self._waited)
        return {"IsComplete": False}

    def _not_yet_or_failed(self, error: ServiceError) -> dict[str, Any]:
        """A Create or Update whose look did not succeed: once more, or the end."""
        self._note(error)
        starting = error.operation == "StartSession"
        if isinstance(error, (Unsettled, Denied)) or self._application_on_its_way(error):
            patience = self.limits.give_up_after
            if isinstance(error, Denied):
                patience = CONSISTENCY_SECONDS if self._knows_its_start else 0.0
            elif isinstance(error, Unsettled) and (starting or error.unreachable):
                patience = PENDING_SECONDS
            if self._waited < patience:
                return {"IsComplete": False}
            if not isinstance(error, Denied) or not starting:
                self._end_what_was_started()
                raise self._not_settled(error) from None
        self._end_what_was_started()
        raise self._refused(error) from None

    def _end_what_was_started(self) -> None:
        """Rule 8. A Create's Delete comes by itself; an Update ends its own session."""
        if self.event.request_type != "Update":
            return
        try:
            arn = SessionArn.parse(self.event.physical_id)
            known = self._look_at(arn) if arn else None
            if known is not None and self._started_here(known.arn, known):
                self.service.terminate_session(known.arn)
                return
            for session in self._of_this_request():
                self.service.terminate_session(session.arn)
        except ServiceError as error:
            self._note(error)  # the Update that rolls this one back ends strays again

    def _started_here(self, arn: SessionArn, session: Session | None) -> bool:
        """Whether this very request started the session."""
        if session is not None:
            return session.client_token == self.event.client_token()
        return arn.arn != self._previous_id

    # --- Delete: end, keep looking, stop the application -----------------------

    def _end_session(self, arn: SessionArn) -> str | None:
        """Rule 9: what is still to be waited for; None when the session is over."""
        try:
            session = self.service.get_session(arn)
        except NotFound:
            return None
        self.facts["state"] = session.state
        if session.is_over:
            return None
        if session.is_live:
            self.service.terminate_session(arn)
        return f"session {arn.session_id} is {session.state}"

    def _end_successors(self, held: SessionArn) -> str | None:
        """Rule 18: end what a schedule started in this session's place, or may be starting."""
        if not self.event.is_kept_alive:
            return None
        owned = self.service.owned_sessions(
            self.event.owner, [held.application_id], (*LIVE_STATES, "TERMINATING")
        )
        successors = [s for s in owned if s.held_arn == held.arn]
        for session in successors:
            if session.is_live:
                self.service.terminate_session(session.arn)
        if successors:
            return f"successors {', '.join(s.arn.session_id for s in successors)} are ending"
        if self._knows_its_start and self._waited < CONSISTENCY_SECONDS:
            return "a schedule's last call may still be starting a successor"
        return None

    def _end_owned(self, application_ids: list[str]) -> str | None:
        """Rule 10: end what a Create may have started, as long as something could still come.

        A pending id names one request, and its sessions alone are ended: after an Update
        that failed, the stack still holds an earlier one.
        """
        pending = PendingId.parse(self.event.physical_id)
        owned = self.service.owned_sessions(
            self.event.owner, application_ids, (*LIVE_STATES, "TERMINATING")
        )
        if pending:
            owned = [s for s in owned if s.client_token in (None, pending.client_token)]
        for session in owned:
            if session.is_live:
                self.service.terminate_session(session.arn)
        if owned:
            return f"sessions {', '.join(s.arn.session_id for s in owned)} are ending"
        if not application_ids or not self._knows_its_start:
            return None
        patience = CONSISTENCY_SECONDS if pending else self.limits.late_create
        if self._waited >= patience and not self._application_comes_up(application_ids):
            return None
        # One request starts one session: where this Delete has seen that one end,
        # no other can come.
        over = self.service.owned_sessions(
            self.event.owner,
            application_ids,
            OVER_STATES,
            created_after=self._started_at - LONGEST_CREATE_SECONDS,
        )
        for session in over:
            if pending and session.client_token == pending.client_token:
                return None
            if not pending and session.ended_at > self._started_at:
                return None
        if all(self._application(a) is None for a in application_ids):
            return None
        return "a Create of this resource may still be running"

    def _application_comes_up(self, application_ids: list[str]) -> bool:
        """Whether a Create may still be waiting for an application that is on its way."""
        if PendingId.parse(self.event.physical_id):
            return False
        for application_id in application_ids:
            application = self._application(application_id)
            if application is None:
                continue
            if application.get("state") in ("CREATING", "STARTING", "STOPPING"):
                return True
            changed = application.get("updatedAt")
            if changed is not None and self.now() - changed.timestamp() < POLL_SECONDS:
                return True
        return False

    def _stop_applications(self, application_ids: Iterable[str]) -> str | None:
        """Rule 12: an application that is STARTED can't be deleted."""
        if not self.event.stops_application:
            return None
        for application_id in application_ids:
            try:
                waiting_for = self._stop_application(application_id)
            except (Denied, Conflict) as error:
                if self._knows_its_start and self._waited < CONSISTENCY_SECONDS:
                    raise
                self._note(error)  # the session is over, and that was what was asked
                continue
            if waiting_for is not None:
                return waiting_for
        return None

    def _stop_application(self, application_id: str) -> str | None:
        if self.service.list_sessions(application_id, LIVE_STATES):
            return None  # others work there; whoever ends the last one stops it
        if self.service.list_sessions(application_id, ("TERMINATING",)):
            return f"application {application_id} still has a session that is TERMINATING"
        application = self._application(application_id)
        state = application.get("state") if application else "TERMINATED"
        self.facts["applicationState"] = state
        if state == "STARTED":
            try:
                self.service.stop_application(application_id)
            except (Denied, Conflict):
                raise
            except Refused as error:
                self._note(error)  # gone, or a job runs there: not ours to cut off
                return None
        elif state not in ("STARTING", "STOPPING"):
            return None
        return f"application {application_id} is {state}"

    # --- what the steps share --------------------------------------------------

    def _owned(self, states: Iterable[str]) -> list[Session]:
        return self.service.owned_sessions(self.event.owner, self.event.application_ids(), states)

    def _of_this_request(self) -> list[Session]:
        token = self.event.client_token()
        return [s for s in self._owned(LIVE_STATES) if s.client_token == token]

    def _end_strays(self, arn: SessionArn) -> None:
        """Rule 5, once the Update has succeeded.

        Not earlier: a late delivery of an Update that is long over comes as far as
        its own dead session, and must not touch the one that replaced it.
        """
        if self.event.retains or self._previous_id is None:
            return  # a retained session looks like a stray
        owned = self._owned(LIVE_STATES)
        for session in decision.strays(owned, self._previous_id, arn.arn, self._started_at):
            self.service.terminate_session(session.arn)
            self.facts.setdefault("strays", []).append(session.arn.session_id)

    def _take_over(self, session: Session | None) -> None:
        """Rule 17: a successor that CloudFormation holds from now on is nobody's successor."""
        if session is not None and session.held_arn is not None:
            self.service.untag_session(session.arn, [HELD_ARN_TAG])

    def _look_at(self, arn: SessionArn) -> Session | None:
        try:
            return self.service.get_session(arn)
        except NotFound:
            return None

    def _application(self, application_id: str) -> Any:
        try:
            return self.service.get_application(application_id)
        except NotFound:
            return None

    def _applications_of_unknown(self) -> list[str]:
        pending = PendingId.parse(self.event.physical_id)
        named = [pending.application_id] if pending else []
        return list(dict.fromkeys(named + self.event.application_ids()))

    def _application_on_its_way(self, error: ServiceError) -> bool:
        """Whether a conflict passes by itself (or can't be told from one that does)."""
        if not isinstance(error, Conflict):
            return False
        try:
            application = self._application(self.event.spec().application_id)
        except ServiceError as other:
            self._note(other)
            return isinstance(other, Unsettled)
        return application is not None and errors.on_its_way(application)

    def _refused(self, error: ServiceError) -> SessionFailure:
        application_id = self.event.spec().application_id
        try:
            application = self._application(application_id)
        except ServiceError as other:
            self._note(other)  # the advice is then without the application's state
            application = None
        return errors.start_refused(error, self._name, application_id, application)

    def _not_settled(self, error: ServiceError) -> SessionFailure:
        return errors.not_settled_in_time(
            self._name, self.event.spec().application_id, error, self._waited
        )

    def _under_way(self, physical_id: str | None) -> dict[str, Any]:
        result: dict[str, Any] = {"StartedAt": self.now()}
        if physical_id is not None:
            result["PhysicalResourceId"] = physical_id
        return result

    def _note(self, error: ServiceError) -> None:
        self.facts["service"] = str(error)

    @property
    def _name(self) -> str:
        return self.event.owner.logical_id

    @property
    def _subject(self) -> str:
        arn = SessionArn.parse(self.event.physical_id)
        return f"session {arn.arn}" if arn else "what its Create may have started"

    @property
    def _knows_its_start(self) -> bool:
        return self.event.started_at is not None

    @property
    def _started_at(self) -> float:
        return self.event.started_at if self.event.started_at is not None else self.now()

    @property
    def _waited(self) -> float:
        """Seconds since on_event; 0 where it is not known."""
        return max(0.0, self.now() - self._started_at)
