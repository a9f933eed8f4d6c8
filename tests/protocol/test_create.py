"""Rules 3 to 8: Creates that succeed, fail, are cancelled, and whose answers are lost."""

import json

import pytest

from testbed.simulation.choices import Fault, PlannedChoices
from testbed.simulation.lab import do, expect, lab, last, unsolicited
from testbed.simulation.schedule import (
    Create,
    Rest,
    Session,
    SessionEnds,
    StopApplication,
    Update,
    Wait,
    run,
)
from testbed.simulation.world import World

ELSEWHERE = (Session(application=1),)


@pytest.mark.parametrize(
    "kind", ["closed after", "no answer after", "error after", "unreadable", "slow answer"]
)
@pytest.mark.parametrize("times", [1, 5])
def test_a_lost_answer_to_start_session_starts_one_session(
    lab: World, kind: str, times: int
) -> None:
    expect(lab, Fault("StartSession", kind, times=times))
    assert do(lab, Create()) == "CREATE_COMPLETE"
    assert len(lab.own()) == 1


@pytest.mark.parametrize("kind", ["throttled", "closed", "no answer", "error", "no route"])
def test_a_start_session_that_did_not_arrive_is_sent_again(lab: World, kind: str) -> None:
    expect(lab, Fault("StartSession", kind, times=4))
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_a_start_session_without_a_clear_answer_is_sent_again(lab: World) -> None:
    expect(lab, Fault("StartSession", "error"))
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_a_permission_that_comes_into_force_within_minutes_is_waited_for(lab: World) -> None:
    expect(lab, Fault("StartSession", "denied", times=15))
    assert do(lab, Create()) == "CREATE_COMPLETE"


@pytest.mark.parametrize("kind", ["refused", "quota"])
def test_a_refused_create_rolls_back(lab: World, kind: str) -> None:
    expect(lab, Fault("StartSession", kind))
    assert do(lab, Create()) == "ROLLBACK_COMPLETE"
    assert lab.stack.requests[0].physical_id.startswith("none:")


def test_a_refusal_after_a_lost_answer_leaves_no_session(lab: World) -> None:
    expect(
        lab,
        Fault("StartSession", "closed after"),
        Fault("StartSession", "refused", skip=1, times=99),
    )
    assert do(lab, Create()) == "ROLLBACK_COMPLETE"
    assert lab.live() == []


def test_a_refusal_searches_for_what_an_earlier_delivery_started(lab: World) -> None:
    expect(
        lab,
        Fault("StartSession", "killed after"),
        Fault("StartSession", "refused", skip=1, times=99),
    )
    assert do(lab, Create((Session(retained=True),))) == "ROLLBACK_COMPLETE"
    assert lab.live() == []


def test_an_application_that_stops_is_waited_for(lab: World) -> None:
    do(lab, StopApplication())
    assert do(lab, Create(ELSEWHERE)) == "CREATE_COMPLETE"


def test_a_conflict_is_tried_again_where_the_application_can_not_be_asked(lab: World) -> None:
    expect(lab, Fault("StartSession", "conflict"), Fault("GetApplication", "throttled"))
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_refusals_of_seconds_minutes_apart_fail_no_create(lab: World) -> None:
    lab.service.start_seconds = lambda: 420.0
    for begins in (100, 370):
        lab.clock.after(begins, lambda: lab.network.always.update(GetSession="denied"))
        lab.clock.after(begins + 25, lab.network.always.clear)
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_a_session_that_is_not_shown_yet_is_looked_at_again() -> None:
    with lab({"world get lag": "8"}) as here:
        assert do(here, Create()) == "CREATE_COMPLETE"


def test_a_create_is_answered_when_its_session_is_usable(lab: World) -> None:
    do(lab, Create())
    usable_at = lab.own()[0].usable_at
    answered_at = last(lab, "Create").answered_at
    assert usable_at is not None
    assert answered_at is not None
    assert 0 < answered_at - usable_at < 6


def test_a_session_that_fails_rolls_the_create_back() -> None:
    with lab({"service fate": "fails"}) as here:
        assert do(here, Create()) == "ROLLBACK_COMPLETE"
        assert "Session failed." in here.stack.requests[0].reason


def test_a_session_that_failed_is_not_ended_as_well() -> None:
    """Its Delete asks once."""
    with lab({"service fate": "fails"}) as here:
        do(here, Create())
        assert here.calls("TerminateSession") == 1


