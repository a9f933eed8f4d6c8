"""Rule 17: what a removal policy of RETAIN keeps, nothing ends."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

import pytest

from session_handler.names import HELD_ARN_TAG, RETAINED_TAG
from session_handler.properties import read_spec
from tests.unit.handler.conftest import OWNER, Lab
from tests.unit.handler.network import DENIED, NOT_FOUND, Fault


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


def test_a_cancelled_create_ends_nothing_that_it_may_not_look_at(
    lab: Lab, retained: dict[str, Any]
) -> None:
    """The session may be marked, and kept for good."""
    lab.network.before["StartSession"] = lambda: lab.cloudformation.shows(
        "CREATE_FAILED", "ROLLBACK_IN_PROGRESS"
    )
    lab.network.always["GetSession"] = DENIED
    answer = lab.create(retained)
    assert "could not be ended" in answer.reason
    assert lab.live() == [answer.physical_id]


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


def test_a_mark_stays_while_the_update_that_clears_it_may_be_rolled_back(lab: Lab) -> None:
    plain = lab.properties()
    retained = {**plain, "Retain": "true"}
    held = lab.create(retained).physical_id
    lab.clock.after(
        30, lambda: lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_ROLLBACK_IN_PROGRESS")
    )
    assert lab.update(held, retained, plain).is_success
    assert is_marked(lab, held)


def test_a_late_delivery_spares_a_retained_session(lab: Lab, retained: dict[str, Any]) -> None:
    """The stack holds another one by now, and will never send a Delete."""
    event = lab.request("Create", retained)
    lab.cloudformation.begins("Create")
    first = lab.deliver(event).physical_id
    second = lab.update(first, retained, {**retained, "Name": "another"}).physical_id
    lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE", second)
    assert not lab.deliver(event).is_success
    assert lab.live() == [first, second]


def test_what_the_stacks_deletion_let_go_stays_though_an_older_read_showed_less(
    lab: Lab, retained: dict[str, Any]
) -> None:
    """The resource's read is from before the answer was taken, the stack's is from after it."""
    lab.cloudformation.listens = False

    def let_go() -> None:
        lab.cloudformation.deleted_at = lab.clock.now() - 2
        lab.cloudformation.shows("DELETE_SKIPPED", "DELETE_COMPLETE", None)

    def take() -> None:
        lab.cloudformation.shows("CREATE_IN_PROGRESS", "CREATE_COMPLETE", None)
        lab.clock.after(5, let_go)

    lab.network.before["TagResource"] = lambda: lab.clock.after(0.5, take)
    assert lab.create(retained).is_success
    assert len(lab.live()) == 1


def test_a_create_that_was_seen_failed_ends_its_session_though_its_stack_is_deleted_then(
    lab: Lab, retained: dict[str, Any]
) -> None:
    """CloudFormation had cancelled it before it took the answer."""
    lab.cloudformation.listens = False

    def let_go() -> None:
        lab.cloudformation.shows("DELETE_SKIPPED", "DELETE_COMPLETE", None)

    def delete() -> None:
        lab.cloudformation.deleted_at = lab.clock.now()
        lab.cloudformation.shows("CREATE_FAILED", "DELETE_IN_PROGRESS", None)
        lab.clock.after(5, let_go)

    lab.network.before["TagResource"] = lambda: lab.clock.after(2, delete)
    assert lab.create(retained).is_success
    assert lab.live() == []


def test_a_successor_keeps_its_mark_that_the_rollbacks_update_is_about_to_take(
    lab: Lab, retained: dict[str, Any]
) -> None:
    """CloudFormation has refused it from this Update."""
    kept_alive = {**retained, "KeepAlive": "true"}
    held = lab.create(kept_alive).physical_id
    lab.end(held)
    spec = read_spec(retained).digest
    successor = lab.start(
        retained["ApplicationId"], {**OWNER.tags(spec, "token"), HELD_ARN_TAG: held}
    )
    lab.clock.sleep(90)
    shows = lab.cloudformation.shows
    lab.cloudformation.listens = False
    rolls_back = "UPDATE_ROLLBACK_IN_PROGRESS"

    def cancel() -> None:
        shows("UPDATE_FAILED", rolls_back, held)
        lab.clock.after(10, lambda: shows("UPDATE_IN_PROGRESS", rolls_back, held))
        lab.clock.after(30, lambda: shows("UPDATE_COMPLETE", rolls_back, successor))

    lab.network.before["TagResource"] = cancel
    assert lab.update(held, kept_alive, retained).physical_id == successor
    assert is_marked(lab, successor)


@pytest.mark.parametrize(
    ("status", "stack"),
    [("CREATE_FAILED", "CREATE_FAILED"), ("DELETE_SKIPPED", "ROLLBACK_COMPLETE")],
)
def test_a_marked_session_ends_whose_create_has_failed_all_the_same(
    lab: Lab, retained: dict[str, Any], status: str, stack: str
) -> None:
    """It was cancelled while it answered: the stack never held the session."""
    lab.cloudformation.listens = False
    lab.network.before["TagResource"] = lambda: lab.cloudformation.shows(status, stack)
    assert lab.create(retained).is_success
    assert lab.live() == []


def test_a_marked_session_ends_where_the_stack_has_let_go_the_one_before(
    lab: Lab, retained: dict[str, Any]
) -> None:
    held = lab.create(retained).physical_id
    lab.cloudformation.listens = False
    lab.network.before["TagResource"] = lambda: lab.cloudformation.shows(
        "DELETE_SKIPPED", "DELETE_COMPLETE", held
    )
    assert lab.update(held, retained, {**retained, "Name": "another"}).is_success
    assert lab.live() == [held]


def test_a_session_that_is_not_shown_yet_is_marked_when_it_is(
    lab: Lab, retained: dict[str, Any]
) -> None:
    lab.network.fail("GetSession", *[NOT_FOUND] * 2)
    lab.network.fail("TagResource", NOT_FOUND)
    answer = lab.create({**retained, "WaitUntilReady": "false"})
    assert answer.is_success
    assert is_marked(lab, answer.physical_id)


@pytest.mark.parametrize("when", ["before the update", "while the next one starts"])
def test_a_session_that_is_over_needs_no_mark(
    lab: Lab, retained: dict[str, Any], when: str
) -> None:
    """The service may refuse tags on it; no Update, and no rollback, fails for that."""
    held = lab.create(retained).physical_id
    if when == "before the update":
        lab.end(held)
    else:
        lab.clock.after(30, lambda: lab.session(held).terminate(lab.clock.now()))
    over = Fault(400, "ValidationException", "The session is terminated.")
    marks = count()
    lab.network.before["TagResource"] = lambda: (
        lab.network.fail("TagResource", over) if next(marks) else None
    )
    answer = lab.update(held, retained, {**retained, "Name": "another"})
    assert answer.is_success, answer.reason
    assert is_marked(lab, answer.physical_id)
