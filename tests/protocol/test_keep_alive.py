"""Keep-alive: successors of a session that is over, and what becomes of them."""

from typing import Any

import pytest

from session_handler.identity import HELD_ARN_TAG, SPEC_TAG

from . import invariants
from .cloudformation import CALM, Conditions
from .faults import Fault
from .world import World

NAME = "Session"


def created(lab: World, **properties: Any) -> str:
    properties = {"KeepAlive": "true", **properties}
    assert lab.stack.create({NAME: lab.properties(**properties)}) == "CREATE_COMPLETE"
    return held(lab)


def held(lab: World) -> str:
    return lab.stack.resources[NAME].physical_id


def application_state(lab: World) -> str:
    asked = {"applicationId": lab.applications[0]}
    return str(lab.service.perform("GetApplication", asked)["application"]["state"])


def ended(lab: World, arn: str) -> None:
    """The session comes to its end, as by its idle time-out."""
    session = next(s for s in lab.service.sessions() if s.arn == arn)
    session.terminate(lab.agenda.now(), "Session reached its idle timeout.")
    lab.agenda.wait(60)


def renewed(lab: World, **properties: Any) -> tuple[str, str]:
    """A session that is over, and its successor."""
    before = created(lab, **properties)
    ended(lab, before)
    lab.schedules.call()
    lab.agenda.wait(60)
    (successor,) = lab.live()
    return before, successor


def update(lab: World, conditions: Conditions = CALM, **properties: Any) -> str:
    properties = {"KeepAlive": "true", **properties}
    return lab.stack.update({NAME: lab.properties(**properties)}, conditions)


def test_a_live_session_is_left_as_it_is(lab: World) -> None:
    session = created(lab)
    lab.schedules.call()
    assert lab.schedules.outcomes == ["alive"]
    assert lab.live() == [session]
    assert lab.surroundings.parameters == {}


def test_a_session_that_is_over_gets_a_successor_with_its_spec_and_tags(lab: World) -> None:
    before, successor = renewed(lab, Name="team", Tags={"team": "a"})
    old, new = (next(s for s in lab.service.sessions() if s.arn == a) for a in (before, successor))
    assert new.request["name"] == "team"
    assert lab.tags(successor) == {"team": "a"}
    assert new.tags[SPEC_TAG] == old.tags[SPEC_TAG]
    assert new.tags[HELD_ARN_TAG] == before
    assert lab.surroundings.parameters == {"/sessions/Session": successor}


def test_a_schedule_that_is_delivered_twice_starts_one_successor(lab: World) -> None:
    before = created(lab)
    ended(lab, before)
    event = lab.schedules.event(NAME, lab.agenda.now())
    for _ in range(2):
        lab.network.list_lag = 30  # so that the second doesn't find what the first has started
        lab.schedules.deliver(event)
    assert len(lab.live()) == 1


def test_a_lost_answer_starts_one_successor(lab: World) -> None:
    before = created(lab)
    ended(lab, before)
    lab.network.expect(Fault("StartSession", "dropped", acted=True, times=2))
    lab.schedules.call()
    assert lab.schedules.outcomes == ["failed"]
    lab.agenda.run()
    assert lab.schedules.outcomes == ["failed", "alive"]
    assert len(lab.live()) == 1
    assert lab.surroundings.parameters == {"/sessions/Session": lab.live()[0]}


def test_a_successor_has_a_successor_in_turn(lab: World) -> None:
    _, first = renewed(lab)
    ended(lab, first)
    lab.schedules.call()
    (second,) = lab.live()
    assert second != first


def test_a_call_that_comes_late_starts_nothing(lab: World) -> None:
    before = created(lab)
    ended(lab, before)
    event = lab.schedules.event(NAME, lab.agenda.now() - 3600)
    lab.schedules.deliver(event)
    assert lab.schedules.outcomes == ["too late"]
    assert lab.live() == []


def test_nothing_is_started_while_the_stack_is_being_changed(lab: World) -> None:
    before = created(lab)
    ended(lab, before)
    lab.agenda.after(1, lab.schedules.call)
    update(lab, Name="other")
    assert lab.schedules.outcomes == ["the stack is being changed"]
    assert lab.live() == [held(lab)]
    ours = [r for r in lab.asked_for("StartSession") if r["tags"].get(HELD_ARN_TAG)]
    assert ours == []


def test_a_delete_ends_the_successor(lab: World) -> None:
    renewed(lab)
    assert lab.stack.delete() == "DELETE_COMPLETE"
    assert lab.live() == []


@pytest.mark.parametrize("dies", [False, True])
def test_a_schedule_that_fires_during_a_delete_leaves_nothing(lab: World, dies: bool) -> None:
    """The call has looked at the stack before the Delete began, and goes on beside it."""
    before = created(lab)
    ended(lab, before)
    event = lab.schedules.event(NAME, lab.agenda.now())
    asked = lab.network.asked
    deleting: list[object] = []

    def delete_meanwhile(operation: str, params: dict[str, Any]) -> None:
        if operation == "StartSession" and not deleting:
            resource = lab.stack.resources[NAME]
            deleting.append(
                lab.stack._send(
                    "Delete", NAME, resource.properties, PhysicalResourceId=resource.physical_id
                )
            )
            lab.agenda.wait(5)
        asked(operation, params)

    lab.network.asked = delete_meanwhile
    if dies:
        lab.network.expect(Fault("DescribeStackResource", "killed", skip=1, times=99))
    lab.schedules.deliver(event)
    lab.agenda.run()
    assert deleting
    assert lab.live() == []
    assert lab.surroundings.parameters == {}


