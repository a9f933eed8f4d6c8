"""Rules 14 to 16: Deletes of live sessions, of ended ones, and of ids that were made up."""

from typing import Any

import pytest

from testbed.simulation.choices import Fault, PlannedChoices
from testbed.simulation.lab import do, expect, lab, last, unsolicited
from testbed.simulation.schedule import (
    Create,
    Delete,
    Operation,
    Rest,
    Session,
    SessionEnds,
    Update,
    Wait,
    run,
)
from testbed.simulation.world import World

PROPERTIES = Session().properties()


def created(lab: World, *sessions: Session) -> str:
    assert do(lab, Create(sessions or (Session(),)), Rest()) == "CREATE_COMPLETE"
    return str(lab.held())


def test_a_delete_waits_until_the_session_is_over(lab: World) -> None:
    arn = created(lab)
    states: list[str] = []
    lab.stack.completed = lambda: states.append(lab.service.sessions[arn].state)
    assert do(lab, Delete()) == "DELETE_COMPLETE"
    assert states == ["TERMINATED"]


def test_a_delete_of_a_session_that_is_over_succeeds(lab: World) -> None:
    created(lab)
    assert do(lab, SessionEnds(), Wait(5), Delete()) == "DELETE_COMPLETE"


def test_a_delete_of_a_session_that_is_gone_succeeds(lab: World) -> None:
    gone = f"arn:aws:emr-serverless:us-east-1:000000000000:/applications/{'0' * 16}/sessions/0a1"
    assert unsolicited(
        lab, "Delete", PhysicalResourceId=gone, ResourceProperties=PROPERTIES
    ).succeeded


def test_a_session_that_is_not_shown_yet_is_not_taken_for_gone() -> None:
    with lab({"world get lag": "8"}) as here:
        expect(here, Fault("StartSession", "ok"))
        do(here, Create(fails_after=3), Rest())
        assert here.live() == []
        arn = here.service.add(here.own()[0].parameters, here.own()[0].created_by).arn
        here.service.sessions[arn].state = "IDLE"
        unsolicited(here, "Delete", PhysicalResourceId=arn, ResourceProperties=PROPERTIES)
        assert here.live() == []


@pytest.mark.parametrize(
    "properties",
    [None, {}, "text", [], {"ApplicationId": 7}, {"ApplicationId": "NOT AN ID", "Tags": "x"}],
)
def test_a_delete_with_malformed_properties_ends_its_session(lab: World, properties: Any) -> None:
    arn = created(lab)
    do(lab, Update((None,)))
    arn = lab.service.add(lab.own()[0].parameters, lab.own()[0].created_by).arn
    lab.service.sessions[arn].state = "IDLE"
    assert unsolicited(
        lab, "Delete", PhysicalResourceId=arn, ResourceProperties=properties
    ).succeeded
    assert lab.live() == []


def test_a_deletion_ends_what_earlier_failures_left(lab: World) -> None:
    held = lab.service.sessions[created(lab)]
    stray = lab.service.add(held.parameters, held.created_by)
    stray.state = "IDLE"
    do(lab, Delete(), Rest())
    assert lab.live() == []


def test_a_clean_up_ends_nothing_but_its_session(lab: World) -> None:
    created(lab)
    do(lab, Update((Session("b"),)), Rest())
    assert lab.live() == [lab.held()]


def test_a_clean_up_that_is_tried_again_has_its_own_time(lab: World) -> None:
    """All deliveries of the first try die, and the resource shows when that one began."""
    created(lab)
    expect(lab, Fault("TerminateSession", "killed", times=3))
    do(lab, Update((None,)), Rest())
    first, second = (r for r in lab.stack.requests if r.kind == "Delete")
    assert first.timed_out
    assert second.succeeded


def test_an_id_that_says_that_nothing_was_started_is_searched_for(lab: World) -> None:
    """The first delivery started one and died; the second was refused, and couldn't search."""
    expect(
        lab,
        Fault("StartSession", "killed after"),
        Fault("StartSession", "refused", skip=1, times=99),
        Fault("ListSessions", "error", times=8),
    )
    assert do(lab, Create()) == "ROLLBACK_COMPLETE"
    assert lab.live() == []


