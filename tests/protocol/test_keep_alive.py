"""Rule 18: the successors of a session that is over."""

from dataclasses import replace

import pytest

from testbed.simulation.choices import Fault, PlannedChoices
from testbed.simulation.lab import do, expect, lab
from testbed.simulation.schedule import (
    Create,
    Delete,
    Operation,
    Rest,
    ScheduledCall,
    Session,
    SessionEnds,
    Update,
    Wait,
    perform,
    run,
)
from testbed.simulation.world import HELD_TAG, World, world

A, TAGGED, B = (
    Session("a", kept_alive=True),
    Session("a", tag="2", kept_alive=True),
    Session("b", kept_alive=True),
)


def created(lab: World) -> str:
    assert do(lab, Create((A,)), Rest()) == "CREATE_COMPLETE"
    return str(lab.held())


def renewed(lab: World) -> tuple[str, str]:
    """A session that is over, and its successor."""
    before = created(lab)
    do(lab, SessionEnds(), Wait(5), ScheduledCall(), Rest())
    (successor,) = lab.live()
    return before, successor


def test_a_live_session_is_left_as_it_is(lab: World) -> None:
    session = created(lab)
    do(lab, ScheduledCall(), Rest())
    assert lab.live() == [session]


def test_a_session_that_is_over_gets_a_successor(lab: World) -> None:
    before, successor = renewed(lab)
    assert lab.service.sessions[successor].tags[HELD_TAG] == before
    assert lab.parameters["/lab/Session"] == successor


def test_a_successor_that_lives_is_enough(lab: World) -> None:
    _, successor = renewed(lab)
    do(lab, Wait(60), ScheduledCall(), Rest())
    assert lab.live() == [successor]


def test_an_update_takes_the_successor_of_a_session_that_the_service_has_forgotten(
    lab: World,
) -> None:
    before, successor = renewed(lab)
    lab.service.sessions[before].created_at += 10_000  # isn't found until then
    do(lab, Update((TAGGED,)), Rest())
    assert lab.held() == successor


def test_a_call_that_is_delivered_twice_starts_one_successor() -> None:
    with lab({"delivery of Tick.Session.1": "again 0", "world list lag": "20"}) as here:
        renewed(here)


def test_a_call_that_comes_later_than_ten_minutes_starts_nothing(lab: World) -> None:
    created(lab)
    do(lab, SessionEnds(), Wait(5), ScheduledCall(late=700), Rest())
    assert lab.live() == []


@pytest.mark.parametrize("seconds", [0.0, 1.0, 3.0, 60.0])
def test_a_call_during_an_update_starts_nothing(lab: World, seconds: float) -> None:
    created(lab)
    do(lab, SessionEnds(), Wait(5), ScheduledCall(seconds), Update((B,)), Rest())
    assert lab.live() == [lab.held()]


def test_a_call_while_an_update_runs_starts_nothing(lab: World) -> None:
    created(lab)
    do(lab, SessionEnds(), Wait(5), ScheduledCall(30.0), Update((B,)), Rest())
    assert len(lab.own()) == 2


@pytest.mark.parametrize("kind", ["late", "later"])
@pytest.mark.parametrize("seconds", [1.0, 3.0, 8.0, 10.0])
def test_a_start_that_a_deletion_overtakes_leaves_nothing(
    lab: World, kind: str, seconds: float
) -> None:
    created(lab)
    expect(lab, Fault("StartSession", kind))
    do(lab, SessionEnds(), Wait(5), ScheduledCall(), Wait(seconds), Delete(), Rest())
    assert lab.live() == []


def test_a_late_start_that_a_deletion_overtakes_leaves_nothing() -> None:
    """The Delete doesn't find it in the list."""
    with lab({"seldom list lag": "45"}) as here:
        test_a_start_that_a_deletion_overtakes_leaves_nothing(here, "later", 3.0)


def test_a_start_that_a_replacement_overtakes_leaves_nothing(lab: World) -> None:
    created(lab)
    expect(lab, Fault("StartSession", "later"))
    do(lab, SessionEnds(), Wait(5), ScheduledCall(), Wait(3), Update((B,)), Rest())
    assert lab.live() == [lab.held()]


