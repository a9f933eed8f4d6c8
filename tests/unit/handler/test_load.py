"""The calls of a stack of 25 sessions, and the delay of their answers."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from statistics import mean
from typing import Any

import pytest

from session_handler.wait import pace
from tests.unit.handler.conftest import OWNER, Lab
from tests.unit.handler.network import THROTTLED

SESSIONS = 25


def looks(start: float, starting_at: float) -> list[float]:
    """When a session is looked at that is STARTING and then usable at these seconds."""
    at, state = 0.0, "SUBMITTED"
    times: list[float] = []
    while not times or times[-1] < start:
        at += pace(at, state)
        state = "STARTING" if at >= starting_at else "SUBMITTED"
        times.append(at)
    return times


@pytest.mark.parametrize(("starting_at", "a_second"), [(30.0, 1.7), (0.0, 2.0)])
def test_the_pause_after_usable_and_the_rate_of_looks(starting_at: float, a_second: float) -> None:
    """AWS doesn't say how soon a session is STARTING."""
    random.seed(1)
    starts = [random.uniform(60, 90) for _ in range(4000)]
    waits = [looks(start, starting_at) for start in starts]
    assert mean(times[-1] - start for times, start in zip(waits, starts, strict=True)) <= 1.7
    assert SESSIONS * mean(len(times) for times in waits) / 90 <= a_second


def test_sessions_that_start_together_are_not_looked_at_together() -> None:
    random.seed(1)
    together = [looks(75, 0.0) for _ in range(SESSIONS)]
    for number in range(min(len(times) for times in together)):
        at = sorted(times[number] for times in together)
        assert at[-1] - at[0] > 0.5
        assert len({round(moment, 2) for moment in at}) > SESSIONS / 2


def test_a_start_of_seconds_is_seen_within_seconds() -> None:
    for start in (1.0, 3.0, 5.0, 7.0):
        assert looks(start, start / 3)[-1] - start <= 7
    assert looks(3.0, 1.0)[-1] <= 4.1


def test_a_start_of_minutes_is_looked_at_ever_more_slowly() -> None:
    times = looks(600, 200)
    assert len(times) <= 60
    assert times[-1] - 600 <= 17


@pytest.mark.parametrize("foreign", [0, 60])
def test_calls_do_not_grow_with_the_sessions_of_others(lab: Lab, foreign: int) -> None:
    properties = lab.properties()
    made: list[dict[str, int]] = []
    for number in range(foreign):
        with_room(partial(lab.start, properties["ApplicationId"], {"n": str(number)}))

    def count(do: Callable[[], Any]) -> Any:
        lab.network.calls.clear()
        result = with_room(do)
        made.append(dict(lab.network.count()))
        return result

    held = count(lambda: lab.create(properties).physical_id)
    tagged = {**properties, "Tags": {"a": "b"}}
    count(lambda: lab.update(held, properties, tagged))
    new = {**tagged, "Name": "another"}
    count(lambda: lab.update(held, tagged, new).physical_id)
    count(lambda: lab.clean_up(held, tagged))
    create, tag, replace, delete = made
    assert create["StartSession"] == 1
    assert create["GetSession"] <= 6
    assert tag == {"GetSession": 1, "TagResource": 1}
    assert replace["StartSession"] == 1
    assert replace["GetSession"] <= 7
    assert delete["GetSession"] <= 6
    for calls in made:
        assert "ListSessions" not in calls


def with_room(do: Callable[[], Any]) -> Any:
    """Do something without the limit of 25 sessions."""
    from emr_serverless_local.sessions import service as sessions

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "MAXIMUM_SESSIONS", 10**6)
        return do()


def test_a_throttled_service_fails_no_operation(lab: Lab) -> None:
    """Three of four calls are refused."""
    numbers = iter(range(10**6))

    def throttle(operation: str) -> Callable[[], None]:
        def maybe() -> None:
            if next(numbers) % 4:
                lab.network.fail(operation, THROTTLED)

        return maybe

    for operation in ("GetSession", "ListSessions", "StartSession", "TerminateSession"):
        lab.network.before[operation] = throttle(operation)
    properties = lab.properties()
    first = lab.create(properties)
    assert first.is_success, first.reason
    new = {**properties, "Name": "another"}
    second = lab.update(first.physical_id, properties, new)
    assert second.is_success, second.reason
    back = lab.update(second.physical_id, new, properties, rollback=True)
    assert (back.is_success, back.physical_id) == (True, first.physical_id)
    lab.start(properties["ApplicationId"], OWNER.tags("spec", "token"))
    for physical_id in (second.physical_id, first.physical_id):
        assert lab.delete(physical_id, properties).is_success
    assert lab.live() == []
