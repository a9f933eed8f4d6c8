"""Updates: in place, replacements, rollbacks, and what is cleaned up afterwards."""

from typing import Any

import pytest

from . import invariants
from .cloudformation import Conditions
from .faults import Fault
from .world import World

NAME = "Session"


def created(lab: World, **properties: Any) -> str:
    assert lab.stack.create({NAME: lab.properties(**properties)}) == "CREATE_COMPLETE"
    return lab.stack.resources[NAME].physical_id


def held(lab: World) -> str:
    return lab.stack.resources[NAME].physical_id


def test_tags_alone_change_in_place(lab: World) -> None:
    before = created(lab, Tags={"kept": "1", "changed": "1", "dropped": "1"})
    tags = {"kept": "1", "changed": "2", "added": "1"}
    assert lab.stack.update({NAME: lab.properties(Tags=tags)}) == "UPDATE_COMPLETE"
    assert held(lab) == before
    assert lab.tags(before) == tags


def test_tags_of_others_stay(lab: World) -> None:
    before = created(lab, Tags={"ours": "1"})
    lab.service.perform("TagResource", {"resourceArn": before, "tags": {"theirs": "1"}})
    lab.stack.update({NAME: lab.properties(Tags={"ours": "2"})})
    assert lab.tags(before) == {"ours": "2", "theirs": "1"}


def test_reserved_tags_are_never_removed(lab: World) -> None:
    created(lab)
    token = "emr-serverless-session:client-token"
    resource = lab.stack.resources[NAME]
    resource.properties = {**resource.properties, "Tags": {token: "x", "aws:tag": "x"}}
    assert lab.stack.update({NAME: lab.properties(Tags={"a": "1"})}) == "UPDATE_COMPLETE"
    assert not lab.asked_for("UntagResource")


def test_a_changed_property_replaces_the_session_and_ends_the_old_one(lab: World) -> None:
    before = created(lab, Name="a")
    assert lab.stack.update({NAME: lab.properties(Name="b")}) == "UPDATE_COMPLETE"
    assert held(lab) != before
    assert lab.state(before) == "TERMINATED"


def test_the_old_session_lives_until_the_stack_has_updated(lab: World) -> None:
    before = created(lab, Name="a")
    states: list[str] = []
    lab.agenda.after(30, lambda: states.append(lab.state(before)))
    lab.stack.update({NAME: lab.properties(Name="b")})
    assert states == ["STARTED"]


def test_a_session_found_dead_is_replaced_whatever_changed(lab: World) -> None:
    before = created(lab)
    lab.service.sessions()[-1].terminate(lab.agenda.now())
    lab.agenda.wait(60)
    assert lab.stack.update({NAME: lab.properties(Tags={"a": "1"})}) == "UPDATE_COMPLETE"
    assert held(lab) != before
    assert len(lab.live()) == 1


def test_a_session_that_moves_to_another_application_is_ended_on_the_old_one(lab: World) -> None:
    created(lab)
    assert lab.stack.update({NAME: lab.properties(1)}) == "UPDATE_COMPLETE"
    assert lab.applications[1] in held(lab)


def test_a_dropped_session_is_ended(lab: World) -> None:
    lab.stack.create({NAME: lab.properties(), "Kept": lab.properties()})
    assert lab.stack.update({"Kept": lab.properties()}) == "UPDATE_COMPLETE"
    assert lab.live() == [lab.stack.resources["Kept"].physical_id]


def test_a_rollback_after_a_replacement_returns_to_the_session_it_left(lab: World) -> None:
    before = created(lab, Name="a")
    conditions = Conditions(other_fails_after=10, other_waits=True)
    assert (
        lab.stack.update({NAME: lab.properties(Name="b")}, conditions) == "UPDATE_ROLLBACK_COMPLETE"
    )
    assert held(lab) == before
    invariants.check_rollback(lab, {NAME: before})


def test_a_rollback_after_a_move_returns_to_the_session_it_left(lab: World) -> None:
    before = created(lab)
    conditions = Conditions(other_fails_after=10, other_waits=True)
    assert lab.stack.update({NAME: lab.properties(1)}, conditions) == "UPDATE_ROLLBACK_COMPLETE"
    assert held(lab) == before


def test_a_rollback_of_tags_sets_them_back(lab: World) -> None:
    before = created(lab, Tags={"a": "1"})
    conditions = Conditions(other_fails_after=10, other_waits=True)
    lab.stack.update({NAME: lab.properties(Tags={"b": "1"})}, conditions)
    assert lab.tags(before) == {"a": "1"}


@pytest.mark.parametrize("moves", [False, True])
def test_a_failed_update_ends_what_it_started_and_keeps_the_old_session(
    lab: World, moves: bool
) -> None:
    before = created(lab, Name="a")
    lab.service.start_seconds = 5000
    conditions = Conditions(failed_update_moves=moves)
    assert (
        lab.stack.update({NAME: lab.properties(Name="b")}, conditions) == "UPDATE_ROLLBACK_COMPLETE"
    )
    assert held(lab) == before