def test_a_start_whose_answer_was_lost_stays_possible_whatever_comes_then(lab: World) -> None:
    expect(
        lab,
        Fault("StartSession", "closed after"),
        Fault("StartSession", "no route", skip=1, times=99),
        Fault("ListSessions", "error", times=10_000),
    )
    lab.clock.after(900, lambda: expect(lab))  # the Create has answered by then
    do(lab, Create())
    assert lab.stack.requests[0].physical_id.startswith("pending:")


def test_a_start_that_takes_too_long_is_given_up_in_time(lab: World) -> None:
    lab.service.start_seconds = lambda: 5000.0
    assert do(lab, Create()) == "ROLLBACK_COMPLETE"
    assert lab.live() == []


@pytest.mark.parametrize(("total", "usable_after"), [(60, 20), (120, 115), (840, 834)])
def test_a_session_is_looked_at_when_the_time_is_over(
    lab: World, total: float, usable_after: float
) -> None:
    lab.function.limit, lab.stack.service_timeout = total + 60.0, total + 120.0
    lab.service.start_seconds = lambda: usable_after
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_a_session_is_looked_at_when_the_time_is_over_though_no_look_was_due(lab: World) -> None:
    test_a_session_is_looked_at_when_the_time_is_over(lab, 60, 20)


def test_a_session_that_a_late_event_has_started_is_looked_at_once() -> None:
    with lab({"delivery of Create.1": "late 200"}) as here:
        here.stack.service_timeout = 263.0
        here.service.start_seconds = lambda: 1.0
        assert do(here, Create()) == "CREATE_COMPLETE"


def test_a_creation_after_one_that_failed_may_show_what_that_had_answered(lab: World) -> None:
    """Rollback was off. What CloudFormation shows of the resource then isn't documented."""
    expect(lab, Fault("StartSession", "refused"))
    do(lab, Create(rollback=False), Rest())
    resource = lab.stack.resources["Session"]
    resource.physical_id = (
        "arn:aws:emr-serverless:us-east-1:000000000000:/applications/0/sessions/1"
    )
    resource.history.append((lab.clock.now(), "CREATE_IN_PROGRESS", resource.physical_id))
    lab.stack.history.append((lab.clock.now(), "UPDATE_IN_PROGRESS"))
    created = unsolicited(lab, "Create", ResourceProperties=Session().properties())
    assert created.succeeded
    resource.physical_id = created.physical_id


@pytest.mark.parametrize("seconds", [0.5, 5, 45, 59])
def test_a_cancelled_create_leaves_no_session(lab: World, seconds: float) -> None:
    assert do(lab, Create(fails_after=seconds), Rest()) == "ROLLBACK_COMPLETE"
    assert lab.live() == []


@pytest.mark.parametrize("seconds", [0.5, 5, 45, 59])
def test_a_cancelled_create_under_retain_ends_what_it_started(lab: World, seconds: float) -> None:
    """CloudFormation skips its Delete: nobody else would."""
    do(lab, Create((Session(retained=True),), fails_after=seconds), Rest())
    assert lab.live() == []


def test_a_create_that_fails_under_retain_ends_what_it_started(lab: World) -> None:
    lab.service.start_seconds = lambda: 5000.0
    do(lab, Create((Session(retained=True),)), Rest())
    assert lab.live() == []


def test_a_create_that_is_delivered_after_its_delete_starts_nothing() -> None:
    with lab({"delivery of Create.1": "late 200"}) as here:
        assert do(here, Create(fails_after=5), Rest()) == "ROLLBACK_COMPLETE"
        assert here.own() == []


def test_a_create_that_is_delivered_again_after_its_delete_starts_nothing() -> None:
    with lab({"delivery of Create.1": "again 400"}) as here:
        do(here, Create(fails_after=70), Rest())
        assert len(here.own()) == 1


def test_a_create_that_comes_again_when_its_session_is_over_starts_nothing() -> None:
    with lab({"delivery of Create.1": "again 1000", "seldom token memory": "120"}) as here:
        do(here, Create(), SessionEnds(), Wait(5), Rest())
        assert len(here.own()) == 1


def test_one_read_that_is_old_ends_nothing(lab: World) -> None:
    """The stack was at rest five seconds ago: that is no evidence yet."""
    do(lab, Create(), Rest())
    expect(
        lab,
        Fault("DescribeStacks", "stale", times=2),
        Fault("DescribeStackResource", "stale", times=2),
    )
    assert do(lab, Update()) == "UPDATE_COMPLETE"


def test_a_start_that_was_overtaken_is_ended_at_once(lab: World) -> None:
    expect(lab, Fault("StartSession", "late"))
    do(lab, Create((Session(waits=False),), 5), Rest())
    (session,) = lab.own()
    assert session.ended_at is not None
    assert session.ended_at - 8.0 - session.created_at < 9


