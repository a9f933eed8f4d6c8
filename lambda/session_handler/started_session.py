"""The session that a request starts: rules 3 to 7, shared by Create and Update."""

import time
from collections.abc import Mapping

from session_handler import log, names, reasons, served_stacks, sessions, wait
from session_handler.adoption import is_genuine
from session_handler.errors import (
    Conflict,
    Denied,
    Failure,
    NotFound,
    ServiceError,
    Unclear,
    Unreachable,
)
from session_handler.identity import SessionArn, TokenId
from session_handler.invocation import Invocation
from session_handler.retry import RetryBudget, until_clear, until_found
from session_handler.search import LIST_DELAY, Search
from session_handler.sessions import Session

# Another delivery begins two minutes after a death at the latest, and its answer is shown half a
# minute later.
_OTHER_ANSWERS = 120.0 + 30.0


class StartedSession:
    """What one request starts: found again by its token, until its ARN is known."""

    def __init__(self, invocation: Invocation, more_tags: Mapping[str, str]) -> None:
        self._invocation = invocation
        self._request = invocation.request
        self._parameters = self._request.start_parameters(more_tags)
        self._not_served = served_stacks.refusal(self._request.owner.stack_id)
        self.arn: SessionArn | None = None
        self._may_exist = False
        self.is_asked_for = False  # by this delivery, or an earlier one
        self._marked_here = False

    @property
    def physical_id(self) -> str:
        """The ARN; before it is known ``pending:…``, or ``none:…`` where nothing was started."""
        if self.arn is not None:
            return self.arn.arn
        application_id = self._parameters["applicationId"]
        if not self._may_exist or application_id not in self._request.application_ids():
            application_id = None
        return str(TokenId(self._parameters["clientToken"], application_id))

    def start(self) -> SessionArn:
        """Rule 3: StartSession, asked before and after whether that is wanted (rule 6).

        Raises:
            Failure: The service refuses, or gave no clear answer in time; or the provider doesn't
                serve the stack.
            Unwanted: Nobody waits for the session any more.
        """
        if self._not_served is not None:
            raise Failure(reasons.not_served(self._request, self._not_served))
        self.is_asked_for = True
        budget = self._invocation.retry_budget()
        while True:
            self._invocation.wanted.check()
            if self._invocation.deadline.is_over:
                raise Failure(reasons.too_late(self._request))
            try:
                self.arn = sessions.start(self._parameters)
                break
            except ServiceError as error:
                in_doubt = isinstance(error, Unclear) and not isinstance(error, Unreachable)
                self._may_exist = self._may_exist or in_doubt
                time.sleep(self._pause(budget, error))
        log_fields = self._invocation.log_fields
        log_fields["sessionId"] = self.arn.session_id
        log.line(self._request, event="started", sessionId=self.arn.session_id)
        self._invocation.wanted.check()
        return self.arn

    def run(self) -> tuple[SessionArn, Session | None]:
        """Rules 3, 4 and 6: start, and wait until the answer can be SUCCESS.

        Returns:
            Its ARN, and the session as the last look showed it; None where it isn't shown yet.

        Raises:
            Failure, ServiceError, Unwanted: As ``start`` and ``wait.until_usable``.
        """
        arn = self.start()
        if not self._request.waits_until_ready:
            found = self._invocation.find(arn)
            if found is not None and not found.is_live:  # an earlier delivery has ended it
                raise Failure(reasons.over(self._request, found))
            return arn, found
        session = wait.until_usable(self._invocation, arn, just_started=True)
        self._invocation.wanted.check()
        return arn, session

    def mark(self, session: Session | None) -> None:
        """Rule 17, just before an answer of SUCCESS. ``session`` is what the last look showed.

        Raises:
            ServiceError: The service refuses to tag it.
            Unwanted: Nobody waits for the session any more.
        """
        arn = self.arn
        if arn is None or not self._request.retains or (session and session.is_retained):
            return

        def attempt() -> None:
            self._invocation.wanted.make_sure()  # once it is marked, nothing else may end it
            self._marked_here = True
            sessions.tag(arn, {names.RETAINED_TAG: "true"})

        until_found(attempt, self._invocation.retry_budget())

    def end(self) -> None:
        """Rule 7: end what was started, unless CloudFormation holds it or may come back to it.

        Where CloudFormation doesn't say what it holds, nothing is ended: that is left to the
        Delete that follows, or to the idle time-out.
        """
        try:
            if self.arn is not None:
                self._end(self.arn)
            elif self.is_asked_for and self._not_served is None:  # else it may not search
                self.end_earlier()
        except Exception as error:  # noqa: BLE001 - answered all the same, with what is known
            self._stays(str(error))

    def _stays(self, why: str) -> None:
        what = f"{self.arn.arn}: " if self.arn else ""
        known = self.arn or self._may_exist
        field = "notEnded" if known else "searchNotFinished"
        self._invocation.log_fields[field] = f"{what}{why}"

    def _end(self, arn: SessionArn) -> None:
        budget = self._invocation.termination_budget()
        session = None
        try:
            session = until_clear(lambda: sessions.get(arn), budget)
        except NotFound:
            pass  # not shown yet: ended all the same
        except ServiceError:
            if self._request.retains:
                raise
        if session and not session.is_live:
            return
        is_kept = session and session.is_retained and not self._marked_here
        why = "it is retained" if is_kept else self._why_held(arn)
        if why:
            self._stays(why)
        else:
            self._invocation.end(arn, budget)

    def end_earlier(self) -> None:
        """The same for what a lost answer or a dead delivery has started: its token tells.

        Raises:
            ServiceError: It can't be looked for, or ended.
        """
        began = time.time()
        budget = self._invocation.termination_budget()
        search = Search(self._invocation, [self._parameters["applicationId"]], budget)
        while True:
            for session in search.owned():
                if session.client_token == self._parameters["clientToken"]:
                    # Another delivery may be about to answer with it.
                    self._invocation.deadline.sleep_while_ending(_OTHER_ANSWERS)
                    if is_genuine(session, None):
                        self.arn = session.arn
                        self._invocation.log_fields["sessionId"] = session.arn.session_id
                    self._end(session.arn)
            # A start whose answer was lost may be seconds old: the list shows it later.
            if not self._may_exist or self.arn or time.time() - began >= LIST_DELAY:
                return
            if not self._invocation.deadline.sleep_while_ending(10.0):
                return

    def _why_held(self, arn: SessionArn) -> str | None:
        """Why the session isn't CloudFormation's to lose; None where nothing speaks against it."""
        self._invocation.wanted.wait_for_what_rests()
        resource = self._invocation.stack.resource_with_retries()
        if resource is None:
            return "CloudFormation doesn't say whether the stack holds it"
        held = SessionArn.parse(resource.physical_id)
        if held == arn:
            return "the stack holds it"
        if held is None or held.arn == self._request.physical_id:
            return None  # what was there before this one can't name it
        budget = self._invocation.termination_budget()
        try:
            comes_back = until_found(lambda: sessions.get(held), budget).replaces == arn
        except NotFound:
            return None
        return "the stack may come back to it" if comes_back else None

    def _pause(self, budget: RetryBudget, error: ServiceError) -> float:
        """Seconds until StartSession is sent again. Raises Failure where that is no use."""
        application, said = None, error
        try:
            if not isinstance(error, (Denied, Unclear)):
                application = sessions.application(self._parameters["applicationId"])
            if isinstance(error, Conflict) and application and reasons.becomes_usable(application):
                error = Unclear(error.operation, error.code, error.message)
        except Unclear as other:
            if isinstance(error, Conflict):
                error = other
        except ServiceError:
            pass  # the advice is then without the application's state
        try:
            return budget.pause(error)
        except ServiceError:
            self._invocation.has_waited_for_iam = isinstance(said, Denied)
            raise Failure(reasons.refused(self._request, said, application)) from None
