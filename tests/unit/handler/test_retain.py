"""Rule 17: what a removal policy of RETAIN keeps, nothing ends."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from session_handler.names import RETAINED_TAG
from tests.unit.handler.conftest import Lab


@pytest.fixture
def retained(lab: Lab) -> dict[str, Any]:
    return lab.properties(Retain="true")


def is_marked(lab: Lab, arn: str) -> bool:
    return lab.session(arn).tags.get(RETAINED_TAG) == "true"


@pytest.mark.parametrize("waits", ["true", "false"])
def test_a_session_is_marked_just_before_the_answer(
    lab: Lab, retained: dict[str, Any], waits: str
) -> None:
    answer = lab.create({**retained, "WaitUntilReady": waits})
    assert is_marked(lab, answer.physical_id)
    marked = next(at for at, name in lab.network.calls if name == "TagResource")
    assert marked == answer.at


def test_a_retained_session_outlives_every_later_operation(
    lab: Lab, retained: dict[str, Any]
) -> None:
    versions = [{**retained, "Name": name} for name in "abc"]
    held = [lab.create(versions[0]).physical_id]
    for old, new in pairwise(versions):
        held.append(lab.update(held[-1], old, new).physical_id)
    assert lab.live() == held
    lab.delete(held[-1], versions[-1])
    assert lab.live() == held[:-1]


def test_an_update_that_is_cancelled_ends_what_it_started_itself(
    lab: Lab, retained: dict[str, Any]
) -> None:
    held = lab.create(retained).physical_id
    lab.clock.after(
        30, lambda: lab.cloudformation.shows("UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS")
    )
    lab.update(held, retained, {**retained, "Name": "another"})
    assert lab.live() == [held]


def test_a_mark_that_it_has_just_set_itself_spares_no_session(
    lab: Lab, retained: dict[str, Any]
) -> None:
    held = lab.create(retained).physical_id
    lab.cloudformation.listens = False
    lab.network.before["TagResource"] = lambda: lab.cloudformation.shows(
        "UPDATE_FAILED", "UPDATE_FAILED"
    )
    assert lab.update(held, retained, {**retained, "Name": "another"}).is_success
    assert lab.live() == [held]


def test_a_session_that_ended_before_the_answer_fails_a_create_that_did_not_wait(
    lab: Lab, retained: dict[str, Any]
) -> None:
    def end_all() -> None:
        for arn in lab.live():
            lab.session(arn).terminate(lab.clock.now())

    lab.network.before["GetSession"] = end_all
    answer = lab.create({**retained, "WaitUntilReady": "false"})
    assert not answer.is_success
    assert "and can't be used" in answer.reason


@pytest.mark.parametrize("is_taken", [True, False])
def test_a_session_that_an_update_comes_back_to_keeps_its_mark_until_it_is_taken_over(
    lab: Lab, retained: dict[str, Any], is_taken: bool
) -> None:
    """An Update that was cancelled and is delivered again looks like one of the rollback."""
    plain = {name: value for name, value in retained.items() if name != "Retain"}
    first = lab.create(retained).physical_id
    second = lab.update(first, retained, {**retained, "Name": "another"}).physical_id
    lab.end(second)
    lab.cloudformation.listens = is_taken
    answer = lab.update(second, {**retained, "Name": "another"}, plain, rollback=True)
    assert answer.physical_id == first
    assert is_marked(lab, first) is not is_taken


def test_a_policy_that_changes_marks_and_clears(lab: Lab) -> None:
    plain = lab.properties()
    retained = {**plain, "Retain": "true"}
    held = lab.create(plain).physical_id
    assert not is_marked(lab, held)
    lab.update(held, plain, retained)
    assert is_marked(lab, held)
    lab.clock.after(30, lambda: lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE"))
    lab.update(held, retained, plain)
    assert not is_marked(lab, held)


def test_a_late_delivery_spares_a_retained_session(lab: Lab, retained: dict[str, Any]) -> None:
    """The stack holds another one by now, and will never send a Delete."""
    event = lab.request("Create", retained)
    lab.cloudformation.begins("Create")
    first = lab.deliver(event).physical_id
    second = lab.update(first, retained, {**retained, "Name": "another"}).physical_id
    lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE", second)
    assert not lab.deliver(event).is_success
    assert lab.live() == [first, second]