def test_an_id_of_nothing_ends_the_session_of_its_token(lab: World) -> None:
    held = lab.service.sessions[created(lab)]
    do(lab, Update((None,)))
    stray = lab.service.add(held.parameters, held.created_by)
    stray.state = "IDLE"
    unsolicited(
        lab, "Delete", PhysicalResourceId=f"none:{held.token}", ResourceProperties=PROPERTIES
    )
    assert lab.live() == []


def test_a_list_that_lags_behind_hides_no_session_of_a_cancelled_create() -> None:
    with lab({"world list lag": "20"}) as here:
        expect(here, Fault("StartSession", "killed after", times=1))
        assert do(here, Create(fails_after=1), Rest()) == "ROLLBACK_COMPLETE"
        assert here.live() == []


@pytest.mark.parametrize("kind", ["throttled", "error", "closed", "no answer after", "late"])
def test_a_termination_without_a_clear_answer_is_asked_for_again(lab: World, kind: str) -> None:
    created(lab)
    expect(lab, Fault("TerminateSession", kind, times=3))
    assert do(lab, Delete()) == "DELETE_COMPLETE"


@pytest.mark.parametrize("others", [True, False])
def test_the_last_session_stops_its_application(lab: World, others: bool) -> None:
    application = lab.applications[1]
    created(lab, Session(application=1, stops=True))
    if others:
        lab.add_foreign({}, application=1)
    do(lab, Delete(), Rest())
    assert lab.service.stopped == ([] if others else [application])


def test_the_last_session_stops_its_application_where_nothing_runs(lab: World) -> None:
    test_the_last_session_stops_its_application(lab, False)


def test_a_refused_question_is_asked_again_before_something_is_left(lab: World) -> None:
    held = lab.service.sessions[created(lab)]
    stray = lab.service.add(held.parameters, held.created_by)
    stray.state = "IDLE"
    expect(lab, Fault("DescribeStackResource", "denied", times=2))
    do(lab, Delete(), Rest())
    assert lab.live() == []


def test_the_delete_of_a_made_up_id_that_comes_again_ends_nothing_that_is_held() -> None:
    with lab({"delivery of Delete.4": "again 400"}) as here:
        created(here)
        do(here, Update((None,)), Update((Session("b"),), 20), Update((Session("a"),)), Rest())
        assert here.live() == [here.held()]


def test_a_made_up_id_is_searched_for_until_the_list_shows_its_session() -> None:
    with lab({"world list lag": "20"}) as here:
        expect(here, Fault("StartSession", "killed after"))
        do(here, Create(fails_after=3), Rest())
        (session,) = here.own()
        assert session.ended_at is not None
        assert session.ended_at - 8.0 - session.created_at < 45


def test_a_session_that_is_recreated_meanwhile_stays(lab: World) -> None:
    """Express mode: the Delete is still in progress when the resource is added again."""
    created(lab)
    do(lab, Update((None,), express=True), Wait(2), Update((Session(),)), Rest())
    assert lab.live() == [lab.held()]


def test_an_old_read_ends_no_session_that_is_recreated() -> None:
    """What the Delete reads is from before the resource was added again."""
    for seconds in range(3, 16):
        with lab({"Delete.2 DescribeStackResource": "stale"}) as here:
            created(here)
            do(here, Update((None,), express=True), Wait(seconds), Update((Session(),)), Rest())
            assert here.live() == [here.held()]


def test_what_was_replaced_ends_though_its_resource_is_created_anew_meanwhile() -> None:
    """In Express mode nothing waits for the deletion, and its clean-up of the update never came."""
    with lab({"world cleans up later": "no"}) as here:
        do(here, Create((Session("a"),)), Update((Session("b"),), express=True))
        do(here, Update((None,), express=True), Update((Session("a"),)), Rest())
        assert here.live() == [here.held()]