def test_an_update_in_place_takes_the_successor_for_the_session(lab: World) -> None:
    _, successor = renewed(lab, Tags={"a": "1"})
    assert update(lab, Tags={"a": "2"}) == "UPDATE_COMPLETE"
    assert held(lab) == successor
    assert lab.live() == [successor]
    assert lab.tags(successor) == {"a": "2"}
    assert HELD_ARN_TAG not in next(s for s in lab.service.sessions() if s.arn == successor).tags


def test_a_deploy_that_checks_takes_the_successor_for_the_session(lab: World) -> None:
    _, successor = renewed(lab, Checked="monday")
    assert update(lab, Checked="tuesday") == "UPDATE_COMPLETE"
    assert held(lab) == successor
    assert lab.live() == [successor]


def test_a_deploy_that_checks_keeps_a_live_session_as_it_is(lab: World) -> None:
    session = created(lab, Checked="monday")
    assert update(lab, Checked="tuesday") == "UPDATE_COMPLETE"
    assert held(lab) == session
    assert not lab.asked_for("TagResource")
    assert not lab.asked_for("UntagResource")


def test_a_deploy_that_checks_replaces_a_dead_session(lab: World) -> None:
    session = created(lab, Checked="monday")
    ended(lab, session)
    assert update(lab, Checked="tuesday") == "UPDATE_COMPLETE"
    assert held(lab) != session
    assert lab.live() == [held(lab)]


def test_a_deploy_that_checks_replaces_a_session_that_is_just_ending(lab: World) -> None:
    session = created(lab, Checked="monday")
    next(s for s in lab.service.sessions() if s.arn == session).terminate(lab.agenda.now(), "idle")
    assert lab.state(session) == "TERMINATING"
    assert update(lab, Checked="tuesday") == "UPDATE_COMPLETE"
    assert held(lab) != session
    assert lab.state(session) == "TERMINATED"
    assert lab.live() == [held(lab)]


def test_a_successor_starts_on_an_application_that_has_stopped_by_itself(lab: World) -> None:
    before = created(lab)
    ended(lab, before)
    for bystander in lab.bystanders:
        ended(lab, bystander)
    lab.agenda.wait(3600)
    assert application_state(lab) == "STOPPED"
    lab.schedules.call()
    lab.agenda.wait(300)
    assert lab.schedules.outcomes == ["renewed"]
    assert len(lab.live()) == 1


def test_nothing_is_started_on_an_application_that_is_stopped_for_good(lab: World) -> None:
    before = created(lab)
    ended(lab, before)
    for bystander in lab.bystanders:
        ended(lab, bystander)
    lab.agenda.wait(3600)
    lab.service.perform(
        "UpdateApplication",
        {
            "applicationId": lab.applications[0],
            "clientToken": "x",
            "autoStartConfiguration": {"enabled": False},
        },
    )
    lab.schedules.call()
    assert set(lab.schedules.outcomes) == {"failed"}
    assert lab.live() == []
    assert application_state(lab) == "STOPPED"


def test_a_replacement_ends_the_successor_after_the_stack_has_updated(lab: World) -> None:
    _, successor = renewed(lab, Name="a")
    assert update(lab, Name="b") == "UPDATE_COMPLETE"
    assert held(lab) != successor
    assert lab.live() == [held(lab)]


def test_a_rollback_comes_back_to_the_successor(lab: World) -> None:
    _, successor = renewed(lab, Name="a")
    conditions = Conditions(other_fails_after=5, other_waits=True)
    assert update(lab, conditions, Name="b") == "UPDATE_ROLLBACK_COMPLETE"
    assert held(lab) == successor
    assert lab.live() == [successor]


def test_a_session_that_is_no_longer_kept_alive_is_its_successor(lab: World) -> None:
    _, successor = renewed(lab)
    assert lab.stack.update({NAME: lab.properties()}) == "UPDATE_COMPLETE"
    assert held(lab) == successor


@pytest.mark.parametrize("operation", ["DescribeStackResource", "PutParameter"])
def test_a_permission_that_is_missing_is_no_success(lab: World, operation: str) -> None:
    before = created(lab)
    ended(lab, before)
    lab.network.expect(Fault(operation, "denied", times=99))
    lab.schedules.call()
    assert lab.schedules.outcomes == ["failed"]
    lab.agenda.run()
    invariants.check(lab)


def test_a_stack_that_is_gone_gets_no_successor(lab: World) -> None:
    created(lab)
    event = lab.schedules.event(NAME, lab.agenda.now())
    lab.stack.delete()
    lab.schedules.deliver({**event, "ScheduledTime": event["ScheduledTime"]})
    assert lab.live() == []


@pytest.mark.parametrize("missing", ["StackId", "LogicalResourceId", "ScheduledTime"])
def test_an_event_that_cannot_be_read_starts_nothing(lab: World, missing: str) -> None:
    before = created(lab)
    ended(lab, before)
    event = lab.schedules.event(NAME, lab.agenda.now())
    del event[missing]
    lab.schedules.deliver(event)
    assert lab.schedules.outcomes == ["failed"]
    assert missing in lab.log.getvalue()
    assert lab.live() == []
