"""Create: it starts one session, waits until that is usable, and ends it where it fails."""

from __future__ import annotations

from typing import Any

import pytest

from session_handler import sessions
from session_handler.identity import TokenId
from session_handler.request import Request
from tests.unit.handler.conftest import LOG_GROUP, OWNER, START_SECONDS, Event, Lab
from tests.unit.handler.network import BROKEN, DENIED, LOST, NOT_FOUND, THROTTLED, Fault


def test_it_answers_with_the_session_once_that_is_usable(lab: Lab) -> None:
    properties = lab.properties()
    began = lab.clock.now()
    answer = lab.create(properties)
    [arn] = lab.live()
    assert answer.is_success
    assert answer.physical_id == arn
    assert answer.body["Data"] == {
        "Arn": arn,
        "SessionId": arn.split("/")[-1],
        "ApplicationId": properties["ApplicationId"],
    }
    assert START_SECONDS <= answer.at - began <= START_SECONDS + 7


def test_without_waiting_it_answers_once_the_start_is_accepted(lab: Lab) -> None:
    began = lab.clock.now()
    answer = lab.create(lab.properties(WaitUntilReady="false"))
    assert answer.is_success
    assert answer.at == began
    assert lab.session(answer.physical_id).state == "SUBMITTED"


@pytest.mark.parametrize("fault", [THROTTLED, BROKEN, LOST, Fault(200, "Unreadable")])
def test_an_unclear_answer_is_asked_again_with_the_same_token(lab: Lab, fault: Fault) -> None:
    lab.network.fail("StartSession", *[fault] * 6)
    answer = lab.create(lab.properties())
    assert answer.is_success, answer.reason
    assert lab.live() == [answer.physical_id]
    assert lab.network.count()["StartSession"] == 7


def test_a_missing_permission_is_asked_for_again_for_four_minutes(lab: Lab) -> None:
    lab.authorizer.denied.add("iam:PassRole")
    lab.clock.after(200, lambda: lab.authorizer.denied.clear())
    assert lab.create(lab.properties()).is_success


def test_a_permission_that_stays_missing_fails_after_four_minutes(lab: Lab) -> None:
    lab.authorizer.denied.add("iam:PassRole")
    began = lab.clock.now()
    answer = lab.create(lab.properties())
    assert not answer.is_success
    assert 220 <= answer.at - began <= 260
    assert "iam:PassRole" in answer.reason
    assert "deploying again may pass" in answer.reason


def test_a_role_that_may_do_nothing_is_known_after_four_minutes(lab: Lab) -> None:
    """A permissions boundary may forget the service. Nothing was started, and nothing is said."""
    for operation in ("StartSession", "ListSessions"):
        lab.network.always[operation] = DENIED
    began = lab.clock.now()
    answer = lab.create(lab.properties())
    assert answer.at - began < 270
    assert answer.physical_id.startswith("none:")
    assert "could not be ended" not in answer.reason
    began = lab.clock.now()
    assert lab.delete(answer.physical_id, lab.properties()).at - began < 30


def test_the_time_for_a_missing_permission_begins_anew_once_it_was_there(lab: Lab) -> None:
    lab.service.start_seconds = 600
    denied = lab.authorizer.denied
    for begins, ends in ((70, 220), (260, 420)):
        lab.clock.after(begins, lambda: denied.add("emr-serverless:GetSession"))
        lab.clock.after(ends, denied.clear)
    answer = lab.create(lab.properties())
    assert answer.is_success, answer.reason


def test_what_stays_unclear_is_asked_for_less_and_less_often(lab: Lab) -> None:
    lab.network.always["StartSession"] = BROKEN
    assert not lab.create(lab.properties()).is_success
    assert lab.network.count()["StartSession"] < 120


def test_an_application_on_its_way_is_waited_for(lab: Lab) -> None:
    lab.service.create_seconds = 180
    answer = lab.create(lab.properties())
    assert answer.is_success, answer.reason


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"interactiveConfiguration": {"sessionEnabled": False}}, "sessionEnabled to true"),
        ({"type": "HIVE"}, "of type SPARK"),
        ({"releaseLabel": "emr-7.0.0"}, "emr-7.13.0 or later"),
        ({"autoStartConfiguration": {"enabled": False}}, "its auto-start is off"),
    ],
)
def test_a_conflict_that_no_time_mends_is_answered_at_once(
    lab: Lab, settings: dict[str, Any], said: str
) -> None:
    application_id = lab.application(**settings)
    lab.network.always["StartSession"] = Fault(409, "ConflictException", "Not now.")
    began = lab.clock.now()
    answer = lab.create(lab.properties(ApplicationId=application_id))
    assert said in answer.reason
    assert answer.at - began < 30