def live_when_rolled_back(lab: World, **properties: Any) -> list[str]:
    """What lives when an Update has failed, before its rollback has looked at anything."""
    found: list[str] = []
    roll_back = lab.stack._roll_back

    def looked_at(*args: Any) -> str:
        found.extend(lab.live())
        return roll_back(*args)

    lab.stack._roll_back = looked_at  # type: ignore[method-assign]
    assert lab.stack.update({NAME: lab.properties(**properties)}) == "UPDATE_ROLLBACK_COMPLETE"
    return found


def test_a_failed_update_has_ended_its_session_when_it_answers(lab: World) -> None:
    before = created(lab, Name="a")
    lab.service.start_seconds = 5000
    assert live_when_rolled_back(lab, Name="b") == [before]


def test_an_update_that_may_not_look_for_strays_ends_its_session_when_it_answers(
    lab: World,
) -> None:
    before = created(lab, Name="a")
    lab.network.expect(Fault("ListSessions", "denied", skip=1, times=2))
    assert live_when_rolled_back(lab, Name="b") == [before]


def test_an_update_that_fails_does_not_end_the_session_it_kept(lab: World) -> None:
    lab.service.start_seconds = 5000
    before = created(lab, WaitUntilReady="false")
    properties = lab.properties(Tags={"team": "b"})
    assert lab.stack.update({NAME: properties}) == "UPDATE_ROLLBACK_COMPLETE"
    assert before in lab.live()


@pytest.mark.parametrize("seconds", [0.5, 5, 45])
def test_a_cancelled_update_returns_to_the_session_it_left(lab: World, seconds: float) -> None:
    before = created(lab, Name="a")
    conditions = Conditions(other_fails_after=seconds)
    assert (
        lab.stack.update({NAME: lab.properties(Name="b")}, conditions) == "UPDATE_ROLLBACK_COMPLETE"
    )
    assert held(lab) == before


@pytest.mark.parametrize("kind", ["refused", "quota"])
def test_a_refused_update_keeps_the_old_session(lab: World, kind: str) -> None:
    before = created(lab, Name="a")
    lab.network.expect(Fault("StartSession", kind))  # type: ignore[arg-type]
    assert lab.stack.update({NAME: lab.properties(Name="b")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert held(lab) == before


def test_a_failed_update_that_never_started_leaves_the_old_session_alone(lab: World) -> None:
    """Its answer carries the pending id, which the rollback's clean-up then deletes."""
    before = created(lab, Name="a")
    lab.network.expect(Fault("StartSession", "error", times=99))
    conditions = Conditions(failed_update_moves=True)
    assert (
        lab.stack.update({NAME: lab.properties(Name="b")}, conditions) == "UPDATE_ROLLBACK_COMPLETE"
    )
    assert lab.live() == [held(lab)] == [before]


@pytest.mark.parametrize("times", [1, 2, 6])
def test_a_lost_answer_to_a_replacement_starts_one_session(lab: World, times: int) -> None:
    created(lab, Name="a")
    lab.network.expect(Fault("StartSession", "dropped", acted=True, times=times))
    assert lab.stack.update({NAME: lab.properties(Name="b")}) == "UPDATE_COMPLETE"


@pytest.mark.parametrize("operation", ["GetSession", "ListSessions", "StartSession"])
@pytest.mark.parametrize("acted", [False, True])
def test_an_update_killed_at_any_call_leaves_one_session(
    lab: World, operation: str, acted: bool
) -> None:
    before = created(lab, Name="a")
    lab.network.expect(Fault(operation, "killed", acted=acted))  # type: ignore[arg-type]
    assert lab.stack.update({NAME: lab.properties(Name="b")}) == "UPDATE_ROLLBACK_COMPLETE"
    assert held(lab) == before


def test_a_stray_is_ended_by_the_next_update(lab: World) -> None:
    created(lab, Name="a")
    stray = lab.service.perform(
        "StartSession",
        {
            **lab.asked_for("StartSession")[-1],
            "clientToken": "left-by-something-that-was-killed",
        },
    )["arn"]
    assert lab.stack.update({NAME: lab.properties(Name="b")}) == "UPDATE_COMPLETE"
    assert lab.state(str(stray)) == "TERMINATED"


def test_an_update_that_is_delivered_again_after_the_next_one_changes_nothing(lab: World) -> None:
    created(lab, Name="a")
    conditions = Conditions(deliveries=((0, 350),))
    lab.stack.update({NAME: lab.properties(Name="b")}, conditions)
    lab.stack.update({NAME: lab.properties(Name="c")})
    lab.agenda.run()
    assert lab.live() == [held(lab)]


def test_a_rollback_that_fails_can_be_continued(lab: World) -> None:
    before = created(lab, Name="a")
    conditions = Conditions(other_fails_after=10, other_waits=True)
    lab.network.expect(Fault("ListSessions", "killed", skip=2))
    assert (
        lab.stack.update({NAME: lab.properties(Name="b")}, conditions) == "UPDATE_ROLLBACK_FAILED"
    )
    assert lab.stack.continue_rollback() == "UPDATE_ROLLBACK_COMPLETE"
    assert held(lab) == before
