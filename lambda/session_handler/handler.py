"""The entry points: ``on_event`` and ``is_complete``, as the Provider framework calls them.

Region, credentials and ``AWS_ENDPOINT_URL*`` come from the environment; so do the
provider's times, ``ON_EVENT_TIMEOUT_SECONDS`` and ``GIVE_UP_AFTER_SECONDS``.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from session_handler import client, log
from session_handler.event import Event, MalformedRequest
from session_handler.lifecycle import Lifecycle, Limits
from session_handler.service import EmrServerless

_clients: dict[frozenset[tuple[str, str]], Any] = {}


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


def _handle(
    entry: str,
    raw: dict[str, Any],
    context: object,
    step: Callable[[Lifecycle], dict[str, Any]],
) -> dict[str, Any]:
    began = time.monotonic()
    event: Event | None = None
    facts: dict[str, Any] = {}
    try:
        event = Event.parse(raw)
        service = EmrServerless(_shared_client(), _seconds_left(context))
        lifecycle = Lifecycle(event, service, now=lambda: time.time(), limits=_limits())
        facts = lifecycle.facts
        result = step(lifecycle)
        facts["physicalId"] = result.get("PhysicalResourceId")
        facts["isComplete"] = result.get("IsComplete")
        return result
    except MalformedRequest as error:
        facts["error"] = str(error)
        name = event.owner.logical_id if event else "(unnamed)"
        raise MalformedRequest(
            f"The EMR Serverless session {name} can't be read: {error} Nothing was started."
        ) from None
    except Exception as error:
        facts["error"] = f"{type(error).__name__}: {error}"
        raise
    finally:
        log.line(event, entry, (time.monotonic() - began) * 1000, **facts)


def _shared_client() -> Any:
    """The client, made once a process and environment: the next invocation finds it warm."""
    environment = frozenset(item for item in os.environ.items() if item[0].startswith("AWS_"))
    if environment not in _clients:
        _clients.clear()
        _clients[environment] = client.emr_serverless()
    return _clients[environment]


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