def test_a_conflict_that_lasts_is_answered_as_it_came(lab: Lab) -> None:
    """Nothing that the application shows speaks against the session."""
    lab.network.always["StartSession"] = Fault(409, "ConflictException", "Not now.")
    reason = lab.create(lab.properties()).reason
    assert "ConflictException: Not now. What to do: deploy again when that is over." in reason


def test_a_conflict_is_borne_while_the_application_cannot_be_looked_at(lab: Lab) -> None:
    lab.network.fail("StartSession", *[Fault(409, "ConflictException", "Not now.")] * 2)
    lab.network.fail("GetApplication", THROTTLED)
    answer = lab.create(lab.properties())
    assert answer.is_success, answer.reason


def test_a_conflict_of_an_application_that_is_gone_is_answered_as_it_came(lab: Lab) -> None:
    lab.network.always["StartSession"] = Fault(409, "ConflictException", "Not now.")
    lab.network.always["GetApplication"] = NOT_FOUND
    assert "ConflictException: Not now." in lab.create(lab.properties()).reason


def test_a_refusal_is_answered_at_once_with_an_id_that_says_that_nothing_lives(lab: Lab) -> None:
    began = lab.clock.now()
    answer = lab.create(lab.properties(ApplicationId="00nosuchapplication"))
    assert not answer.is_success
    assert answer.at == began
    token = TokenId.parse(answer.physical_id)
    assert token is not None
    assert token.application_id is None
    assert answer.reason.endswith(f"Log group: {LOG_GROUP}")


def test_what_an_earlier_delivery_started_is_found_when_this_one_is_refused(lab: Lab) -> None:
    properties = lab.properties()
    event = lab.request("Create", properties)
    lab.cloudformation.begins("Create")
    lab.network.fail("StartSession", LOST, Fault(402, "ServiceQuotaExceededException"))
    answer = lab.deliver(event)
    assert not answer.is_success
    assert lab.live() == []
    assert answer.physical_id == lab.service.sessions()[0].arn


