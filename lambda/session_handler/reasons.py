"""The words of a failure: what was asked, what the service said, and what to do.

Pure functions. ``answer`` adds where the log is, and sees that the whole fits.
"""

import re
from collections.abc import Mapping
from typing import Any

from session_handler import served_stacks
from session_handler.errors import (
    TOKEN_REFUSED,
    Conflict,
    Denied,
    Failure,
    NotFound,
    ServiceError,
    Unclear,
    Unreachable,
    Unwanted,
)
from session_handler.identity import SessionArn
from session_handler.properties import MalformedRequest
from session_handler.request import Request
from session_handler.sessions import Session

# The service repeats what it refuses, whole: what to do comes after that, and has to fit too.
_LONGEST_SAYING = 900
# What takes six bytes in JSON, or can't be sent at all.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

_END_BY_HAND = (
    "end the session by hand: aws emr-serverless terminate-session --application-id … "
    "--session-id …"
)


def of(request: Request, error: Exception, not_ended: str | None) -> str:
    """What an exception means for the person deploying; and what was started and lives, and why."""
    said = _of(request, error)
    if not not_ended:
        return said
    return (
        f"{said} What it had started could not be ended: {_said(not_ended)} If no rollback and no "
        f"deletion of the stack does that, {_END_BY_HAND}"
    )


def _of(request: Request, error: Exception) -> str:
    if isinstance(error, Failure):
        return str(error)
    if isinstance(error, MalformedRequest):
        return malformed(request, error)
    if isinstance(error, Unwanted):
        return unwanted(request, str(error))
    if isinstance(error, ServiceError):
        is_end = request.kind == "Delete"
        return not_ended(request, error) if is_end else refused(request, error, None)
    return unexpected(request, error)


def malformed(request: Request, error: Exception) -> str:
    """The event or a property can't be read."""
    return (
        f"The EMR Serverless session {_name(request)} can't be read: {printable(str(error))} "
        "Nothing was started. What to do: correct it, and deploy again."
    )


def unexpected(request: Request, error: BaseException) -> str:
    """The handler itself failed."""
    said = _said(f"{type(error).__name__}: {error}")
    return (
        f"The EMR Serverless session {_name(request)}: the handler failed in its {request.kind}. "
        f"It said: {said} What to do: deploy again; if that fails too, report it with the log."
    )


def unwanted(request: Request, why: str) -> str:
    """CloudFormation has cancelled the request."""
    return (
        f"The EMR Serverless session {_name(request)}: {why} "
        "What to do: see why the stack has stopped waiting, in its events before this one."
    )


def refused(request: Request, error: ServiceError, application: Mapping[str, Any] | None) -> str:
    """The service didn't do what was asked, or didn't say."""
    application_id = next(iter(request.application_ids()), "(unknown)")
    if error.operation == "StartSession":
        asked = f"was not started on application {application_id}."
    else:
        asked = f"on application {application_id}: {error.operation} failed."
    return (
        f"The EMR Serverless session {_name(request)} {asked} The service said: "
        f"{error.code}: {_said(error.message)} "
        f"What to do: {_advice_to(request, error, application_id, application)}"
    )


def not_served(request: Request, why: str) -> str:
    """The provider's parameters don't list the stack."""
    application_id = next(iter(request.application_ids()), "(unknown)")
    return (
        f"The EMR Serverless session {_name(request)} was not started on application "
        f"{application_id}: {why}"
    )


def too_late(request: Request) -> str:
    """The event was queued for so long that CloudFormation soon stops waiting."""
    return (
        f"The EMR Serverless session {_name(request)} was not started: its {request.kind} came "
        "too late to be answered in time. What to do: check that the account has Lambda "
        "concurrency to spare, and ServiceTimeout is at least 120, and deploy again."
    )


