"""The entry point: what CloudFormation and keep-alive schedules call.

Every request of CloudFormation's is answered here (rule 1). ``handle`` raises only where Lambda
has to deliver the event again: an answer that nobody took, or a schedule's call that failed.
"""

from typing import Any

from session_handler import answer, log
from session_handler.create import create
from session_handler.deadline import Deadline
from session_handler.delete import delete
from session_handler.identity import TokenId
from session_handler.invocation import Invocation, Outcome
from session_handler.properties import MalformedRequest
from session_handler.request import Request, ScheduleCall
from session_handler.schedule import keep_alive
from session_handler.update import update


def handle(event: dict[str, Any], context: object = None) -> None:
    """Do what an event asks for, up to the answer, and see CloudFormation take it."""
    deadline = Deadline(context)
    if ScheduleCall.is_one(event):
        _handle_schedule(event, deadline)
    else:
        _handle_request(Invocation(Request.read(event), deadline))


def _handle_request(invocation: Invocation) -> None:
    outcome = _outcome(invocation)
    try:
        answer.send(invocation, outcome)
    finally:
        if outcome.arn is not None:
            invocation.log_fields["sessionId"] = outcome.arn.session_id
        status = "SUCCESS" if outcome.failure is None else "FAILED"
        invocation.log("answered", status=status, reason=outcome.failure)
    if outcome.afterwards is None:
        return
    try:
        outcome.afterwards()
    except Exception as error:  # noqa: BLE001 - the request is answered
        invocation.note(error)
    invocation.log("done")


def _outcome(invocation: Invocation) -> Outcome:
    request = invocation.request
    try:
        request.check()
        steps = {"Create": create, "Update": update, "Delete": delete}
        return steps[request.kind](invocation)
    except Exception as error:  # noqa: BLE001 - nothing was started yet; it is answered
        physical_id = request.physical_id or str(TokenId(request.client_token()))
        return Outcome(physical_id, failure=invocation.reason(error))


def _handle_schedule(event: dict[str, Any], deadline: Deadline) -> None:
    invocation = Invocation(Request.read(event, "KeepAlive"), deadline)
    log_fields = invocation.log_fields
    try:
        log_fields["outcome"] = keep_alive(ScheduleCall.read(event), deadline, log_fields)
    except MalformedRequest as error:  # delivering it again would not help
        log_fields["error"] = str(error)
    except Exception as error:  # noqa: BLE001 - raised, as what may be logged
        invocation.note(error)
        # Lambda logs it as it is; it may quote a token.
        raise RuntimeError(log.redacted(str(error))) from None
    finally:
        invocation.log("kept alive")