def test_what_a_lost_answer_started_is_found_however_late_the_list_shows_it(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.network.fail("StartSession", LOST, Fault(400, "ValidationException"))
    whole, shown_at = sessions.page, lab.clock.now() + 15

    def late(*asked: Any) -> sessions.Page:
        return whole(*asked) if lab.clock.now() >= shown_at else sessions.Page([], None)

    monkeypatch.setattr(sessions, "page", late)
    answer = lab.create(lab.properties())
    assert answer.physical_id == lab.service.sessions()[0].arn
    assert lab.live() == []


def test_a_session_that_somebody_else_made_gives_no_answer_its_id(lab: Lab) -> None:
    """Tags can be copied, that of the token too."""
    event = lab.request("Create", lab.properties())
    lab.cloudformation.begins("Create")
    asked = Request.read(event)
    parameters = asked.start_parameters({})
    copy = lab.start(parameters["applicationId"], parameters["tags"])
    lab.session(copy).created_by = "arn:aws:sts::123456789012:assumed-role/team/the-function"
    lab.network.always["StartSession"] = Fault(400, "ValidationException")
    assert lab.deliver(event).physical_id == f"none:{asked.client_token()}"


def test_a_cancelled_create_ends_a_session_that_is_not_shown_yet(lab: Lab) -> None:
    lab.network.before["StartSession"] = lambda: lab.cloudformation.shows(
        "CREATE_FAILED", "ROLLBACK_IN_PROGRESS"
    )
    lab.network.always["GetSession"] = NOT_FOUND
    assert not lab.create(lab.properties()).is_success
    assert len(lab.service.sessions()) == 1
    assert lab.live() == []


def test_a_start_that_may_have_happened_is_answered_with_a_pending_id(lab: Lab) -> None:
    lab.network.fail("StartSession", BROKEN, Fault(400, "ValidationException"))
    properties = lab.properties()
    answer = lab.create(properties)
    assert answer.physical_id.startswith(f"pending:{properties['ApplicationId']}:")


def test_an_application_id_that_is_none_makes_no_pending_id(lab: Lab) -> None:
    """An answer takes 4,096 bytes, and such an id could not be read again."""
    lab.network.always["StartSession"] = BROKEN
    answer = lab.create(lab.properties(ApplicationId="a" * 5000))
    assert TokenId.parse(answer.physical_id) is not None
    assert answer.size <= 4096


def test_a_session_that_fails_is_answered_with_its_details(lab: Lab) -> None:
    answer = lab.create(
        lab.properties(
            ApplicationId=lab.application(maximumCapacity={"cpu": "1 vCPU", "memory": "2 GB"})
        )
    )
    [session] = lab.service.sessions()
    assert not answer.is_success
    assert answer.physical_id == session.arn
    assert "is FAILED and can't be used. The service said: Session failed." in answer.reason


def test_a_session_that_is_never_usable_ends_when_the_time_is_over(lab: Lab) -> None:
    lab.service.start_seconds = 7200
    began = lab.clock.now()
    answer = lab.create(lab.properties())
    assert not answer.is_success
    assert 835 <= answer.at - began <= 850
    assert lab.live() == []


def test_a_session_is_not_searched_for_once_its_arn_is_known(lab: Lab) -> None:
    lab.create(lab.properties())
    assert lab.network.count()["ListSessions"] == 0


def test_a_session_that_is_not_shown_yet_is_looked_at_again(lab: Lab) -> None:
    lab.service.start_seconds = 3
    lab.network.fail("GetSession", NOT_FOUND, NOT_FOUND, THROTTLED, DENIED)
    assert lab.create(lab.properties()).is_success


class Killed(BaseException):
    """Lambda has ended the invocation."""


def kill() -> None:
    raise Killed


def killed_after(lab: Lab, seconds: float) -> Event:
    """A Create whose first delivery dies then."""
    lab.cloudformation.begins("Create")
    event = lab.request("Create", lab.properties())
    lab.clock.after(seconds, kill)
    with pytest.raises(Killed):
        lab.deliver(event)
    return event


def test_a_delivery_after_a_death_goes_on_with_the_same_session(lab: Lab) -> None:
    event = killed_after(lab, 40)
    lab.clock.sleep(60)
    answer = lab.deliver(event)
    assert answer.is_success
    assert lab.live() == [answer.physical_id]


def test_a_delivery_that_has_no_time_to_wait_says_how_long_the_session_has_started(
    lab: Lab,
) -> None:
    """An earlier one has waited for it until it died."""
    lab.service.start_seconds = 7200
    event = killed_after(lab, 600)
    lab.clock.sleep(299)
    reason = lab.deliver(event).reason
    assert "was still SUBMITTED" in reason
    assert "after 900 seconds" in reason


def test_an_event_that_was_queued_is_answered_before_cloudformation_gives_up(lab: Lab) -> None:
    lab.service.start_seconds = 7200
    lab.cloudformation.begins("Create")
    sent = lab.clock.now()
    lab.clock.sleep(600)
    answer = lab.deliver(lab.request("Create", lab.properties()))
    assert not answer.is_success
    assert 840 <= answer.at - sent <= 960
    assert lab.live() == []


def test_what_is_shown_as_failed_for_seconds_after_the_answer_is_asked_four_times(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three looks, and once more before the session is ended."""
    lab.cloudformation.listens = False
    take, shows = lab.cloudformation.take, lab.cloudformation.shows

    def answered(body: bytes) -> None:
        take(body)
        held = lab.cloudformation.answers[-1].physical_id
        shows("CREATE_FAILED", "CREATE_IN_PROGRESS", None)
        lab.clock.after(17, lambda: shows("CREATE_COMPLETE", "CREATE_COMPLETE", held))

    monkeypatch.setattr(lab.cloudformation, "take", answered)
    held = lab.create(lab.properties()).physical_id
    assert lab.live() == [held]


def test_a_delivery_that_is_refused_leaves_another_one_two_minutes_to_answer(lab: Lab) -> None:
    """Lambda delivers again up to two minutes after a death."""
    properties = lab.properties()
    event = lab.request("Create", properties)
    request = Request.read(event)
    tags = OWNER.tags(request.spec().digest, request.client_token())
    started = lab.start(properties["ApplicationId"], tags)
    lab.network.always["StartSession"] = Fault(400, "ValidationException", "No.")
    lab.cloudformation.begins("Create")
    lab.clock.after(
        125, lambda: lab.cloudformation.shows("CREATE_COMPLETE", "CREATE_COMPLETE", started)
    )
    assert not lab.deliver(event).is_success
    assert lab.live() == [started]


def test_the_log_names_the_session(lab: Lab) -> None:
    answer = lab.create(lab.properties())
    started, answered, done = lab.logged()
    session_id = answer.physical_id.split("/")[-1]
    assert [started["event"], answered["event"], done["event"]] == ["started", "answered", "done"]
    assert {line["sessionId"] for line in lab.logged()} == {session_id}
    assert {line["requestType"] for line in lab.logged()} == {"Create"}
    assert answered["state"] == "STARTED"
    assert 1000 * START_SECONDS < answered["milliseconds"] < done["milliseconds"]
