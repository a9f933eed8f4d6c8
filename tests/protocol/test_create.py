"""Creates: that succeed, fail, are cancelled, and whose answers are lost."""

import pytest

from .cloudformation import Conditions
from .faults import Fault
from .world import World

NAME = "Session"


def other_fails_after(seconds: float) -> Conditions:
    return Conditions(other_fails_after=seconds)


def test_a_create_completes_when_its_session_is_usable(lab: World) -> None:
    assert lab.stack.create({NAME: lab.properties()}) == "CREATE_COMPLETE"
    session = lab.stack.resources[NAME]
    assert lab.state(session.physical_id) == "STARTED"
    assert session.data == {
        "Arn": session.physical_id,
        "SessionId": session.physical_id.rsplit("/", 1)[1],
        "ApplicationId": lab.applications[0],
    }


@pytest.mark.parametrize("kind", ["dropped", "slow", "error", "garbled"])
@pytest.mark.parametrize("times", [1, 2, 5])
def test_a_lost_answer_to_start_session_starts_one_session(
    lab: World, kind: str, times: int
) -> None:
    lab.network.expect(Fault("StartSession", kind, acted=True, times=times))  # type: ignore[arg-type]
    assert lab.stack.create({NAME: lab.properties()}) == "CREATE_COMPLETE"
    assert len(lab.live()) == 1


@pytest.mark.parametrize("kind", ["throttled", "dropped", "slow", "error", "unreachable"])
def test_a_start_session_that_did_not_arrive_is_sent_again(lab: World, kind: str) -> None:
    lab.network.expect(Fault("StartSession", kind, times=4))  # type: ignore[arg-type]
    assert lab.stack.create({NAME: lab.properties()}) == "CREATE_COMPLETE"


def test_a_permission_that_comes_into_force_within_a_minute_is_waited_for(lab: World) -> None:
    lab.network.expect(Fault("StartSession", "denied", times=5))
    assert lab.stack.create({NAME: lab.properties()}) == "CREATE_COMPLETE"


@pytest.mark.parametrize("kind", ["refused", "quota"])
def test_a_refused_create_rolls_back(lab: World, kind: str) -> None:
    lab.network.expect(Fault("StartSession", kind))  # type: ignore[arg-type]
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_COMPLETE"


@pytest.mark.parametrize("kind", ["refused", "quota", "denied"])
def test_a_refusal_after_an_attempt_of_unknown_outcome_leaves_no_session(
    lab: World, kind: str
) -> None:
    lab.network.expect(
        Fault("StartSession", "dropped", acted=True),
        Fault("StartSession", kind, skip=1, times=99),  # type: ignore[arg-type]
    )
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_COMPLETE"


def test_a_session_that_fails_rolls_the_create_back(lab: World) -> None:
    fail = {"Classification": "spark-defaults", "Properties": {FAIL: "No capacity."}}
    properties = lab.properties(ConfigurationOverrides={"RuntimeConfiguration": [fail]})
    assert lab.stack.create({NAME: properties}) == "ROLLBACK_COMPLETE"
    reason = lab.stack.requests[0].response
    assert reason is not None
    assert "Session failed. No capacity." in reason.reason


FAIL = "spark.emr-serverless.local.fail"


@pytest.mark.parametrize("seconds", [0.5, 5, 45, 89])
def test_a_cancelled_create_leaves_no_session(lab: World, seconds: float) -> None:
    assert (
        lab.stack.create({NAME: lab.properties()}, other_fails_after(seconds))
        == "ROLLBACK_COMPLETE"
    )


@pytest.mark.parametrize("late", [2, 20, 29])
def test_a_cancelled_create_that_is_delivered_after_its_delete_leaves_no_session(
    lab: World, late: float
) -> None:
    conditions = Conditions(other_fails_after=1, deliveries=((late,),))
    assert lab.stack.create({NAME: lab.properties()}, conditions) == "ROLLBACK_COMPLETE"
    assert len(lab.tokens["request-1"]) == 1


@pytest.mark.parametrize("attempts", [2, 8, 16])
def test_a_cancelled_create_whose_start_is_still_pending_leaves_no_session(
    lab: World, attempts: int
) -> None:
    lab.network.expect(Fault("StartSession", "throttled", times=attempts))
    assert lab.stack.create({NAME: lab.properties()}, other_fails_after(5)) == "ROLLBACK_COMPLETE"


def test_a_cancelled_create_that_waits_for_a_stopping_application_leaves_no_session(
    lab: World,
) -> None:
    lab.service.stop_seconds = 400
    lab.service.perform("StopApplication", {"applicationId": lab.applications[1]})
    application = lab.service.application(lab.applications[1])
    application.start(lab.agenda.now(), 0)
    application.stop(lab.agenda.now(), 400)
    properties = lab.properties(1)
    assert lab.stack.create({NAME: properties}, other_fails_after(5)) == "ROLLBACK_COMPLETE"
    lab.agenda.run()
    assert len(lab.asked_for("StartSession")) > 30, "the Create went on for as long as it stopped"
    assert lab.live() == []


