"""The entry points: ``on_event`` and ``is_complete``, as the Provider framework calls them,
and ``keep_alive``, as a schedule does.

Region, credentials and ``AWS_ENDPOINT_URL*`` come from the environment; so do the
provider's times, ``ON_EVENT_TIMEOUT_SECONDS`` and ``GIVE_UP_AFTER_SECONDS``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar

from session_handler import client, log
from session_handler.errors import SessionFailure
from session_handler.event import Event, KeepAlive, MalformedRequest
from session_handler.lifecycle import Lifecycle, Limits
from session_handler.service import EmrServerless

Request = TypeVar("Request", Event, KeepAlive)

_clients: dict[str, tuple[frozenset[tuple[str, str]], Any]] = {}


def on_event(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Start, continue or end the session, and return at once.

    Returns ``PhysicalResourceId`` and what ``is_complete`` needs to know. Raises
    where nothing was started and nothing can be.
    """
    return _handle("on_event", event, context, Lifecycle.on_event)


def is_complete(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Whether the session is usable (or over, on Delete).

    Returns ``IsComplete``, and ``Data`` with ``Arn``, ``SessionId`` and
    ``ApplicationId`` once a Create or Update is complete. Raises when it has failed.
    """
    return _handle("is_complete", event, context, Lifecycle.is_complete)


def keep_alive(event: dict[str, Any], context: object = None) -> dict[str, Any]:
    """Start a successor where the stack's session is over.

    Returns ``Outcome`` and, where a session lives, its ``Arn``. Raises where that could not
    be found out or done: nothing is answered for, and the schedule calls again.
    """
    from session_handler.parameter import CurrentSession
    from session_handler.renewal import Renewal
    from session_handler.stack import StackResource

    def step(request: KeepAlive, facts: dict[str, Any]) -> dict[str, Any]:
        name = request.parameter_name
        renewal = Renewal(
            request,
            EmrServerless(_client("emr-serverless"), _seconds_left(context)),
            StackResource(_client("cloudformation"), request.event.owner),
            CurrentSession(_client("ssm"), name) if name else None,
            now=lambda: time.time(),
            facts=facts,
        )
        result = renewal.keep_alive()
        facts["outcome"] = result["Outcome"]
        return result

    return _logged("keep_alive", event, KeepAlive.parse, lambda request: request.event, step)


def _handle(
    entry: str,
    raw: dict[str, Any],
    context: object,
    step: Callable[[Lifecycle], dict[str, Any]],
) -> dict[str, Any]:
    def handle(event: Event, facts: dict[str, Any]) -> dict[str, Any]:
        service = EmrServerless(_client("emr-serverless"), _seconds_left(context))
        lifecycle = Lifecycle(
            event, service, now=lambda: time.time(), limits=_limits(), facts=facts
        )
        result = step(lifecycle)
        facts["physicalId"] = result.get("PhysicalResourceId")
        facts["isComplete"] = result.get("IsComplete")
        return result

    return _logged(entry, raw, Event.parse, lambda event: event, handle)


def _logged(
    entry: str,
    raw: dict[str, Any],
    parse: Callable[[dict[str, Any]], Request],
    event_of: Callable[[Request], Event],
    step: Callable[[Request, dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Do a step, with one line in the log however it ends."""
    began = time.monotonic()
    event: Event | None = None
    facts: dict[str, Any] = {}
    try:
        request = parse(raw)
        event = event_of(request)
        return step(request, facts)
    except MalformedRequest as error:
        facts["error"] = str(error)
        name = event.owner.logical_id if event else "(unnamed)"
        raise SessionFailure(
            f"The EMR Serverless session {name} can't be read: {error} Nothing was started. "
            "What to do: correct it, and deploy again."
        ) from None
    except Exception as error:
        facts["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        log.line(event, entry, (time.monotonic() - began) * 1000, **facts)


def _client(service: str) -> Any:
    """A client, made once a process and environment: the next invocation finds it warm."""
    environment = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
    made_in, made = _clients.get(service, (None, None))
    if made_in != environment:
        own = service == client.SERVICE
        made = client.emr_serverless() if own else client.other(service)
        _clients[service] = environment, made
    return made


def _seconds_left(context: object) -> Callable[[], float | None]:
    remaining = getattr(context, "get_remaining_time_in_millis", None)

    def seconds_left() -> float | None:
        milliseconds = remaining() if callable(remaining) else None
        return milliseconds / 1000 if isinstance(milliseconds, (int, float)) else None

    return seconds_left


def _limits() -> Limits:
    defaults = Limits()
    return Limits(
        on_event_timeout=float(
            os.environ.get("ON_EVENT_TIMEOUT_SECONDS", defaults.on_event_timeout)
        ),
        give_up_after=float(os.environ.get("GIVE_UP_AFTER_SECONDS", defaults.give_up_after)),
    )
