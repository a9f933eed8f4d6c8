"""The answer to CloudFormation: rule 1. One HTTP PUT to the event's ResponseURL."""

import http.client
import json
import os
import random
import time
import urllib.error
import urllib.request
from typing import Any

from session_handler.invocation import Invocation, Outcome
from session_handler.reasons import printable

# What CloudFormation takes, in bytes of JSON.
MAX_BYTES = 4096
_ATTEMPT_SECONDS = 10.0
_LONGEST_PAUSE = 8.0


class AnswerNotSent(Exception):
    """Nobody took the answer: Lambda has to deliver the request again."""


def put(url: str, body: bytes) -> None:
    """Send a body to a URL. Raises OSError where it isn't taken."""
    request = urllib.request.Request(url, data=body, method="PUT", headers={"Content-Type": ""})
    try:
        with urllib.request.urlopen(request, timeout=_ATTEMPT_SECONDS):
            return
    except http.client.HTTPException as error:
        raise ConnectionError(str(error)) from error


def send(invocation: Invocation, outcome: Outcome) -> None:
    """Answer, trying again as long as Lambda lets it. Raises AnswerNotSent.

    An answer that CloudFormation no longer takes (4xx: the URL's time is over, or the request was
    cancelled) is no failure.
    """
    url, body = invocation.request.response_url, content(invocation, outcome)
    gives_up_at = invocation.deadline.function_ends - _ATTEMPT_SECONDS - 2
    pause = 0.5
    invocation.answered_at = time.time()
    while True:
        try:
            put(url, body)
            invocation.log_fields.pop("answer", None)  # of an attempt before
            return
        except ValueError:  # no URL at all: nobody waits there
            invocation.log_fields["answer"] = "there is no address to send it to"
            return
        except OSError as error:
            status = error.code if isinstance(error, urllib.error.HTTPError) else None
            invocation.log_fields["answer"] = f"not taken: {status or type(error).__name__}"
            if status is not None and 400 <= status < 500 and status not in (408, 429):
                return
            if time.time() + pause > gives_up_at:
                raise AnswerNotSent(invocation.log_fields["answer"]) from None
        time.sleep(pause * random.uniform(0.7, 1.0))
        pause = min(_LONGEST_PAUSE, 2 * pause)


def content(invocation: Invocation, outcome: Outcome) -> bytes:
    """The answer's JSON, at most 4,096 bytes."""
    request, arn = invocation.request, outcome.arn
    answer: dict[str, Any] = {
        "Status": "SUCCESS" if outcome.failure is None else "FAILED",
        "PhysicalResourceId": outcome.physical_id,
        "StackId": request.owner.stack_id,
        "RequestId": request.request_id,
        "LogicalResourceId": request.owner.logical_id,
    }
    if outcome.failure is None and arn is not None:
        answer["Data"] = {
            "Arn": arn.arn,
            "SessionId": arn.session_id,
            "ApplicationId": arn.application_id,
        }
    if outcome.failure is None:
        return _encoded(answer)
    reason, where = printable(outcome.failure), _where_the_log_is()
    while True:
        body = _encoded({**answer, "Reason": reason + where})
        excess = len(body) - MAX_BYTES
        if excess <= 0 or not reason:
            return body
        reason = reason[: -max(1, excess // 6) - 3].rstrip() + "..." if len(reason) > 9 else ""


def _where_the_log_is() -> str:
    group = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
    return f" Log group: {group}" if group else ""


def _encoded(answer: dict[str, Any]) -> bytes:
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="replace")
