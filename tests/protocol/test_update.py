"""Rules 9 to 13: Updates that keep, replace and come back, and the ones that fail."""

from dataclasses import replace

import pytest

from testbed.simulation.choices import Fault, PlannedChoices
from testbed.simulation.lab import do, expect, lab, last
from testbed.simulation.schedule import (
    ContinueRollback,
    Create,
    Delete,
    Operation,
    Rest,
    RollBack,
    ScheduledCall,
    Session,
    SessionEnds,
    Update,
    Wait,
    run,
)
from testbed.simulation.world import CREATOR, ROLE_NAME, World, world

A, B, C, TAGGED = Session("a"), Session("b"), Session("c"), Session("a", tag="2")


def created(lab: World, session: Session = A) -> str:
    assert do(lab, Create((session,)), Rest()) == "CREATE_COMPLETE"
    return str(lab.held())


def test_a_change_of_tags_keeps_the_session(lab: World) -> None:
    before = created(lab)
    assert do(lab, Update((TAGGED,)), Rest()) == "UPDATE_COMPLETE"
    assert lab.held() == before
    assert lab.service.sessions[before].tags["tag"] == "2"


def test_tags_of_others_stay(lab: World) -> None:
    before = lab.service.sessions[created(lab)]
    before.tags |= {"aws:cloudformation:stack-id": "x", "cost-center": "7"}
    owner = {k: v for k, v in before.tags.items() if k != "tag"}
    do(lab, Update((TAGGED,)), Rest())
    assert before.tags == {**owner, "tag": "2"}


def test_a_change_of_tags_takes_one_look_and_no_search(lab: World) -> None:
    created(lab)
    calls = lab.calls("GetSession")
    do(lab, Update((TAGGED,)))
    assert lab.calls("GetSession") == calls + 1
    assert lab.calls("ListSessions") == 0


def test_another_name_replaces_the_session(lab: World) -> None:
    before = created(lab)
    assert do(lab, Update((B,)), Rest()) == "UPDATE_COMPLETE"
    assert lab.held() != before
    assert lab.live() == [lab.held()]


@pytest.mark.parametrize("session", [B, TAGGED])
def test_a_session_found_dead_is_replaced(lab: World, session: Session) -> None:
    created(lab)
    assert do(lab, SessionEnds(), Wait(5), Update((session,)), Rest()) == "UPDATE_COMPLETE"
    assert lab.live() == [lab.held()]


def test_a_session_found_dead_is_replaced_whatever_changed(lab: World) -> None:
    test_a_session_found_dead_is_replaced(lab, TAGGED)