def test_a_cancelled_create_ends_its_session_within_seconds(lab: World) -> None:
    do(lab, Create((Session(retained=True),), 20), Rest())
    (session,) = lab.own()
    assert session.ended_at is not None
    assert session.ended_at - 8.0 - session.created_at < 20 + 15 + 9


def test_a_create_that_was_cancelled_in_the_last_seconds_does_not_say_that_it_succeeded(
    lab: World,
) -> None:
    do(lab, Create(fails_after=57), Rest())
    lines = [json.loads(line) for line in lab.log.getvalue().splitlines()]
    answers = [x["status"] for x in lines if x["requestType"] == "Create" and "status" in x]
    assert answers == ["FAILED"]


@pytest.mark.parametrize("kind", ["denied", "no route", "throttled", "closed"])
def test_without_an_answer_of_cloudformation_a_create_goes_on(lab: World, kind: str) -> None:
    for operation in ("DescribeStackResource", "DescribeStacks"):
        lab.network.always[operation] = kind
    assert do(lab, Create()) == "CREATE_COMPLETE"
    lab.network.always.clear()


def test_a_create_without_an_answer_of_cloudformation_does_not_look_on_for_long(
    lab: World,
) -> None:
    lab.network.always["DescribeStackResource"] = "denied"
    assert do(lab, Create(), Rest()) == "CREATE_COMPLETE"
    assert lab.calls("DescribeStackResource") < 30
    lab.network.always.clear()


def test_without_a_route_to_cloudformation_it_is_asked_twice_a_minute(lab: World) -> None:
    """Each question waits for its time-out."""
    lab.network.always["DescribeStackResource"] = "no route"
    do(lab, Create())
    create = last(lab, "Create")
    assert create.answered_at is not None
    minutes = (create.answered_at - create.sent_at) / 60
    assert lab.calls("DescribeStackResource") <= 2 * (minutes + 1)
    lab.network.always.clear()


def test_a_session_that_is_not_shown_is_given_up_after_a_minute(lab: World) -> None:
    lab.service.get_lag = 90.0
    do(lab, Create())
    create = next(r for r in lab.stack.requests if r.kind == "Create")
    assert create.answered_at is not None
    assert 60 < create.answered_at - create.sent_at < 85


def test_looks_without_an_answer_are_no_evidence(lab: World) -> None:
    expect(lab, Fault("DescribeStackResource", "denied", times=6))
    assert do(lab, Create()) == "CREATE_COMPLETE"


def test_a_create_that_comes_again_during_an_update_starts_nothing() -> None:
    with lab({"delivery of Create.1": "again 400"}) as here:
        here.service.token_memory = 60.0
        do(here, Create(), Wait(320), Update(), Rest())
        assert here.stack.status == "UPDATE_COMPLETE"
        assert len(here.own()) == 2


def test_nothing_is_ended_where_cloudformation_does_not_say_what_it_holds() -> None:
    """A second delivery sees that the stack is at rest; then its questions are refused."""
    with lab({"delivery of Create.1": "again 400"}) as here:
        do(here, Create(), Wait(100))
        expect(here, Fault("DescribeStackResource", "denied", skip=2, times=3))
        do(here, Rest())
        assert here.live() == [here.held()]


def test_a_create_that_is_cancelled_while_it_answers_ends_its_session(lab: World) -> None:
    """Under RETAIN nobody else would."""
    expect(lab, Fault("PUT", "no answer"))
    do(lab, Create((Session(retained=True),), 68), Rest())
    assert lab.live() == []


def test_a_second_delivery_that_is_refused_ends_nothing_that_the_first_has_answered_with() -> None:
    with lab({"delivery of Create.1": "again 0"}) as here:
        expect(here, Fault("StartSession", "quota", skip=1))
        do(here, Create((Session(waits=False),)), Rest())
        assert here.stack.status == "CREATE_COMPLETE"
        assert here.live() == [here.held()]


def test_a_second_delivery_that_is_refused_leaves_the_session_that_the_first_waits_for() -> None:
    with lab({"delivery of Create.1": "again 0"}) as here:
        expect(here, Fault("StartSession", "quota", skip=1))
        do(here, Create(), Rest())
        assert here.stack.status == "CREATE_COMPLETE"


def test_old_reads_do_not_end_what_another_delivery_has_answered_with() -> None:
    """One is from before the resource, the next new, and the last one from before that answer."""
    old = {f"Create.1 DescribeStackResource {number}": "stale" for number in (1, 3)}
    twice = {"delivery of Create.1 0": "again 4", **old}
    run([Create((Session(waits=False),))], PlannedChoices(twice))