def test_a_start_session_in_flight_while_its_delete_comes_leaves_no_session(lab: World) -> None:
    lab.network.expect(Fault("StartSession", "slow", acted=True, times=2))
    assert lab.stack.create({NAME: lab.properties()}, other_fails_after(3)) == "ROLLBACK_COMPLETE"


def test_a_list_that_lags_behind_hides_no_session_of_a_cancelled_create(lab: World) -> None:
    lab.network.list_lag = 30
    assert lab.stack.create({NAME: lab.properties()}, other_fails_after(1)) == "ROLLBACK_COMPLETE"


def test_a_create_that_is_delivered_twice_starts_one_session(lab: World) -> None:
    conditions = Conditions(deliveries=((0, 70),))
    assert lab.stack.create({NAME: lab.properties()}, conditions) == "CREATE_COMPLETE"
    assert len(lab.live()) == 1


def test_a_second_delivery_that_is_refused_does_not_fail_a_create_that_started(
    lab: World,
) -> None:
    """Its answer would come first, and the framework would swallow the Delete."""
    lab.network.expect(Fault("StartSession", "quota", skip=1))
    conditions = Conditions(deliveries=((0, 3),))
    assert lab.stack.create({NAME: lab.properties()}, conditions) == "CREATE_COMPLETE"


def test_a_second_delivery_that_is_refused_while_nothing_can_be_listed_leaves_no_session(
    lab: World,
) -> None:
    lab.network.expect(
        Fault("StartSession", "quota", skip=1, times=99), Fault("ListSessions", "error", times=2)
    )
    conditions = Conditions(deliveries=((0, 3),))
    assert lab.stack.create({NAME: lab.properties()}, conditions) == "ROLLBACK_COMPLETE"
    assert lab.live() == []


def test_a_create_that_is_delivered_again_after_its_delete_starts_nothing(lab: World) -> None:
    conditions = Conditions(deliveries=((0, 400),))
    lab.stack.create({NAME: lab.properties()}, conditions)
    assert lab.stack.delete() == "DELETE_COMPLETE"


def test_an_on_event_killed_before_its_start_leaves_no_session(lab: World) -> None:
    lab.network.expect(Fault("StartSession", "killed"))
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_COMPLETE"


def test_what_a_killed_on_event_started_is_left_to_its_idle_time_out(lab: World) -> None:
    lab.network.expect(Fault("StartSession", "killed", acted=True))
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_COMPLETE"
    assert len(lab.live()) == 1
    lab.agenda.wait(START_AND_AN_HOUR)
    assert lab.live() == []


START_AND_AN_HOUR = 90 + 3600


@pytest.mark.parametrize("operation", ["GetSession", "StartSession"])
def test_an_is_complete_killed_at_any_call_leaves_no_session(lab: World, operation: str) -> None:
    lab.network.expect(
        Fault("StartSession", "throttled", times=2),
        Fault(operation, "killed", acted=True, skip=2 * (operation == "StartSession")),
    )
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_COMPLETE"


def test_a_start_that_takes_too_long_is_given_up_in_time(lab: World) -> None:
    lab.service.start_seconds = 5000
    assert lab.stack.create({NAME: lab.properties()}) == "ROLLBACK_COMPLETE"
    answer = lab.stack.requests[0].response
    assert answer is not None
    assert "raise total_timeout" in answer.reason


def test_an_application_that_is_stopped_and_does_not_start_fails_the_create_at_once(
    lab: World,
) -> None:
    application = lab.service.application(lab.applications[1])
    application.settings["autoStartConfiguration"] = {"enabled": False}
    assert lab.stack.create({NAME: lab.properties(1)}) == "ROLLBACK_COMPLETE"
    answer = lab.stack.requests[0]
    assert answer.response is not None
    assert "auto-start is off" in answer.response.reason
    assert answer.answered_at == answer.sent_at


def test_an_application_on_its_way_is_waited_for(lab: World) -> None:
    application = lab.service.application(lab.applications[1])
    application.start(lab.agenda.now(), 0)
    application.settle(lab.agenda.now(), 20, True)
    application.stop(lab.agenda.now(), 300)
    assert lab.stack.create({NAME: lab.properties(1)}) == "CREATE_COMPLETE"


def test_a_create_that_does_not_wait_is_complete_while_the_session_starts(lab: World) -> None:
    properties = lab.properties(WaitUntilReady="false")
    assert lab.stack.create({NAME: properties}) == "CREATE_COMPLETE"
    assert lab.state(lab.stack.resources[NAME].physical_id) == "SUBMITTED"


def test_an_on_event_reads_nothing_after_its_start(lab: World) -> None:
    """After StartSession was accepted, nothing may fail before the return."""
    lab.network.expect(Fault("GetSession", "killed"))
    lab.stack.create({NAME: lab.properties()})
    assert "physicalId" in lab.log.getvalue().splitlines()[0]
    assert lab.lost_tokens == set()


def test_a_session_that_ended_before_the_answer_is_no_success(lab: World) -> None:
    lab.network.expect(Fault("GetSession", "throttled", times=2))
    lab.agenda.after(5, lambda: lab.service.sessions()[-1].terminate(lab.agenda.now()))
    properties = lab.properties(WaitUntilReady="false")
    assert lab.stack.create({NAME: properties}) == "ROLLBACK_COMPLETE"
