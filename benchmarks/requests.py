"""Requests to the service for one create, counted in simulated time."""

from __future__ import annotations

from collections import Counter

from tests.protocol.world import START_SECONDS, world

INTERVAL_SECONDS = 10.0


def of_a_create() -> tuple[dict[str, int], int]:
    """The requests by operation, and how often the waiter looked, for a start of 90 seconds."""
    with world() as here:
        before = len(here.service.requests)
        looks_before = here.log.getvalue().count('"entry": "is_complete"')
        status = here.stack.create({"Session": here.properties()})
        if status != "CREATE_COMPLETE":
            raise RuntimeError(f"the simulated create ended as {status}")
        requests = Counter(request.operation for request in here.service.requests[before:])
        looks = here.log.getvalue().count('"entry": "is_complete"') - looks_before
    return dict(requests), looks


def expected_looks() -> int:
    """Looks until the session is usable, the first at once."""
    return int(START_SECONDS // INTERVAL_SECONDS) + 1
