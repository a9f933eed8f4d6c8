"""Looks for sessions that no id names: ListSessions, and the owner tags that only GetSession has.

Used where an earlier invocation may have died (rules 3, 13, 14, 15), and by keep-alive. What the
list shows saves calls: a session that another principal made needs no look. It decides nothing.
"""

import os
from collections.abc import Iterable, Iterator
from functools import partial

from session_handler import names, sessions
from session_handler.errors import NotFound, Unclear
from session_handler.identity import names_in
from session_handler.invocation import Invocation
from session_handler.retry import RetryBudget, until_clear
from session_handler.sessions import Session, Summary

# How long ListSessions may take to show a session that was just started.
LIST_DELAY = 30.0


def listed(application_id: str, states: Iterable[str], budget: RetryBudget) -> Iterator[Summary]:
    """The sessions of an application in these states. A page may be empty and not be the last.

    Raises:
        ServiceError: The service refuses, or the time is over before the list is.
    """
    token: str | None = None
    while True:
        page = until_clear(partial(sessions.page, application_id, states, token), budget)
        yield from page.summaries
        token = page.next_token
        if not token:
            return
        if budget.is_over:
            raise Unclear("ListSessions", "Timeout", "there was no time to look at all of it")


class Search:
    """The owned live sessions of a resource. Asked again, it doesn't look twice at others'."""

    def __init__(
        self,
        invocation: Invocation,
        application_ids: Iterable[str],
        budget: RetryBudget,
        *,
        made_like: Session | None = None,
        role: str | None = None,
    ) -> None:
        """Prepares a search.

        Args:
            invocation: Whose resource it is for.
            application_ids: Where to look.
            budget: How long errors are retried.
            made_like: A session of this stack's function: others have the same maker.
            role: The execution role that is looked for; None for any.
        """
        self._owner = invocation.request.owner
        self._application_ids = list(dict.fromkeys(application_ids))
        self._budget = budget
        made_by = made_like.created_by if made_like else None
        self._has_reference = made_by is not None
        named = [made_by, os.environ.get("ROLE_ARN"), os.environ.get("AWS_LAMBDA_FUNCTION_NAME")]
        self._own_names = {part for name in named if name for part in names_in(name)}
        self._role = role
        self._others: set[str] = set()

    def owned(self) -> Iterator[Session]:
        """Each owned live session, as it is found.

        Raises:
            ServiceError: The service refuses, or the time is over before the list is.
        """
        for application_id in self._application_ids:
            for summary in listed(application_id, names.LIVE_STATES, self._budget):
                arn = summary.arn
                if arn.arn in self._others or not self._may_be_owned(summary):
                    continue
                try:
                    session = until_clear(partial(sessions.get, arn), self._budget)
                except NotFound:
                    continue
                if not self._owner.owns(session.tags):
                    self._others.add(arn.arn)
                elif session.is_live:
                    yield session

    def _may_be_owned(self, summary: Summary) -> bool:
        role = summary.execution_role_arn
        if summary.created_by and self._is_of_another(summary.created_by):
            return False
        return role is None or self._role in (None, role)

    def _is_of_another(self, maker: str) -> bool:
        """Whether it has neither the function's role nor its name, which ``createdBy`` ends in.

        That it does is published nowhere, so that one of the two is enough for a look.
        """
        is_like_it = ":assumed-role/" in maker or self._has_reference
        return is_like_it and self._own_names.isdisjoint(names_in(maker))