def over(request: Request, session: Session) -> str:
    """The session that was waited for has come to its end."""
    details = session.details or "(no details)"
    if session.state != "FAILED":
        advice = (
            "find out who or what ended it (TerminateSession, or the application's stop), and "
            "deploy again."
        )
    elif "role" in details.lower() or "assume" in details.lower():
        advice = (
            "check that the execution role exists, trusts emr-serverless.amazonaws.com and "
            "allows what Spark reads at its start."
        )
    else:
        advice = (
            "check that the application's maximum capacity (maximumCapacity) and the account's "
            "vCPU quota have room for the session's driver and executors, that the execution role "
            "trusts emr-serverless.amazonaws.com, and read the driver's log in the application's "
            "monitoring destination. Then deploy again."
        )
    return (
        f"The EMR Serverless session {_name(request)} ({session.arn.arn}) on application "
        f"{session.arn.application_id} is {session.state} and can't be used. The service said: "
        f"{_said(details)} What to do: {advice}"
    )


def not_ready_in_time(
    request: Request, arn: SessionArn, session: Session | None, seconds: float
) -> str:
    """The session did not become usable within the provider's total time-out."""
    state = session.state if session else "not found"
    details = f" ({_said(session.details)})" if session and session.details else ""
    return (
        f"The EMR Serverless session {_name(request)} ({arn.arn}) on application "
        f"{arn.application_id} was still {state}{details} after {seconds:.0f} seconds, and was "
        "given up. What to do: look at the application's capacity and network (a start takes "
        "minutes without pre-initialized capacity), or raise total_timeout of SessionProvider "
        "(at most 14 minutes), and deploy again."
    )


def not_ended_in_time(request: Request, session: Session, seconds: float) -> str:
    """A Delete that could not see the end of what it ends."""
    return (
        f"Deleting the EMR Serverless session {_name(request)} ({session.arn.arn}): it was still "
        f"{session.state} after {seconds:.0f} seconds, and may still cost money. What to do: "
        f"delete again; or {_END_BY_HAND}"
    )


def not_ended(request: Request, error: ServiceError, session: str | None = None) -> str:
    """A Delete that is refused, or gets no clear answer; of the request's session or another."""
    named = session or printable(request.physical_id or "")
    return (
        f"The EMR Serverless session {_name(request)} ({named}) could not be ended. "
        f"{error.operation} said: {error.code}: {_said(error.message)} It may still be live and "
        f"cost money. What to do: {_advice_to_delete(request, error)}; or {_END_BY_HAND}"
    )


def not_searched(request: Request, error: ServiceError) -> str:
    """A Delete that has ended its session, but doesn't see whether there are others."""
    return (
        f"The EMR Serverless session {_name(request)} ({printable(request.physical_id or '')}) is "
        f"over, but what earlier failures left could not be looked for. {error.operation} said: "
        f"{error.code}: {_said(error.message)} What to do: {_advice_to_delete(request, error)}."
    )


def printable(text: str) -> str:
    """Without what JSON or CloudFormation can't carry."""
    return _UNPRINTABLE.sub("?", text)


def _advice_to_delete(request: Request, error: ServiceError) -> str:
    if isinstance(error, Denied):
        unlisted = served_stacks.unlisted(request.owner.stack_id)
        return (unlisted or "give the handler's role that permission") + " and delete again"
    if isinstance(error, Unreachable):
        return _advice(error, "", None).rstrip(".") + ", then delete again"
    return "delete again when that is over"


def _advice_to(
    request: Request,
    error: ServiceError,
    application_id: str,
    application: Mapping[str, Any] | None,
) -> str:
    if not isinstance(error, Denied):
        return _advice(error, application_id, application)
    unlisted = served_stacks.unlisted(request.owner.stack_id)
    if unlisted is not None:
        return f"{unlisted} and deploy again."
    if error.is_of_the_boundary:
        return (
            "allow that action in the permissions boundary of the handler's role, and deploy again."
        )
    return served_stacks.advice(error) or _missing_permission(error)


