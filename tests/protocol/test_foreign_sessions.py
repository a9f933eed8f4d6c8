"""A session that somebody else started with copied owner tags is never adopted."""

from collections.abc import Mapping
from typing import Any

import pytest

from testbed.simulation.choices import Fault
from testbed.simulation.lab import do, expect
from testbed.simulation.network import Invocation
from testbed.simulation.schedule import (
    CopyTags,
    Create,
    Delete,
    Rest,
    ScheduledCall,
    Session,
    SessionEnds,
    Update,
    Wait,
)
from testbed.simulation.world import CREATOR, HELD_TAG, REPLACES_TAG, ROLE, ROLE_NAME, World

A, TAGGED, B = (
    Session("a", kept_alive=True),
    Session("a", tag="2", kept_alive=True),
    Session("b", kept_alive=True),
)
# Somebody's copy is there, and the session that it claims to succeed is over.
COPIED_SUCCESSOR = (Create((A,)), CopyTags(successor=True), SessionEnds(), Wait(5))


def copied(lab: World) -> str:
    (arn,) = lab.copied
    return arn


@pytest.mark.parametrize("session", [TAGGED, B])
def test_an_update_does_not_adopt_it(lab: World, session: Session) -> None:
    do(lab, *COPIED_SUCCESSOR, Update((session,)), Rest())
    assert lab.stack.status == "UPDATE_COMPLETE"
    assert lab.held() not in lab.foreign


def test_a_rollback_does_not_adopt_what_a_forged_tag_names(lab: World) -> None:
    do(lab, Create((A,)), CopyTags(), Rest())
    before = lab.held()

    def forge() -> None:
        (replacement,) = (s for s in lab.own() if s.arn != before)
        replacement.tags[REPLACES_TAG] = copied(lab)

    lab.clock.after(70, forge)
    do(lab, SessionEnds(30), Update((B,), 90), Rest())
    assert lab.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() not in lab.foreign


def test_a_rollback_does_not_adopt_one_with_another_execution_role(lab: World) -> None:
    """The function started it for another resource, and somebody gave it the owner tags of this."""
    do(lab, Create((A,)), Rest())
    held = lab.session(lab.held())
    assert held is not None
    parameters = {**held.parameters, "executionRoleArn": f"{ROLE}-of-another"}
    other = lab.service.add(parameters, held.created_by)
    other.state = "IDLE"

    def forge() -> None:
        replacement = lab.session(lab.live()[-1])
        assert replacement is not None
        replacement.tags[REPLACES_TAG] = other.arn

    lab.clock.after(70, forge)
    do(lab, SessionEnds(30), Update((B,), 90), Rest())
    assert lab.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() != other.arn


def test_an_update_does_not_end_what_a_forged_tag_names(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    held = lab.session(lab.held())
    assert held is not None
    held.tags[REPLACES_TAG] = min(lab.foreign)
    do(lab, Update((B,)), Rest())
    assert lab.service.sessions[min(lab.foreign)].is_live


def test_a_create_does_not_answer_with_one_that_has_its_token(lab: World) -> None:
    """A function of the same name made that, and the session of the lost answer has ended."""
    watch = lab.network.watch

    def copy(invocation: Invocation, operation: str, params: Mapping[str, Any]) -> None:
        watch(invocation, operation, params)
        if operation == "StartSession":
            lab.add_foreign(params["tags"], CREATOR.replace(ROLE_NAME, "another-role"))
            lab.clock.after(1, lambda: do(lab, SessionEnds(newest=True)))

    lab.network.watch = copy
    lost = Fault("StartSession", "closed after")
    expect(lab, lost, Fault("StartSession", "refused", skip=1, times=99))
    do(lab, Create(), Rest())
    assert lab.stack.requests[0].physical_id not in lab.foreign


def test_a_rollback_does_not_adopt_a_successor_of_somebody(lab: World) -> None:
    do(lab, *COPIED_SUCCESSOR, Update((B,), 90), Rest())
    assert lab.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() not in lab.foreign


def test_the_parameter_does_not_name_it(lab: World) -> None:
    do(lab, Create((A,)), CopyTags(successor=True), SessionEnds(), Wait(5), ScheduledCall(), Rest())
    (successor,) = lab.live()
    assert lab.parameters["/lab/Session"] == successor
    assert lab.service.sessions[successor].tags[HELD_TAG] == lab.held()


def test_the_parameter_does_not_name_one_of_a_function_of_the_same_name(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    held = lab.session(lab.held())
    assert held is not None
    elsewhere = held.created_by.replace(ROLE_NAME, "another-role")
    lab.add_foreign({**held.tags, HELD_TAG: held.arn}, elsewhere)
    do(lab, SessionEnds(), Wait(5), ScheduledCall(), Rest())
    assert lab.parameters["/lab/Session"] in lab.live()


def test_a_create_an_update_and_a_call_do_not_end_it(lab: World) -> None:
    do(lab, Create((A,)), CopyTags(), Update((B,)), SessionEnds(), Wait(5), ScheduledCall(), Rest())
    assert lab.service.sessions[copied(lab)].is_live


def test_sessions_of_other_resources_are_never_touched(lab: World) -> None:
    do(lab, Create((A,)), Update((B,), 90), Update((B,)), Delete(), Rest())
    assert all(lab.service.sessions[arn].is_live for arn in lab.foreign)