@pytest.mark.parametrize("session", [TAGGED, B])
def test_an_update_leaves_one_session(lab: World, session: Session) -> None:
    renewed(lab)
    assert do(lab, Update((session,)), Rest()) == "UPDATE_COMPLETE"
    assert lab.live() == [lab.held()]


def test_a_tag_update_takes_the_successor(lab: World) -> None:
    _, successor = renewed(lab)
    do(lab, Update((TAGGED,)), Rest())
    assert lab.held() == successor
    assert HELD_TAG not in lab.service.sessions[successor].tags


@pytest.mark.parametrize("seconds", [20.0, 90.0])
def test_a_rollback_comes_back_to_the_successor(lab: World, seconds: float) -> None:
    _, successor = renewed(lab)
    do(lab, Update((B,), seconds), Rest())
    assert lab.live() == [successor]


def test_a_rollback_of_a_replacement_comes_back_to_the_successor(lab: World) -> None:
    test_a_rollback_comes_back_to_the_successor(lab, 90.0)


def test_a_rollback_that_is_known_late_comes_back_to_the_successor() -> None:
    """The first question is refused, or its answer is old."""
    faults = {"DescribeStackResource": "denied", "DescribeStacks": "stale"}
    for question, fault in faults.items():
        with world(PlannedChoices({f"Update.3 {question} 0": fault})) as here:
            do(here, Create((A,)), Rest(), SessionEnds(), Wait(5), ScheduledCall(), Rest())
            (successor,) = here.live()
            do(here, Update((B,), 90), Rest())
            assert here.live() == [successor]


def test_a_rollback_to_a_successor_that_is_known_late_takes_the_marks() -> None:
    """It fails for another resource, so that no clean-up ends what the update had marked."""
    before, after = (A, Session("c")), (replace(B, retained=True), Session("d"))
    renews: list[Operation] = [Rest(), SessionEnds(), Wait(5), ScheduledCall(), Rest()]
    fates = {"service fate 1": "ends70", "service fate 5": "fails"}
    refused = {"Update.5 DescribeStackResource 0": "denied"}
    schedule = [Create(before), *renews, Update(after, 129.8)]
    seen = run(schedule, PlannedChoices({**fates, **refused}))
    assert seen["UPDATE_ROLLBACK_FAILED"] == 1


def test_a_deletion_ends_the_successor(lab: World) -> None:
    renewed(lab)
    do(lab, Delete(), Rest())
    assert lab.live() == []


def test_a_deletion_ends_the_successor_of_a_call_that_died() -> None:
    """ListSessions doesn't show it yet."""
    with lab({"world list lag": "20"}) as here:
        created(here)
        expect(here, Fault("StartSession", "killed after"))
        do(here, SessionEnds(), Wait(5), ScheduledCall(), Wait(3), Delete(), Rest())
        assert here.live() == []


def test_a_deletion_ends_the_successor_though_its_resource_is_created_anew(lab: World) -> None:
    """In Express mode nothing waits for the deletion."""
    renewed(lab)
    do(lab, Update((None,), express=True), Update((A,)), Rest())
    assert lab.live() == [lab.held()]


def test_the_successor_of_what_no_clean_up_came_for_ends() -> None:
    """Rollback is off, and CloudFormation forgets the session that was replaced."""
    elsewhere = Session("b", application=1, kept_alive=True)
    with lab({"world cleans up later": "no"}) as here:
        renewed(here)
        do(here, Update((elsewhere,), rollback=False), Rest())
        do(here, Update((Session("b", "2", application=1, kept_alive=True),)), Rest())
        assert here.live() == [here.held()]


def test_a_rollback_that_comes_again_leaves_the_successor_of_what_it_came_back_to() -> None:
    with lab({"delivery of Update.3": "again 400"}) as here:
        do(here, Create((A,)), Rest(), Update((B,), 90), Wait(60))
        before = here.held()
        do(here, SessionEnds(), Wait(5), ScheduledCall(), Rest())
        assert [here.service.sessions[a].tags.get(HELD_TAG) for a in here.live()] == [before]