def _advice(error: ServiceError, application_id: str, application: Mapping[str, Any] | None) -> str:
    if isinstance(error, Unreachable):
        return (
            "the function has no route to the service. In a VPC it needs a NAT gateway or an "
            "interface endpoint for com.amazonaws.REGION.emr-serverless whose security group "
            "admits it on port 443."
        )
    if isinstance(error, Unclear):
        return "the service is unavailable or throttling; deploy again later."
    if isinstance(error, NotFound):
        return (
            f"check that the application {application_id} exists in this account and region, "
            "and has not been deleted."
        )
    if TOKEN_REFUSED.search(error.message):
        return "deploy again: another CloudFormation request has another token."
    if error.code == "ServiceQuotaExceededException":
        return (
            "an application runs 25 sessions at once by default, and a replacement needs one "
            "more while it starts: end sessions that are not needed (aws emr-serverless "
            "list-sessions), use another application, or request a higher quota in Service Quotas."
        )
    advice = application and _application_advice(application)
    if advice is None and isinstance(error, Conflict):
        return "deploy again when that is over."
    return advice or "correct what the service names in the Session's properties and deploy again."


def _missing_permission(error: Denied) -> str:
    said = error.message.lower()
    if "passrole" in said:
        advice = (
            "the handler may only pass the execution roles of this stack's sessions, to "
            "emr-serverless.amazonaws.com: give the role as execution_role"
        )
    elif "tagresource" in said:
        advice = (
            "the handler may tag only sessions of the stacks that it serves, with the tag keys "
            "that they declare: check that ServiceToken is that of the stack's own provider, or "
            "that the provider serves this stack and these tag keys"
        )
    else:
        advice = "check that the policies of the handler's role are as they were deployed"
    if not error.is_of_the_role:
        advice += (
            "; look for a permissions boundary or an organisation's policy that denies the "
            "handler's role this action"
        )
    return (
        f"{advice}. It did not come into force within four minutes: where the policy is new, "
        "deploying again may pass."
    )


def _application_advice(application: Mapping[str, Any]) -> str | None:
    release = str(application.get("releaseLabel", ""))
    state = str(application.get("state", ""))
    if str(application.get("type", "")).upper() != "SPARK":
        return (
            f"the application's type is {application.get('type')}; sessions need an application "
            "of type SPARK."
        )
    if not supports_sessions(release):
        return (
            f"the application's release is {release}; sessions need emr-7.13.0 or later: set "
            "release_label and deploy again."
        )
    if not application.get("interactiveConfiguration", {}).get("sessionEnabled"):
        return (
            "the application does not have interactive sessions enabled: set "
            "interactiveConfiguration.sessionEnabled to true (possible while it is CREATED or "
            "STOPPED)."
        )
    if state in ("CREATING", "CREATED", "STOPPING", "STOPPED") and not auto_starts(application):
        return (
            f"the application is {state} and its auto-start is off: start it (aws emr-serverless "
            "start-application) or switch auto-start on."
        )
    return "the application is TERMINATED: use another one." if state == "TERMINATED" else None


def supports_sessions(release_label: str) -> bool:
    """Whether an EMR release has interactive sessions: emr-7.13.0 or later."""
    numbers = release_label.removeprefix("emr-").split("-")[0].split(".")
    try:
        return tuple(int(number) for number in numbers) >= (7, 13, 0)
    except ValueError:
        return True  # a label of another form: the service knows better


def auto_starts(application: Mapping[str, Any]) -> bool:
    """Whether an application starts by itself; on unless switched off."""
    return bool(application.get("autoStartConfiguration", {}).get("enabled", True))


def becomes_usable(application: Mapping[str, Any]) -> bool:
    """Whether an application will be usable without anybody doing anything."""
    return _application_advice(application) is None


def _name(request: Request) -> str:
    return printable(request.owner.logical_id or "(unnamed)")


def _said(words: str) -> str:
    """The service's words as a sentence, cut where they are long."""
    said = printable(words)
    if len(said.encode()) > _LONGEST_SAYING:
        said = said.encode()[: _LONGEST_SAYING - 3].decode(errors="ignore") + "..."
    return said if said.endswith((".", "!", "?", ")")) else f"{said}."
