"""Which sessions a resource may take for its own: live, as wanted, and genuine.

Tags alone can be copied by whoever may tag. So the maker of a session counts too.
"""

import os

from session_handler.identity import SessionArn, assumed_role
from session_handler.invocation import Invocation
from session_handler.request import Request
from session_handler.search import Search
from session_handler.sessions import Session


def is_what_is_wanted(request: Request, session: Session) -> bool:
    """Whether the resource owns a session, and would start it the same way now."""
    return request.owner.owns(session.tags) and session.spec == request.spec().digest


def may_be_adopted(request: Request, session: Session, held: Session | None) -> bool:
    """Whether a session may become the resource's.

    Args:
        request: Says what is wanted.
        session: A live session.
        held: The one that CloudFormation holds, which this stack's function made; None where it
            is gone: then the function's role and name have to tell.
    """
    return (
        is_what_is_wanted(request, session)
        and is_genuine(session, held)
        and session.execution_role_arn in (None, request.spec().execution_role_arn)
    )


def successors(invocation: Invocation, of: SessionArn, held: Session | None) -> list[Session]:
    """What schedules have started in place of a session that is over; the oldest first."""
    request = invocation.request
    if not request.is_kept_alive:
        return []
    search = Search(
        invocation,
        request.application_ids(),
        invocation.retry_budget(),
        made_like=held,
        role=request.spec().execution_role_arn,
    )
    found = [
        session
        for session in search.owned()
        if session.held_arn == of.arn and may_be_adopted(request, session, held)
    ]
    return sorted(found, key=lambda session: (session.created_at, session.arn))


def is_genuine(session: Session, like: Session | None) -> bool:
    """Whether this function made a session, with the role of now or with that of ``like``."""
    if session.created_by is None:  # the service doesn't show it
        return True
    function = assumed_role(os.environ["ROLE_ARN"], os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    return session.created_by in (function, like and like.created_by)