def test_a_successor_that_is_refused_under_retain_ends_with_its_session() -> None:
    """Rollback is off, and CloudFormation refuses the Update that takes the successor.

    The service is throttling when the mark is removed.
    """
    with lab({"world takes failed ids": "no"}) as here:
        renewed(here)
        retained = Session("a", retained=True, kept_alive=True)
        expect(here, Fault("UntagResource", "throttled", times=3))
        assert do(here, Update((retained,), rollback=False), Rest()) == "UPDATE_FAILED"
        do(here, Update((B,)), Rest())
        assert here.live() == [here.held()]


def test_a_successor_that_is_refused_ends_where_nothing_keeps_it_alive_any_more() -> None:
    """Rollback is off: the template of the failed update is the one that counts from then on."""
    with lab({"world takes failed ids": "no"}) as here:
        renewed(here)
        do(here, Update((Session("a", tag="2"),), rollback=False), Rest())
        assert here.live() == []
        do(here, Update((B,)), Rest())
        assert here.live() == [here.held()]


def test_a_successor_ends_with_its_session_though_nothing_keeps_that_alive_any_more() -> None:
    """Rollback is off: the failed update took the schedule away, and started another session."""
    moved = Session("c", application=1)
    with lab({"world takes failed ids": "no"}) as here:
        renewed(here)
        do(here, Update((Session("b", application=1),), 48, rollback=False), Update((moved,)))
        do(here, Rest())
        assert here.live() == [here.held()]


def test_a_successor_that_is_refused_stays_where_it_is_kept_alive() -> None:
    with lab({"world takes failed ids": "no"}) as here:
        _, successor = renewed(here)
        do(here, Update((TAGGED,), rollback=False), Rest(), Update((TAGGED,)), Rest())
        assert here.live() == [here.held()] == [successor]


def test_an_update_that_comes_again_and_takes_the_successor_ends_its_own() -> None:
    """The list didn't show the successor to the delivery that died."""
    with lab({"world list lag": "20"}) as here:
        created(here)
        do(here, SessionEnds(), Wait(5), ScheduledCall(), Wait(2))
        expect(here, Fault("StartSession", "killed after"))
        do(here, Update((TAGGED,)), Rest())
        assert here.live() == [here.held()]


def test_two_calls_in_parallel_leave_one_successor() -> None:
    """The first is delivered late, and the list doesn't show yet what the other has started."""
    with lab({"delivery of Tick.Session.1": "late 45", "world list lag": "20"}) as here:
        created(here)
        do(here, SessionEnds(), Wait(5), ScheduledCall(), ScheduledCall(63), Rest())
        assert len(here.live()) == 1


def test_a_replacement_ends_the_successor(lab: World) -> None:
    renewed(lab)
    do(lab, Update((B,)), Rest())
    assert lab.live() == [lab.held()]


def test_a_replacement_does_not_end_the_successor_that_was_taken(lab: World) -> None:
    _, successor = renewed(lab)
    expect(lab, Fault("UntagResource", "error", times=5))
    do(lab, Update((TAGGED,)), Rest())
    assert lab.live() == [successor] == [lab.held()]


def test_a_call_while_another_session_is_updated_starts_nothing(lab: World) -> None:
    do(lab, Create((A, A)), Rest(), SessionEnds(), Wait(5), ScheduledCall(30.0), Update((A, B)))
    assert len(lab.own("Session")) == 1


def test_a_start_that_a_quick_replacement_overtakes_leaves_nothing() -> None:
    """The Delete of the session that was replaced doesn't find it in the list."""
    with lab({"seldom list lag": "45"}) as here:
        created(here)
        here.service.start_seconds = lambda: 3.0
        expect(here, Fault("StartSession", "later"))
        do(here, SessionEnds(), Wait(5), ScheduledCall(), Wait(3), Update((B,)), Rest())
        assert here.live() == [here.held()]