@pytest.mark.parametrize("seconds", [0.5, 5, 45, 59, 62, 70, 120])
def test_a_rollback_comes_back_to_the_session_it_left(lab: World, seconds: float) -> None:
    before = created(lab)
    assert do(lab, Update((B,), seconds), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() == before
    assert lab.live() == [before]


def test_a_rollback_after_a_replacement_comes_back(lab: World) -> None:
    test_a_rollback_comes_back_to_the_session_it_left(lab, 120)


def test_a_rollback_that_the_first_read_does_not_show_comes_back(lab: World) -> None:
    created(lab)
    calls = lab.calls("DescribeStacks")
    do(lab, Update((B,)), Rest())
    # As often the Update asks that fails below.
    asked = lab.calls("DescribeStacks") - calls
    assert do(lab, Update((A,)), Rest()) == "UPDATE_COMPLETE"
    before = str(lab.held())
    # The first read of the rollback's Update is from before the rollback.
    expect(lab, Fault("DescribeStacks", "stale", skip=asked, times=2))
    assert do(lab, Update((B,), 90), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() == before


def test_a_rollback_that_has_no_route_to_cloudformation_at_first_comes_back(lab: World) -> None:
    created(lab)
    do(lab, Update((B,)), Rest())
    asked = lab.function.invocations[1].calls["DescribeStackResource"]
    do(lab, Update((A,)), Rest())
    before = lab.held()
    # The Update that fails asks as often. After two calls without a route there is a silence.
    expect(lab, Fault("DescribeStackResource", "no route", skip=asked, times=2))
    assert do(lab, Update((B,), 90), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() == before


def test_a_rollback_that_only_its_first_question_shows_comes_back() -> None:
    refused = {f"Update.3 DescribeStackResource {number}": "denied" for number in range(1, 5)}
    with world(PlannedChoices(refused)) as here:
        before = created(here)
        do(here, Update((B,), 90), Rest())
        assert here.held() == before


def test_a_rollback_comes_back_though_the_update_had_given_the_function_another_role(
    lab: World,
) -> None:
    before = created(lab)

    def made_with_another_role() -> None:
        lab.service.sessions[lab.live()[-1]].created_by = CREATOR.replace(ROLE_NAME, "another")

    lab.clock.after(70, made_with_another_role)
    do(lab, Update((B,), 90), Rest())
    assert lab.held() == before


def test_a_rollback_starts_a_session_where_the_one_it_left_is_over(lab: World) -> None:
    created(lab)
    do(lab, SessionEnds(30), Update((B,), 90), Rest())
    assert lab.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.live() == [lab.held()]


def test_a_rollback_does_not_answer_with_a_session_that_it_saw_end() -> None:
    """It waits for no session, and doesn't know at first that it is a rollback."""
    before, undone = Session("a", waits=False), Session("b", waits=False)
    with world(PlannedChoices({"Update.3 DescribeStacks 0": "stale"})) as here:
        do(here, Create((before,)), Rest())
        session = here.session(here.held())
        assert session is not None
        here.clock.after(37, lambda: here.service.over(session, "TERMINATED", "", "itself"))
        do(here, Update((undone,), 30), Rest())
        assert here.live() == [here.held()]


def test_an_update_to_what_was_before_is_no_rollback(lab: World) -> None:
    """The session that was replaced lives on, as its clean-up hasn't come yet."""
    before = created(lab)
    lab.service.stop_seconds = 1.0
    do(lab, Update((B,), rollback=False, fails_after=90.0))
    assert do(lab, Update((A,)), Rest()) == "UPDATE_COMPLETE"
    assert lab.held() != before


@pytest.mark.parametrize("kind", ["refused", "quota"])
@pytest.mark.parametrize("takes", ["yes", "no"])
def test_a_refused_update_keeps_the_old_session(kind: str, takes: str) -> None:
    with lab({"world takes failed ids": takes}) as here:
        before = created(here)
        expect(here, Fault("StartSession", kind))
        assert do(here, Update((B,)), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == before


def test_an_update_that_fails_answers_with_the_old_id(lab: World) -> None:
    before = created(lab)
    expect(lab, Fault("StartSession", "refused"))
    do(lab, Update((B,)), Rest())
    failed = next(r for r in lab.stack.requests if r.status == "FAILED")
    assert failed.physical_id == before


def test_an_update_that_takes_too_long_ends_what_it_started(lab: World) -> None:
    before = created(lab)
    lab.service.start_seconds = lambda: 5000.0
    do(lab, Update((B,), rollback=False))
    assert lab.live() == [before]


def test_an_update_that_is_cancelled_within_seconds_does_not_wait_for_its_session(
    lab: World,
) -> None:
    """The rollback has begun by its first certain question, and isn't the Update's own."""
    created(lab)
    do(lab, SessionEnds(), Update((B,), 3), Rest())
    own, back = sorted(lab.service.sessions.values(), key=lambda session: session.created_at)[-2:]
    assert own.ended_at is not None
    assert own.ended_at - own.created_at < 40
    assert lab.live() == [back.arn]


@pytest.mark.parametrize("second", [Session("b", tag="2"), Session("b", check="2")])
def test_a_stack_that_is_rolled_back_after_two_failures_comes_back(second: Session) -> None:
    """Rollback was off, so that only RollbackStack leads back."""
    with lab({"world refuses replacement": "no", "world cleans up later": "no"}) as here:
        before = created(here)
        do(here, Update((B,), 90, rollback=False), Rest())
        do(here, Update((second,), 90, rollback=False), Rest())
        assert do(here, RollBack(), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == before
        assert here.live() == [before]


def test_a_stack_that_is_rolled_back_after_a_change_of_tags_comes_back() -> None:
    test_a_stack_that_is_rolled_back_after_two_failures_comes_back(Session("b", tag="2"))


def test_a_tag_is_set_on_a_session_in_a_state_that_nobody_knows(lab: World) -> None:
    """A later release of the service may have more of them."""
    session = lab.service.sessions[created(lab)]
    session.state = "RESIZING"
    assert do(lab, Update((TAGGED,))) == "UPDATE_COMPLETE"
    session.state = "IDLE"


def test_a_cancelled_update_under_retain_ends_what_it_started(lab: World) -> None:
    before = created(lab, Session("a", retained=True))
    do(lab, Update((Session("b", retained=True),), 30), Rest())
    assert lab.live() == [before]


@pytest.mark.parametrize("refuses", ["yes", "no"])
def test_with_rollback_off_a_replacement_leaves_one_session_in_the_end(refuses: str) -> None:
    with lab({"world refuses replacement": refuses, "world cleans up later": "no"}) as here:
        created(here)
        assert do(here, Update((B,), 90, rollback=False), Rest()) == "UPDATE_FAILED"
        assert do(here, Update((C,)), Rest()) == "UPDATE_COMPLETE"
        assert here.live() == [here.held()]


def test_a_clean_up_that_never_came_is_made_up_for() -> None:
    with lab({"world refuses replacement": "no", "world cleans up later": "no"}) as here:
        created(here)
        do(here, Update((B,), 90, rollback=False), Rest())
        assert len(here.live()) == 2
        do(here, Update((C,)), Rest())
        assert here.live() == [here.held()]


def test_a_clean_up_that_never_came_is_made_up_for_by_an_update_that_fails_elsewhere() -> None:
    with lab({"world refuses replacement": "no", "world cleans up later": "no"}) as here:
        before = created(here)
        do(here, Update((B,), 90, rollback=False), Rest())
        assert do(here, Update((C,), 90, rollback=False), Rest()) == "UPDATE_FAILED"
        assert before not in here.live()


def test_a_clean_up_that_never_came_is_made_up_for_after_a_death() -> None:
    with lab({"world cleans up later": "no"}) as here:
        created(here, Session("a", application=1))
        do(here, Update((B,), rollback=False), Rest())
        expect(here, Fault("PUT", "killed after"))
        do(here, Update((C,), rollback=False), Rest(), Delete(), Rest())
        assert here.live() == []


@pytest.mark.parametrize("then", [SessionEnds(), Update((Session("d"),)), Update((None,))])
def test_a_clean_up_that_never_came_is_made_up_for_after_a_death_and_what_came_then(
    then: Operation,
) -> None:
    with lab({"world cleans up later": "no"}) as here:
        created(here, Session("a", application=1))
        do(here, Update((B,), rollback=False), Rest())
        expect(here, Fault("PUT", "killed after"))
        do(here, Update((C,)), then, Rest())
        held = here.session(here.held())
        assert here.live() == ([held.arn] if held and held.is_live else [])


def test_a_clean_up_is_made_up_for_after_a_death_in_a_rollback_that_stayed() -> None:
    """Rollback was off for a replacement that CloudFormation refused, and then on."""
    moved = Session("b", application=1)
    schedule: list[Operation] = [
        Create((Session("a"),)),
        Update((moved,), rollback=False),
        Update((replace(moved, check="2"),), 82.8),
    ]
    plan = {"world takes failed ids 0": "no", "Update.4 TerminateSession 0": "killed"}
    run(schedule, PlannedChoices(plan))


def test_a_clean_up_is_made_up_for_after_a_death_while_others_are_still_updated() -> None:
    """It comes again while the stack is about to clean up."""
    schedule: list[Operation] = [
        Create((A, None, Session("a", application=1))),
        Update((B, A, B), rollback=False),
        Update((None, TAGGED, Session("a", waits=False)), 113.5, rollback=False),
        Update((Session("a", application=1), A, A)),
    ]
    plan = {
        "world cleans up later 0": "no",
        "delivery of Update.6 0": "late 200",
        "Update.10 PUT 0": "killed after",
    }
    run(schedule, PlannedChoices(plan))


def test_a_session_held_since_a_death_may_end_before_the_clean_up_is_made_up_for() -> None:
    test_a_clean_up_that_never_came_is_made_up_for_after_a_death_and_what_came_then(SessionEnds())


def test_a_rollback_that_fails_leaves_what_it_may_still_come_back_to(lab: World) -> None:
    before = created(lab)
    lab.service.sessions[before].tags["tag"] = "somebody's"
    lab.network.always["TagResource"] = "throttled"
    assert do(lab, Update((B,), 90), Wait(60)) == "UPDATE_ROLLBACK_FAILED"
    del lab.network.always["TagResource"]
    do(lab, ContinueRollback(), Rest())
    assert lab.held() == before


def test_a_rollback_that_comes_again_leaves_what_the_next_one_comes_back_to() -> None:
    with lab({"delivery of Update.3": "again 400"}) as here:
        before = created(here)
        do(here, Update((B,), 90), Wait(290))
        assert do(here, Update((C,), 120), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == before


def test_a_replacement_on_another_application_is_ended_too() -> None:
    """Rollback off, the replaced session elsewhere, and no clean-up: the deletion ends both."""
    with lab({"world refuses replacement": "no", "world cleans up later": "no"}) as here:
        created(here)
        elsewhere = Session("b", application=1)
        do(here, Update((elsewhere,), 90, rollback=False), Rest(), Delete(), Rest())
        assert here.live() == []


def test_what_a_failed_rollback_leaves_elsewhere_ends_under_retain_too() -> None:
    """The clean-up never comes, and the mark was that of the update that was undone."""
    moved, there = Session("a", application=1, retained=True), Session("a", retained=True)
    schedule: list[Operation] = [
        Create((B, Session("a", application=1))),
        Update((moved, replace(there, tag="2", check="1")), 85.8),
    ]
    plan = {"Update.6 StartSession 0": "refused", "service fate 1": "ends70"}
    run(schedule, PlannedChoices(plan))


def test_a_deletion_after_a_rollback_that_failed_leaves_nothing_elsewhere(lab: World) -> None:
    """The one session has come back to its application, and its clean-up never comes."""
    do(lab, Create((A, A)), Rest())
    expect(lab, Fault("StartSession", "refused", skip=2, times=1))
    do(lab, SessionEnds(30, "Second"), Update((Session("b", application=1), B), 90), Rest())
    assert lab.stack.status == "UPDATE_ROLLBACK_FAILED"
    do(lab, Delete(), Rest())
    assert lab.live() == []


def test_an_old_read_of_a_rollback_ends_nothing_that_the_next_comes_back_to(lab: World) -> None:
    """The update before was rolled back seconds ago, and a read before the answer shows that."""
    before = created(lab)
    do(lab, Update((Session("a", "2"),), 1))
    expect(lab, Fault("DescribeStacks", "stale", skip=3))
    do(lab, Update((Session("b", waits=False),), 120), Rest())
    assert lab.held() == before


@pytest.mark.parametrize("skip", [True, False])
def test_a_rollback_that_failed_can_be_continued(lab: World, skip: bool) -> None:
    created(lab)
    expect(lab, Fault("StartSession", "refused", skip=1, times=1))
    assert do(lab, SessionEnds(30), Update((B,), 90), Rest()) == "UPDATE_ROLLBACK_FAILED"
    assert do(lab, ContinueRollback(skip), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
    do(lab, Update((C,)), Rest())
    assert lab.live() == [lab.held()]


@pytest.mark.parametrize("seconds", ["30", "400", "1000"])
def test_an_update_that_comes_again_changes_nothing(seconds: str) -> None:
    with lab({"delivery of Update.2": f"again {seconds}"}) as here:
        created(here)
        do(here, Update((B,)), Update((C,)), Rest())
        assert last(here, "Update").succeeded
        assert here.live() == [here.held()]


def test_a_stray_is_ended_when_a_rollback_is_over(lab: World) -> None:
    before = created(lab)
    held = lab.service.sessions[before]
    stray = lab.service.add(held.parameters, held.created_by)
    stray.state, stray.usable_at = "IDLE", 0.0
    do(lab, Update((B,), 90), Rest())
    assert lab.live() == [before]


def test_a_search_that_does_not_finish_delays_a_rollback_by_a_minute(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    expect(lab, Fault("ListSessions", "error", times=10_000))
    do(lab, Update((B,), 90), Rest())
    rollback = last(lab, "Update")
    assert rollback.answered_at is not None
    assert rollback.answered_at - rollback.sent_at < 100
    expect(lab)


def test_a_rollback_ends_nothing_before_cloudformation_holds_its_answer(lab: World) -> None:
    before = created(lab)
    held = lab.service.sessions[before]
    stray = lab.service.add(held.parameters, held.created_by)
    stray.state, stray.usable_at = "IDLE", 0.0
    ended: list[str] = []
    lab.stack.completed = lambda: ended.append(stray.state)
    do(lab, Update((B,), 90), Rest())
    answered = [r.answered_at or 0.0 for r in lab.stack.requests if r.rollback]
    assert stray.ended_at is not None
    assert stray.ended_at - 8.0 > answered[-1] + 0.7


def test_an_update_that_is_cancelled_while_it_answers_ends_its_session(lab: World) -> None:
    """Under RETAIN nobody else would."""
    before = created(lab, Session("a", retained=True))
    expect(lab, Fault("PUT", "no answer"))
    do(lab, Update((Session("b", retained=True),), 68), Rest())
    assert lab.live() == [before]


def test_an_update_that_comes_again_during_the_next_one_starts_nothing() -> None:
    with lab({"delivery of Update.2": "again 90"}) as here:
        here.service.token_memory = 60.0
        do(here, Create((A,)), Wait(60), Update((B,)), Update((C,)), Rest())
        assert here.stack.status == "UPDATE_COMPLETE"
        assert len(here.own()) == 3


def test_an_update_that_failed_starts_nothing_when_it_comes_again() -> None:
    """Rollback is off, and the other session's Update goes on: the stack says nothing."""
    with lab({"delivery of Update.3": "again 30"}) as here:
        do(here, Create((A, A)), Rest())
        expect(here, Fault("StartSession", "refused"))
        do(here, Update((B, B), rollback=False), Rest())
        assert here.stack.status == "UPDATE_FAILED"
        assert len(here.own()) == 3


def test_an_update_that_comes_again_leaves_what_the_next_rollback_comes_back_to() -> None:
    with lab({"delivery of Update.2": "again 400"}) as here:
        do(here, Create((A,)), Wait(5), Update((B,)))
        before = here.held()
        assert do(here, Wait(320), Update((C,), 240), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == before
        assert here.live() == [before]


def test_an_update_that_comes_again_looks_again_for_the_session_of_the_next_one() -> None:
    """It isn't found yet, and names this one as what its rollback comes back to."""
    with lab({"world get lag": "8", "delivery of Update.3": "again 30"}) as here:
        do(here, Create((A, A)), Update((B, TAGGED), 72.8, rollback=False))
        before = here.held()
        unwaited = Session("c", waits=False)
        here.service.get_lag = 14.0
        assert do(here, Update((unwaited, A), 129.6), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == before


def test_an_update_that_comes_again_looks_again_for_what_names_the_session_of_its_rollback() -> (
    None
):
    """It is a rollback's own, and the next one has just answered with a session without waiting."""
    with world(PlannedChoices({"Update.3 PUT 0": "killed after"})) as here:
        before = created(here)
        do(here, Update((B,), 75), Wait(45))
        here.service.get_lag = 14.0
        unwaited = Session("c", waits=False)
        assert do(here, Update((unwaited,), 120), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == before


def test_what_was_undone_ends_though_the_rollback_came_back_to_a_successor() -> None:
    """It died after its answer, and fails for another resource: no clean-up comes."""
    before = (B, Session("a", application=1, kept_alive=True))
    renewed = (SessionEnds(0, "Second"), Wait(5), ScheduledCall(0, "Second"), Rest())
    update = Update((C, Session("a", kept_alive=True)), 129.8)
    died = {"Update.6 PUT 0": "killed after"}
    ends = {"service fate 0": "ends130", "service fate 5": "fails"}
    schedule = (Create(before), Rest(), *renewed, update)
    assert run(schedule, PlannedChoices({**died, **ends}))["UPDATE_ROLLBACK_FAILED"] == 1


def test_a_cancelled_update_ends_its_session_where_the_held_one_is_not_found(lab: World) -> None:
    """Its start comes to the service when the rollback has started that one."""
    do(lab, Create((Session("a", waits=False),)), SessionEnds(), Wait(5))
    expect(lab, Fault("StartSession", "later"))

    def hide() -> None:
        held = lab.session(lab.held())
        assert held is not None
        held.created_at += 60

    lab.clock.after(26, hide)
    do(lab, Update((B,), 3), Rest())
    assert lab.live() == [lab.held()]


def test_a_kept_session_that_is_not_usable_in_time_is_what_the_reason_names(lab: World) -> None:
    """Nobody had waited for it. Another one would not be usable in time, either."""
    lab.service.start_seconds = lambda: 5000.0
    do(lab, Create((Session(waits=False),)), Update((Session(),)))
    update = next(r for r in lab.stack.requests if r.kind == "Update")
    assert "was still STARTING" in update.reason
    assert lab.calls("StartSession") == 1


def test_a_session_that_is_not_shown_yet_is_not_taken_for_gone() -> None:
    with lab({"world get lag": "8"}) as here:
        do(here, Create((Session("a", waits=False),)))
        before = here.held()
        do(here, Update((Session("a", tag="2", waits=False),)), Rest())
        assert here.held() == before


def test_a_refused_question_does_not_keep_a_clean_up_from_being_made_up_for() -> None:
    with lab({"world refuses replacement": "no", "world cleans up later": "no"}) as here:
        created(here)
        do(here, Update((B,), 90, rollback=False), Rest(), Update((C,)))
        expect(here, Fault("DescribeStackResource", "denied", skip=1, times=1))
        do(here, Rest())
        assert here.live() == [here.held()]


def test_a_cancelled_update_that_died_does_not_leave_its_session_to_the_rollback() -> None:
    """It comes again after the rollback, which came back to what it wants, and died as well."""
    deaths = {"Update.3 DescribeStacks 5": "killed", "Update.4 DescribeStackResource 3": "killed"}
    kept = Session("b", retained=True)
    schedule: list[Operation] = [Create((kept,)), Update((replace(kept, name="a"),))]
    run([*schedule, Update((kept,), 93.2)], PlannedChoices(deaths))


def test_an_update_that_took_the_rollback_for_its_own_ends_what_it_had_started() -> None:
    """It died, and comes again in the rollback, whose own event is late, and which dies too."""
    schedule: list[Operation] = [Create((B,)), Update((A,), rollback=False), Update((B,), 50)]
    deaths = {"Update.3 GetSession 5": "killed", "Update.4 PUT 0": "killed after"}
    run(schedule, PlannedChoices({**deaths, "delivery of Update.4 0": "late 500"}))


def test_what_was_undone_ends_after_a_death_on_another_application_too() -> None:
    """The rollback died after its answer, and fails for another resource: no clean-up comes."""
    ends = {"service fate 0": "ends70", "service fate 4": "fails"}
    before, after = (B, Session("a", application=1)), (C, A)
    schedule: list[Operation] = [Create(before), Rest(), Update(after, 129.8)]
    seen = run(schedule, PlannedChoices({**ends, "Update.6 PUT 0": "killed after"}))
    assert seen["UPDATE_ROLLBACK_FAILED"] == 1


def test_a_rollback_that_is_delivered_twice_spares_what_the_next_update_has_started() -> None:
    """The list of the second one is late, and has the session of the next Update."""
    schedule: list[Operation] = [
        Create((Session("a"),)),
        Update((Session("b"),), 92.8),
        Update((Session("c"),)),
    ]
    late = {f"Update.3' ListSessions {number}": "no answer" for number in range(3)}
    seen = run(schedule, PlannedChoices({"delivery of Update.3 0": "again 0", **late}))
    assert seen["UPDATE_COMPLETE"] == 1


def test_an_old_read_of_a_rollback_does_not_make_the_next_update_come_back() -> None:
    """What it came back to, a late Update ends: rollback was off, and that session was replaced."""
    first, elsewhere = Session("a", check="1"), Session("c", application=1)
    schedule: list[Operation] = [
        Create((first,)),
        Update((elsewhere,), rollback=False),
        Update((Session("a"),), 38.6),
        Update((Session("a", stops=True),), rollback=False),
    ]
    run(schedule, PlannedChoices({"Update.5 DescribeStacks 0": "stale"}))


def test_an_old_read_of_a_rollback_does_not_bring_back_what_is_cleaned_up_next() -> None:
    """Rollback was off, and CloudFormation refused the replacement of that session."""
    first, elsewhere = Session("a"), Update((None,), 102.7)
    schedule: list[Operation] = [
        *(Create((first,)), Update((Session("b"),), rollback=False), elsewhere),
        *(Wait(2), Update((first,))),
    ]
    run(schedule, PlannedChoices({"Update.3 DescribeStacks 0": "stale"}))


def test_old_reads_fail_no_update_though_the_clocks_are_a_second_apart() -> None:
    """One shows the stack at rest, and the next one what has begun since, it seems."""
    apart = {"world CloudFormation's clock ahead 0": "1"}
    old = {f"Update.2 {asked} 1": "stale" for asked in ("DescribeStackResource", "DescribeStacks")}
    schedule: list[Operation] = [Create((Session("a"),)), Rest(), Update((Session("b"),))]
    assert run(schedule, PlannedChoices({**apart, **old}))["UPDATE_COMPLETE"] == 1


def test_what_was_replaced_stays_while_an_update_that_may_be_undone_is_in_progress() -> None:
    """The rollback before skipped the session, and this one comes back to what that had to."""
    died = {f"Update.3{again} GetSession 0": "killed" for again in ("", "#2", "#3")}
    with world(PlannedChoices(died)) as here:
        do(here, Create((Session("a"),)), Rest())
        replaced = here.held()
        do(here, Update((Session("b"),), 75), Rest(), ContinueRollback(skip=True), Rest())
        assert here.held() != replaced
        assert do(here, Update((Session("b", "2"),), 30), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
        assert here.held() == replaced
        assert here.live() == [replaced]


def test_a_rollback_that_starts_a_session_is_not_cancelled_by_a_clock_that_is_ahead(
    lab: World,
) -> None:
    lab.stack.clock_ahead = 3.0
    before = created(lab)
    schedule = (SessionEnds(30), Update((B,), 75), Rest())
    assert do(lab, *schedule) == "UPDATE_ROLLBACK_COMPLETE"
    assert lab.held() != before
