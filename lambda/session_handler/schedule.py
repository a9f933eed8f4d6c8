"""A schedule's call (keep alive): rule 18. Nothing is answered; the schedule calls again."""

import time
from dataclasses import replace
from math import inf
from typing import Any

from session_handler import clients, log, names, sessions
from session_handler.adoption import successors
from session_handler.deadline import Deadline
from session_handler.errors import classify
from session_handler.identity import SessionArn
from session_handler.invocation import Invocation
from session_handler.request import Request, ScheduleCall
from session_handler.retry import until_clear
from session_handler.stack import Stack

# A call that comes later than this starts nothing: by then it may be night.
LATEST_SECONDS = 600.0
# One that comes later than this was queued: the resource may have changed meanwhile.
_ON_TIME_SECONDS = 90.0
_PAUSE = 10.0
_CERTAIN = 3


def keep_alive(call: ScheduleCall, deadline: Deadline, log_fields: dict[str, Any]) -> str:
    """See that a session of the resource lives; says what was found or done.

    Raises:
        ServiceError: That could not be done. Lambda delivers the call again, with the same token.
    """
    if deadline.began - call.scheduled_at > LATEST_SECONDS:
        return "too late"
    # Who calls by hand sends the beginning of the minute, and may just have deployed.
    was_queued = deadline.began - call.scheduled_at > _ON_TIME_SECONDS
    changed_until = call.scheduled_at if was_queued else inf
    held = _held(Stack(call.request, deadline), call.request, changed_until)
    if isinstance(held, str):
        return held
    invocation = Invocation(
        # The token: the schedule's time, and the session that is replaced.
        replace(
            call.request,
            physical_id=held.arn,
            request_id=f"{call.scheduled} in place of {held.arn}",
        ),
        deadline,
        log_fields,
    )
    session = invocation.find_again(held)
    log_fields["state"] = session.state if session else "not found"
    if session is not None and session.is_live:
        return "alive"
    if session is not None and session.spec not in (None, call.request.spec().digest):
        return "the call is from before an update"
    there, outcome = [s.arn for s in successors(invocation, held, session)], "alive"
    if not there:
        own, outcome = _start(invocation, changed_until), "renewed"
        if isinstance(own, str):
            return own
        log_fields["successor"] = own.session_id
        problem = _problem(invocation, own)
        if problem:
            return problem
        there = [s.arn for s in successors(invocation, held, session)] or [own]
    for arn in there[1:]:  # another call, delivered late, has started one too
        _end(invocation, arn)
    if call.parameter_name is not None:
        _name_in_parameter(call.parameter_name, there[0])
    return outcome


def _held(stack: Stack, request: Request, changed_until: float) -> SessionArn | str:
    """The session that the resource holds, or why nothing is started in its place.

    Nothing is where the resource has changed later: what the call asks for may not hold any more.
    """
    shown = stack.shown()
    if shown is None:
        return f"CloudFormation doesn't say what the stack holds: {stack.problem}"
    if not shown.stack_is_at_rest:
        return "the stack is being changed"
    status, held = shown.resource.status, SessionArn.parse(shown.resource.physical_id)
    is_whole = status.endswith("_COMPLETE") and not (shown.stack + status).count("DELETE")
    is_same = request.physical_id in (None, held and held.arn)
    if held is None or not is_whole or not is_same or shown.resource.changed_at > changed_until:
        return f"nothing to renew: the stack is {shown.stack}, the resource {status}"
    return held


def _start(invocation: Invocation, changed_until: float) -> SessionArn | str:
    """StartSession, or why it isn't called; asked before each attempt."""
    request = invocation.request
    parameters = request.start_parameters({names.HELD_ARN_TAG: request.physical_id or ""})

    def attempt() -> SessionArn | str:
        held = _held(invocation.stack, request, changed_until)
        return held if isinstance(held, str) else sessions.start(parameters)

    arn = until_clear(attempt, invocation.retry_budget())
    if isinstance(arn, SessionArn):
        log.line(request, event="started", successor=arn.session_id)
    return arn


def _problem(invocation: Invocation, arn: SessionArn) -> str | None:
    """Look until the stack is at rest: None where the resource surely is what ``arn`` is for."""
    held = invocation.request.physical_id
    certain = 0
    while certain < _CERTAIN and not invocation.deadline.is_over:
        time.sleep(_PAUSE)
        shown = invocation.stack.shown()
        if shown is None:
            continue
        deleted = shown.stack.startswith("DELETE") or shown.resource.status.startswith("DELETE")
        if not deleted and not shown.stack_is_at_rest:
            certain = 0  # an Update may take the successor: nothing is ended meanwhile
        elif deleted or shown.resource.physical_id not in (held, arn.arn):
            _end(invocation, arn)
            return "the stack was changed"
        else:
            certain += 1
    return None if certain >= _CERTAIN else "the stack is not at rest yet"


def _end(invocation: Invocation, arn: SessionArn) -> None:
    resource = invocation.stack.resource_with_retries()
    if resource is None or resource.physical_id != arn.arn:
        session = invocation.find(arn)  # an Update may have taken it, under RETAIN
        if session is None or not session.is_retained:
            invocation.end(arn, invocation.termination_budget())


def _name_in_parameter(name: str, arn: SessionArn) -> None:
    """PutParameter: between deployments the parameter names the successor."""
    try:
        clients.client("ssm").put_parameter(Name=name, Value=arn.arn, Overwrite=True)
    except Exception as error:  # noqa: BLE001 - classified
        raise classify("PutParameter", error) from None