def test_old_reads_do_not_hide_that_a_resource_goes_for_good() -> None:
    """Its session is over, so that its Delete could be done within the age of a read."""
    schedule: list[Operation] = [
        *(Create((Session("a"),)), Update((Session("b"),), rollback=False), Rest()),
        *(SessionEnds(newest=True), Wait(5), Delete()),
    ]
    old = {f"Delete.3 DescribeStackResource {number}": "stale" for number in range(4)}
    run(schedule, PlannedChoices({"world cleans up later 0": "no", **old}))


def test_an_old_read_does_not_spare_what_a_resource_that_goes_for_good_has_left() -> None:
    """The reads before it were new, and an Update died three times."""
    schedule: list[Operation] = [
        *(Create((Session("a"),)), Update((Session("b"),), rollback=False), Rest()),
        *(SessionEnds(), Wait(5), Delete()),
    ]
    died = {f"Update.2{again} StartSession 0": "killed after" for again in ("", "#2", "#3")}
    old = {"Delete.3 DescribeStackResource 1": "stale"}
    seen = run(schedule, PlannedChoices({"world cleans up later 0": "no", **died, **old}))
    assert not [row for row in seen if row.startswith("left")]


def test_a_deletion_ends_all_that_rollbacks_that_were_off_have_left_elsewhere() -> None:
    schedule: list[Operation] = [
        Create((Session("a", application=1),)),
        Update((Session("b"),), 1.9, rollback=False),
        Update((Session("c"),), 110.7, rollback=False),
    ]
    died = {f"Update.3{again} TerminateSession 0": "killed" for again in ("", "#2", "#3")}
    for plan in ({}, died):
        seen = run(schedule, PlannedChoices({"world cleans up later 0": "no", **plan}))
        assert not [row for row in seen if row.startswith("left")]


def test_a_deletion_ends_what_was_left_elsewhere_behind_a_session_that_is_over() -> None:
    """Rollback was off, and then failed: nothing has settled what comes back to what."""
    schedule: list[Operation] = [
        Create((Session("b", waits=False),)),
        Update((Session("a", application=1),), 7.4, rollback=False),
        SessionEnds(30.0),
        Update((Session("b", application=1),), 92.8),
    ]
    run(schedule, PlannedChoices({"world cleans up later 0": "no", "service fate 3": "fails"}))


def test_an_application_that_starts_is_waited_for_and_stopped(lab: World) -> None:
    """A job of somebody's has started it, and is over by then."""
    created(lab, Session(application=1, stops=True))
    application = lab.service.applications[lab.applications[1]]
    application.state = "STARTING"
    lab.clock.after(40, lambda: setattr(application, "state", "STARTED"))
    do(lab, Delete(), Rest())
    assert application.state == "STOPPED"


def test_a_deletion_whose_session_is_over_waits_for_no_permission_to_stop_its_application(
    lab: World,
) -> None:
    created(lab, Session(application=1, stops=True))
    lab.network.always["GetApplication"] = "denied"
    do(lab, Delete(), Rest())
    deleted = last(lab, "Delete")
    assert deleted.answered_at is not None
    assert deleted.answered_at - deleted.sent_at < 60
    lab.network.always.clear()


def test_a_delete_that_comes_late_sees_the_end_of_its_session() -> None:
    with lab({"delivery of Delete.2": "late 500"}) as here:
        here.stack.service_timeout = 561.0
        created(here)
        assert do(here, Delete()) == "DELETE_COMPLETE"


def test_an_old_read_does_not_give_a_delete_the_time_of_the_create_before() -> None:
    """That came late, and its session was not usable in time."""
    slow = {"service fate 0": "very slow", "service end 0": "slow"}
    late = {"delivery of Create.1 0": "late 200", "Delete.2 DescribeStackResource 0": "stale"}
    seen = run([Create((Session(),))], PlannedChoices({**slow, **late}))
    assert seen["ROLLBACK_COMPLETE"] == 1


def test_an_application_that_never_stops_is_waited_for_until_the_time_is_over(lab: World) -> None:
    created(lab, Session(application=1, stops=True))
    lab.service.applications[lab.applications[1]].state = "STOPPING"
    assert do(lab, Delete(), Rest()) == "DELETE_COMPLETE"
