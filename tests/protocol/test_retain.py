"""Rule 17: what a removal policy of RETAIN keeps, nothing ends."""

from dataclasses import replace

from testbed.simulation.choices import Fault, PlannedChoices
from testbed.simulation.invariants import Left
from testbed.simulation.lab import do, expect, lab, last
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
from testbed.simulation.world import LOGICAL_IDS, RETAINED_TAG, World, world

A, B = Session("a", retained=True), Session("b", retained=True)
PLAIN = Session("b")


def test_a_retained_session_is_marked(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    session = lab.session(lab.held())
    assert session is not None
    assert session.tags[RETAINED_TAG] == "true"


def test_an_update_that_is_cancelled_while_it_answers_in_its_last_seconds_ends_its_session(
    lab: World,
) -> None:
    do(lab, Create((A,)), Rest())
    first = str(lab.held())
    lab.service.start_seconds = lambda: 834.0
    expect(lab, Fault("PUT", "no answer"))
    do(lab, Update((B,), 842), Rest())
    assert lab.live() == [first]


def test_a_delivery_that_comes_when_the_time_is_over_ends_what_the_others_started() -> None:
    """Two have died. The list has another resource's session before it."""
    deaths = {"Create.2 DescribeStacks 20": "killed", "Create.2#2 DescribeStacks 34": "killed"}
    slow = {"service fate 1": "very slow"}
    run([Create((Session("b"), A))], PlannedChoices({**slow, **deaths}))


def test_a_clean_up_that_never_came_is_made_up_for_though_the_stack_is_deleted_at_once() -> None:
    """Under RETAIN no Delete comes that could."""
    with lab({"world refuses replacement": "no", "world cleans up later": "no"}) as here:
        do(here, Create((Session("a"),)), Rest(), Update((PLAIN,), 90, rollback=False), Rest())
        held = str(here.held())
        do(here, Update((B,)), Wait(2), Delete(), Rest())
        assert here.live() == [held]


def test_a_refused_replacement_ends_though_the_next_update_takes_as_long_as_it_may_look() -> None:
    """The one is followed by the other at once, whose session starts very slowly."""
    refused = Update((Session("a", retained=True, waits=False),), rollback=False)
    schedule = (Create((Session("b"),)), refused, Update((Session("a", application=1),)))
    slow = {"world takes failed ids 0": "no", "service fate 2": "very slow"}
    run(schedule, PlannedChoices(slow))


def test_a_replaced_session_that_is_retained_outlives_everything(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    first = str(lab.held())
    do(lab, Update((B,)), Rest(), Update((PLAIN,)), Rest(), Delete(), Rest())
    assert lab.live() == [first]


def test_a_policy_that_is_set_later_counts(lab: World) -> None:
    do(lab, Create((Session("a"),)), Rest())
    first = str(lab.held())
    do(lab, Update((A,)), Update((B,)), Update((PLAIN,)), Rest(), Delete(), Rest())
    assert lab.live() == [first]


def test_a_policy_that_can_not_be_kept_fails_its_update(lab: World) -> None:
    """A deployment that succeeds has marked the session."""
    do(lab, Create((Session("a"),)), Rest())
    lab.network.always["TagResource"] = "refused"
    assert do(lab, Update((A,)), Rest()) == "UPDATE_ROLLBACK_COMPLETE"
    lab.network.always.clear()


def test_a_policy_that_is_set_with_a_replacement_counts(lab: World) -> None:
    do(lab, Create((Session("a"),)), Rest())
    first = str(lab.held())
    do(lab, Update((B,)), Update((PLAIN,)), Rest(), Delete(), Rest())
    assert lab.live() == [first]


def test_a_policy_that_is_taken_back_counts(lab: World) -> None:
    do(lab, Create((A,)), Rest(), Update((Session("a"),)), Rest())
    session = lab.session(lab.held())
    assert session is not None
    assert RETAINED_TAG not in session.tags
    do(lab, Delete(), Rest())
    assert lab.live() == []


def test_an_update_that_comes_too_late_does_not_take_the_policy_back() -> None:
    """It was cancelled, and the next one begins between its two questions."""
    with lab({"delivery of Update.2": "late 45"}) as here:
        do(here, Create((A,)), Rest())
        first = str(here.held())
        do(here, Update((Session("a"),), 1), Wait(40), Update((B,)), Rest())
        do(here, Update((PLAIN,)), Rest(), Delete(), Rest())
        assert here.live() == [first]


def test_an_update_that_comes_too_late_starts_nothing() -> None:
    """The same, and it was to replace the session."""
    with lab({"delivery of Update.2": "late 45"}) as here:
        do(here, Create((A,)), Rest())
        do(here, Update((PLAIN,), 1), Wait(40), Update((B,)), Rest())
        assert here.calls("StartSession") == 2


def test_an_update_does_not_take_its_own_rollback_for_the_one_it_belongs_to(lab: World) -> None:
    """It asks for what was let go before, and is cancelled before it asks with certainty."""
    do(lab, Create((A,)), Rest(), Update((B,)), Rest())
    first = lab.live()[0]
    do(lab, SessionEnds(), Update((Session("a", tag="2"),), 1.8), Rest())
    assert first in lab.live()
    assert lab.service.sessions[first].tags[RETAINED_TAG] == "true"
    assert lab.service.sessions[first].tags["tag"] == "1"


def test_a_cancelled_update_that_is_delivered_again_takes_no_mark() -> None:
    """It looks like the rollback's own, and comes back to a session that RETAIN keeps."""
    with lab({"delivery of Update.3": "again 30"}) as here:
        do(here, Create((A,)), Rest(), Update((B,)), Rest())
        first = here.live()[0]
        do(here, SessionEnds(), Update((Session("a"),), 20), Rest())
        assert first in here.live()
        assert here.service.sessions[first].tags[RETAINED_TAG] == "true"


def test_a_cancelled_update_whose_session_is_usable_late_takes_no_mark(lab: World) -> None:
    """The next Update has begun by then, and holds the same session."""
    do(lab, Create((A,)))
    first = str(lab.held())
    do(lab, Update((PLAIN,), 44.3), Update((Session("b", tag="2", retained=True),)), Rest())
    assert RETAINED_TAG in lab.service.sessions[first].tags


def test_a_cancelled_update_that_is_delivered_again_in_the_rollback_takes_no_mark() -> None:
    """It changed the policy alone, so it answers with the id that the rollback's answer has."""
    removed_and_made_anew: list[Operation] = [Update((None,)), Update((PLAIN,)), Delete()]
    schedule: list[Operation] = [
        Create((A,)),
        Update((Session("a"),), 56.7),
        *removed_and_made_anew,
    ]
    seen = run(schedule, PlannedChoices({"Update.2 DescribeStacks 1": "killed"}))
    assert seen[f"left: {Left.RETAINED}"] > 0


def test_an_update_does_not_take_a_later_operation_for_its_own_end(lab: World) -> None:
    """Between two of its looks, the stack rolls back, and another update lets the session go."""
    do(lab, Create((A,)))
    first = str(lab.held())
    do(lab, Update((Session("a"),), 105.6), Update((None,)), Rest())
    assert RETAINED_TAG in lab.service.sessions[first].tags


def test_a_create_hears_of_the_next_one_when_a_rollback_was_too_fast_to_be_seen(lab: World) -> None:
    """Under RETAIN a rollback deletes nothing: it fits between two looks."""
    do(lab, Create((None, PLAIN)), Update((A, PLAIN), 42.5))
    (first,) = lab.live(LOGICAL_IDS[0])
    do(lab, Update((B, PLAIN), 88.8), Update((PLAIN, PLAIN)), Rest())
    assert first not in lab.live()


def test_what_an_update_retains_while_an_old_delivery_waits_to_end_it_stays() -> None:
    """A Create died after its answer, and comes again in the Update that lets its session go."""
    schedule: list[Operation] = [
        Create((PLAIN,)),
        Wait(5),
        Update((A,)),
        Update((None,)),
        Update((B,)),
    ]
    run(schedule, PlannedChoices({"Create.1 DescribeStacks 7": "killed"}))


def test_a_policy_that_a_failed_update_took_back_releases_the_session() -> None:
    """Rollback is off: the template of the failed update is what the next one starts from."""
    moved = Session("a", application=1)
    schedule: list[Operation] = [
        Create((B,)),
        Update((moved,), rollback=False),
        Update((Session("a"),), 94.3),
    ]
    seen = run(schedule, PlannedChoices({"world takes failed ids 0": "no"}))
    assert seen[f"left: {Left.RETAINED}"] == 0


def test_a_policy_that_a_failed_update_would_set_counts_as_well() -> None:
    """Its session fails, so it marks nothing; and then CloudFormation lets the session go."""
    schedule: list[Operation] = [
        Create((Session("a"),)),
        Update((B,), rollback=False),
        Update((None,)),
        Update((B,)),
        Update((A,), 40.3),
    ]
    run(schedule, PlannedChoices({"service fate 1": "fails"}))


def test_a_policy_that_was_taken_back_before_releases_a_session_at_once() -> None:
    """The update that took it back was followed by this one before its end was seen."""
    kept, tagged = Session("b", retained=True), Session("b", tag="2")
    schedule: list[Operation] = [
        Create((None, kept)),
        Update((Session("a"), PLAIN)),
        Update((tagged, Session("a")), 22.0, rollback=False),
    ]
    run(schedule, PlannedChoices({"world cleans up later 0": "no"}))


def test_a_session_that_is_let_go_and_created_anew_during_its_answer_stays() -> None:
    """An update had declared it: the stack's status doesn't say that it was created."""
    schedule: list[Operation] = [Create((None,)), Update((A,)), Update((None,)), Update((B,))]
    seen = run(schedule, PlannedChoices({"Create.1 PUT 0": "slow answer"}))
    assert seen[f"left: {Left.RETAINED}"] > 0


def test_a_cancelled_creation_whose_resource_is_created_anew_ends_its_session(lab: World) -> None:
    """Rollback and next update have begun between two of its questions."""
    do(lab, Create((A,)), Update((None,)), Update((B,), 26.8), Update((A,)), Rest())
    assert lab.live()[1:] == [lab.held()]


def test_a_create_asks_again_before_it_marks_where_its_question_was_lost() -> None:
    """It was cancelled, and its rollback and the next creation follow within seconds."""
    schedule: list[Operation] = [Create((None,)), Update((A,), 57.2), Wait(7), Update((A,))]
    run(schedule, PlannedChoices({"Create.1 DescribeStacks 6": "closed"}))


def test_a_create_asks_a_third_time_before_it_marks_where_two_questions_were_lost() -> None:
    lost = {f"Create.1 DescribeStackResource {number}": "throttled" for number in (6, 7)}
    schedule: list[Operation] = [Create((None,)), Update((A,), 64.5), Wait(6), Update((A,))]
    run(schedule, PlannedChoices(lost))


def test_a_create_waits_for_a_new_read_before_it_marks_where_its_question_was_lost() -> None:
    """An old one is from before it was cancelled."""
    old = {f"Create.1 {asked} 7": "stale" for asked in ("DescribeStackResource", "DescribeStacks")}
    schedule: list[Operation] = [Create((None,)), Update((A,), 61.5), Wait(2), Update((A,))]
    run(schedule, PlannedChoices({"Create.1 DescribeStacks 6": "closed", **old}))


def test_a_create_asks_again_before_it_marks_again() -> None:
    """It was cancelled while the first mark had no answer, and its resource is created anew."""
    retained = (Session("a", retained=True),)
    schedule: list[Operation] = [Create((None,)), Update(retained, 72.0), Update((B,))]
    run(schedule, PlannedChoices({"Create.1 TagResource 0": "no answer after"}))


def test_no_question_delays_a_mark_where_cloudformation_can_not_be_reached(lab: World) -> None:
    lab.network.always["DescribeStackResource"] = "no route"
    do(lab, Create((A,)))
    usable_at, answered_at = lab.own()[0].usable_at, last(lab, "Create").answered_at
    assert usable_at is not None
    assert answered_at is not None
    assert answered_at - usable_at < 12
    lab.network.always.clear()


def test_a_create_asks_again_before_it_marks_where_its_question_is_old() -> None:
    """It doesn't wait, and was cancelled while the service was slow to answer."""
    unwaited = Update((Session("a", retained=True, waits=False),), 6)
    schedule: list[Operation] = [Create((None,)), unwaited, Wait(6.5), Update((B,))]
    slow = {"Create.1 DescribeStacks 1": "slow answer", "Create.1 GetSession 0": "slow answer"}
    run(schedule, PlannedChoices(slow))


def test_a_rollback_that_fails_elsewhere_leaves_no_session_that_was_to_be_retained() -> None:
    """Its clean-up never comes, and the deletion has to find what the update had marked."""
    kept = Session("b", tag="2", retained=True, check="1")
    before = (Session(retained=True, check="2"), kept, Session("b", tag="2", check="2"))
    after = (Session("b", retained=True, check="2"), replace(kept, check=""), A)
    ends = {"service fate 0": "ends70", "service fate 1": "ends900", "service fate 6": "ends70"}
    schedule: list[Operation] = [Create(before), Rest(), Update(after, 73.7)]
    seen = run(schedule, PlannedChoices({**ends, "Update.7 GetSession 4": "killed"}))
    assert seen["UPDATE_ROLLBACK_FAILED"] == 1


def test_the_next_creation_leaves_a_retained_session_alone(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    first = str(lab.held())
    do(lab, Update((None,)), Update((Session("a"),), 20), Rest())
    assert lab.live() == [first]


def test_a_rollback_leaves_retained_sessions_alone(lab: World) -> None:
    do(lab, Create((A,)), Rest())
    first = str(lab.held())
    do(lab, Update((B,)), Rest())
    second = str(lab.held())
    do(lab, Update((Session("c", retained=True),), 90), Rest())
    assert lab.live()[:2] == [first, second]


def test_a_rollback_that_comes_again_leaves_the_retained_session_that_was_undone() -> None:
    with lab({"delivery of Update.3": "again 90"}) as here:
        do(here, Create((A,)), Rest(), Update((B,), 74.7), Rest())
        assert here.stack.status == "UPDATE_ROLLBACK_COMPLETE"
        assert len(here.live()) == 2


def test_an_update_leaves_the_retained_session_alone_that_was_replaced_before(
    lab: World,
) -> None:
    do(lab, Create((A,)), Update((B,)), Rest())
    do(lab, Update((Session("c", retained=True),)), Rest())
    assert len(lab.live()) == 3


def test_a_session_that_is_let_go_right_after_its_creation_stays() -> None:
    """The first look after the answer is lost, or older than the stack's status beside it."""
    unwaited = replace(A, waits=False)
    for look in ("throttled", "stale"):
        with world(PlannedChoices({"Create.1 DescribeStackResource 2": look})) as lab:
            lab.stack.shows_skipped_ids = False
            do(lab, Create((unwaited,)), Delete(), Rest())
            assert len(lab.live()) == 1


def test_a_creation_that_was_undone_is_known_though_its_stack_is_deleted_at_once() -> None:
    """It was cancelled between the mark and the answer. Four seconds later nothing tells of it."""
    unwaited = replace(A, waits=False)
    hidden = {"world shows made-up ids 0": "no"}
    run([Create((unwaited,), 0.8), Delete()], PlannedChoices(hidden))


def test_a_creation_that_was_undone_is_known_though_its_answer_was_late() -> None:
    """The answer is sent again for eight seconds, and its stack is deleted within these."""
    hidden = {"world shows made-up ids 0": "no", "Create.1 PUT 0": "no answer"}
    run([Create((A,), 70.2), Delete()], PlannedChoices(hidden))


def test_a_creation_that_failed_is_known_though_its_stack_is_deleted_before_it_asks() -> None:
    """The rollback of its update failed for another resource, and so undid nothing."""
    unwaited = replace(A, waits=False)
    lost = {f"Create.2 DescribeStackResource {number}": "throttled" for number in (2, 3)}
    hidden = {"world shows made-up ids 0": "no", "Update.4 StartSession 0": "refused"}
    with world(PlannedChoices({**lost, **hidden})) as lab:
        lab.stack.shows_skipped_ids = False
        do(lab, Create((None, PLAIN)), Rest(), SessionEnds(0, "Second"), Wait(5))
        do(lab, Update((unwaited, Session("c")), 0.7), Delete(), Rest())
        assert lab.live() == []


def test_an_update_that_was_seen_undone_ends_its_session_though_its_stack_is_deleted() -> None:
    """The deletion is shown without the id that it left."""
    for seconds in (4, 6):
        with world(PlannedChoices({})) as lab:
            lab.stack.shows_skipped_ids = False
            do(lab, Create((A,)), Rest())
            before = str(lab.held())
            do(lab, Update((B,), 65.6), Wait(seconds), Delete(), Rest())
            assert lab.live() == [before]


def test_a_session_that_is_let_go_and_created_anew_during_a_late_mark_stays() -> None:
    """Another delivery has answered. A stack whose creation was undone takes no update."""
    again = {"delivery of Create.1 0": "again 0", "Create.1' TagResource 0": "late"}
    schedule: list[Operation] = [Create((A,)), Update((None,)), Update((B,), 91.9)]
    run(schedule, PlannedChoices(again))


def test_a_refused_replacement_ends_though_an_old_read_showed_the_stacks_creation() -> None:
    """Its first read is from before the update."""
    stale = {"world takes failed ids 0": "no", "Update.2 DescribeStacks 0": "stale"}
    run([Create((Session("a"),)), Update((B,), rollback=False)], PlannedChoices(stale))


def test_a_cancelled_update_leaves_the_mark_of_a_session_that_was_let_go() -> None:
    """It had waited for the session that it keeps, which it didn't start."""
    let_go, again = (Session("b", retained=retained, waits=False) for retained in (True, False))
    schedule: list[Operation] = [
        *(Create((Session("a", waits=False),)), Wait(0.5), Update((A,), 65)),
        *(Update((let_go,)), Rest(), Update((again,)), Rest(), Delete()),
    ]
    seen = run(schedule, PlannedChoices({}))
    assert seen[f"left: {Left.RETAINED}"] > 0


def test_a_cancelled_replacement_ends_though_its_resource_is_created_anew_at_once() -> None:
    """It was cancelled after its answer. What it also looks for must not delay the first look."""
    undone = Update((Session("c", retained=True),), 66)
    slow = {"Update.3 GetSession 5": "no answer"}
    run([Create((A,)), Update((B,)), undone, Update((None,)), Update((B,))], PlannedChoices(slow))


def test_a_session_that_is_removed_right_after_its_update_stays(lab: World) -> None:
    do(lab, Create((Session("a"),)), Rest(), Update((B,)), Update((None,)), Rest())
    assert len(lab.live()) == 2


def test_a_session_that_is_replaced_right_after_its_creation_stays(lab: World) -> None:
    """The Update begins before the Create's last look."""
    do(lab, Create((A,)), Update((B,)), Rest())
    assert len(lab.live()) == 2


def test_a_refused_replacement_ends_though_its_resource_is_removed_meanwhile() -> None:
    with lab({"world takes failed ids": "no"}) as here:
        do(here, Create((A,)), Rest())
        before = str(here.held())
        do(here, Update((B,), rollback=False), Wait(4), Update((None,)), Rest())
        assert here.live() == [before]


def test_a_mark_whose_answer_was_lost_does_not_keep_the_session_of_a_request_that_fails(
    lab: World,
) -> None:
    expect(lab, Fault("TagResource", "error after", times=200))
    do(lab, Create((Session(retained=True),)), Rest())
    assert lab.stack.status == "ROLLBACK_COMPLETE"
    assert lab.live() == []


def test_a_second_delivery_does_not_take_an_earlier_mark_for_its_own(lab: World) -> None:
    """The first died when it had answered; the resource is let go, and being recreated."""
    expect(lab, Fault("PUT", "killed after"))
    do(lab, Create((Session(retained=True, waits=False),)), Update((None,)), Wait(44))
    do(lab, Update((A,)), Rest())
    retained, held = lab.live()
    assert lab.service.sessions[retained].tags[RETAINED_TAG] == "true"
    assert held == lab.held()


def test_a_deletion_after_a_rollback_that_failed_leaves_what_is_retained() -> None:
    """The clean-up of the rollback never came, and a deletion sends nothing under RETAIN."""
    ends = {"service fate 0": "ends130", "service fate 1": "ends70", "service fate 5": "fails"}
    seen = run([Create((A, A)), Update((B, B), 113.9), Rest(), Delete()], PlannedChoices(ends))
    assert seen["UPDATE_ROLLBACK_FAILED"] == 1
    assert seen["DELETE_COMPLETE"] == 1


def test_a_rollback_that_failed_leaves_open_which_policy_counted() -> None:
    """The undone update had marked the session of before it; the deletion spares that."""
    worlds = {"world takes failed ids 0": "no", "world refuses replacement 0": "yes"}
    schedule: list[Operation] = [
        Create((Session("a"),)),
        Update((Session("b"),), rollback=False),
        Update((Session("c", retained=True),), 67.9),
        Delete(),
    ]
    seen = run(schedule, PlannedChoices({**worlds, "service fate 3": "fails"}))
    assert seen["UPDATE_ROLLBACK_FAILED"] == 1
    assert seen[f"left: {Left.RETAINED}"] == 1


def test_an_update_leaves_what_was_let_go_and_created_anew_between_its_looks() -> None:
    """The look that would have shown its session had no answer."""
    schedule: list[Operation] = [Create((A,)), Update((B,)), Update((None,)), Update((A,))]
    seen = run(schedule, PlannedChoices({"Update.2 DescribeStackResource 9": "no route"}))
    assert seen[f"left: {Left.RETAINED}"] > 0


def test_an_update_retains_what_an_earlier_one_is_about_to_release() -> None:
    """The policy was taken back before, and the earlier one takes the mark late."""
    released = (Update((Session("a"),)), Update((Session("a", tag="2"),)))
    tagged = Update((replace(B, tag="2"),))
    schedule: list[Operation] = [Create((A,)), *released, Wait(5), Update((B,)), tagged]
    seen = run(schedule, PlannedChoices({"Update.3 UntagResource 0": "late"}))
    assert seen[f"left: {Left.RETAINED}"] > 0


def test_a_rollback_takes_the_marks_though_its_first_question_was_refused() -> None:
    """It fails for another resource, so that no clean-up ends what the update had marked."""
    before, after = (PLAIN, Session("c")), (A, Session("d"))
    schedule: list[Operation] = [Create(before), Rest(), Update(after, 129.8)]
    fates = {"service fate 1": "ends70", "service fate 4": "fails"}
    refused = {"Update.5 DescribeStackResource 0": "denied"}
    seen = run(schedule, PlannedChoices({**fates, **refused}))
    assert seen["UPDATE_ROLLBACK_FAILED"] == 1


def test_a_cancelled_update_retains_nothing_when_another_one_has_begun() -> None:
    """The rollback was too fast to be seen. The other one's clean-up doesn't wait: Express mode."""
    other = Update((Session("c"),), 53.3, express=True)
    schedule: list[Operation] = [Create((Session("b"),)), Update((A,), 26), other]
    run(schedule, PlannedChoices({"world cleans up later 0": "no"}))


def test_an_update_that_comes_again_marks_nothing_that_a_later_one_has_released() -> None:
    """By then the next one has replaced the session, and with rollback off may come back to it."""
    schedule: list[Operation] = [
        Create((A,)),
        Update((B,)),
        Update((replace(B, retained=False),)),
        Update((Session("c"),), rollback=False),
    ]
    again = {"delivery of Update.2 0": "again 1000", "world cleans up later 0": "no"}
    run(schedule, PlannedChoices(again))


def test_a_policy_that_comes_back_at_once_keeps_its_mark() -> None:
    """An old read hides when the update ended that took the policy back."""
    schedule = (Create((A,)), Rest(), Update((Session("a"),)), Update((A,)), Rest())
    old = {"Update.2 DescribeStackResource 4": "stale"}
    with world(PlannedChoices(old)) as here:
        do(here, *schedule)
        held = here.session(here.held())
        assert held is not None
        assert held.is_live
        assert held.tags.get(RETAINED_TAG) == "true"


def test_an_old_read_of_a_rollback_does_not_bring_back_a_session_that_was_let_go() -> None:
    """An Update right after it asks for what that session was started with."""
    tagged = Session("b", tag="2", retained=True)
    updates = (Update((B,)), Rest(), Update((tagged,), 8), Update((A,)), Rest())
    with world(PlannedChoices({"Update.5 DescribeStacks 0": "stale"})) as here:
        do(here, Create((A,)), Rest())
        let_go = here.held()
        do(here, *updates)
        assert here.held() != let_go
        assert len(here.live()) == 3