def test_a_call_from_before_an_update_starts_nothing() -> None:
    """Lambda queued it: its properties are not those of the session that is held now."""
    with lab({"delivery of Tick.Session.1": "late 200"}) as here:
        created(here)
        do(here, ScheduledCall(), Update((B,)), Wait(10), SessionEnds(), Rest())
        assert here.live() == []


def test_a_call_of_a_schedule_that_a_rollback_has_removed_starts_nothing() -> None:
    """The properties that it has beside that are those of the session that is held."""
    with lab({"delivery of Tick.Session.1": "late 500"}) as here:
        do(here, Create((Session("a"),)), ScheduledCall(30), Update((A,), 26))
        do(here, Wait(10), SessionEnds(), Rest())
        assert here.live() == []


def test_a_successor_that_was_taken_over_and_is_retained_stays(lab: World) -> None:
    kept, tagged = (
        Session("a", retained=True, kept_alive=True),
        Session("a", tag="2", retained=True, kept_alive=True),
    )
    do(lab, Create((kept,)), Rest(), SessionEnds(), Wait(5), ScheduledCall(), Wait(12))
    do(lab, Update((tagged,)), Update((None,)), Rest())
    assert len(lab.live()) == 1


def test_a_session_that_is_not_shown_yet_gets_no_successor() -> None:
    with lab({"world get lag": "8"}) as here:
        do(here, Create((Session("a", kept_alive=True, waits=False),)), ScheduledCall(), Rest())
        assert here.live() == [here.held()]


LATE = {"delivery of Update.2 0": "again 400", "delivery of Update.3 0": "late 200"}
"""The first Update comes again while the second one is in progress, which itself comes late."""


def updated_and_renewed(again: float) -> list[Operation]:
    """A retained session with an Update, and then a successor; so many seconds to the next one."""
    retained, tagged = replace(A, retained=True), replace(TAGGED, retained=True)
    ends: list[Operation] = [SessionEnds(), Wait(5), ScheduledCall(), Wait(again)]
    return [Create((retained,)), Update((tagged,)), *ends]


def test_a_late_update_ends_the_successor_that_its_mark_has_kept_from_the_delete() -> None:
    run([*updated_and_renewed(200), Update((B,))], PlannedChoices(LATE))


def test_a_late_update_leaves_the_successor_that_a_rollback_comes_back_to() -> None:
    with world(PlannedChoices(LATE)) as here:
        perform(here, [*updated_and_renewed(200), Update((B,), 400)])
        assert len(here.own()) == 3  # the first one, its successor, and the one that was undone


def test_a_late_update_leaves_a_session_that_the_next_one_adopted_and_let_go() -> None:
    adopts = Update((replace(A, tag="3", retained=True),))
    replaces = Update((replace(B, retained=True, waits=False),))
    run([*updated_and_renewed(246), adopts, replaces], PlannedChoices(LATE))


def test_a_refused_successor_stays_while_a_rollback_comes_back_to_it() -> None:
    """The first Update ends keep-alive and is refused; the next one rolls back meanwhile."""
    plain = replace(TAGGED, kept_alive=False)
    schedule: list[Operation] = [
        *(Create((A,)), SessionEnds(), Wait(5), ScheduledCall(), Wait(300)),
        Update((plain,), rollback=False),
        Update((replace(TAGGED, application=1),), 8.8),
    ]
    run(schedule, PlannedChoices({"world takes failed ids 0": "no"}))


def test_a_cancelled_update_leaves_the_successor_that_its_rollback_has_taken() -> None:
    """The Update switches the schedule off, so that nobody would look for its successor."""
    schedule: list[Operation] = [
        *(Create((A,)), Rest(), SessionEnds(), Wait(5), ScheduledCall(), Wait(60)),
        Update((Session("a"),), 0.9),
    ]
    plan = {"Update.3 GetSession 0": "no answer", "Update.2 DescribeStackResource 6": "stale"}
    run(schedule, PlannedChoices(plan))
