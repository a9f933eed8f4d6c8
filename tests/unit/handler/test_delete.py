"""Delete: rules 14 to 16."""

from __future__ import annotations

from typing import Any

import pytest

from session_handler import sessions
from session_handler.identity import TokenId
from session_handler.names import RETAINED_TAG
from tests.unit.handler.conftest import OWNER, START_SECONDS, STOP_SECONDS, Lab
from tests.unit.handler.network import BROKEN, DENIED, LOST, NOT_FOUND, THROTTLED, Fault

MADE_UP = "notebooks-Notebook-1A2B3C4D5E6F"
NEVER_WAS = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00a1/sessions/00never"


@pytest.fixture
def properties(lab: Lab) -> dict[str, Any]:
    return lab.properties()


def owned(lab: Lab, properties: dict[str, Any], **tags: str) -> str:
    """A session that this resource started and nobody knows of."""
    more = {f"emr-serverless-session:{name.replace('_', '-')}": v for name, v in tags.items()}
    return lab.start(properties["ApplicationId"], {**OWNER.tags("spec", "token"), **more})


def test_it_ends_the_session_and_waits_until_that_is_over(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    began = lab.clock.now()
    answer = lab.delete(arn, properties)
    assert (answer.is_success, answer.physical_id) == (True, arn)
    assert lab.session(arn).state == "TERMINATED"
    assert STOP_SECONDS <= answer.at - began <= STOP_SECONDS + 15


@pytest.mark.parametrize("how", ["over", "gone", "no application"])
def test_it_succeeds_where_there_is_nothing_to_end(
    lab: Lab, properties: dict[str, Any], how: str
) -> None:
    arn = lab.create(properties).physical_id if how == "over" else NEVER_WAS
    if how == "over":
        lab.end(arn)
    if how == "gone":
        arn = arn.replace("00a1", properties["ApplicationId"])
    assert lab.delete(arn, properties).is_success


def test_a_session_that_is_not_shown_yet_is_ended_all_the_same(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = owned(lab, properties)
    lab.network.fail("TerminateSession", NOT_FOUND, NOT_FOUND)
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


def test_a_session_that_the_service_shows_late_is_ended_with_its_resource(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    lab.network.fail("TerminateSession", *[NOT_FOUND] * 3)
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


def test_an_answer_that_says_nothing_ended_nothing(lab: Lab, properties: dict[str, Any]) -> None:
    arn = lab.create(properties).physical_id
    lab.network.fail("TerminateSession", Fault(200, "", "none"))
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


def test_a_session_that_is_found_only_half_a_minute_later_is_ended_with_its_resource(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    lab.network.always["TerminateSession"] = NOT_FOUND
    lab.clock.after(25, lab.network.always.clear)
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


def test_a_clean_up_does_not_wait_for_a_session_that_is_not_found(
    lab: Lab, properties: dict[str, Any]
) -> None:
    first = lab.create(properties).physical_id
    lab.update(first, properties, {**properties, "Name": "another"})
    lab.network.always["TerminateSession"] = NOT_FOUND
    asked_at = lab.clock.now()
    assert lab.clean_up(first, properties).is_success
    assert lab.clock.now() - asked_at < 20


@pytest.mark.parametrize("fault", [THROTTLED, BROKEN, DENIED])
def test_what_passes_is_borne(lab: Lab, properties: dict[str, Any], fault: Any) -> None:
    arn = lab.create(properties).physical_id
    for operation in ("TerminateSession", "GetSession", "ListSessions"):
        lab.network.fail(operation, *[fault] * 4)
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


@pytest.mark.parametrize("operation", ["TerminateSession", "GetSession", "ListSessions"])
def test_an_answer_that_cannot_be_read_is_asked_for_again(
    lab: Lab, properties: dict[str, Any], operation: str
) -> None:
    """Nothing is taken for an empty list, or for a session that is gone."""
    arn = lab.create(properties).physical_id
    owned(lab, properties)
    lab.network.fail(operation, *[Fault(200, "Unreadable")] * 2)
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


@pytest.mark.parametrize("waits", ["true", "false"])
def test_a_session_that_may_not_be_ended_fails_the_delete(
    lab: Lab, properties: dict[str, Any], waits: str
) -> None:
    """Also one that is still starting: no state of it mends a missing permission."""
    lab.service.start_seconds = 30 if waits == "true" else 7200
    arn = lab.create({**properties, "WaitUntilReady": waits}).physical_id
    lab.authorizer.denied.add("emr-serverless:TerminateSession")
    asked_at = lab.clock.now()
    answer = lab.delete(arn, properties)
    assert not answer.is_success
    assert "emr-serverless:TerminateSession" in answer.reason
    assert "permission" in answer.reason
    assert answer.at - asked_at < 300


@pytest.mark.parametrize("fault", [DENIED, Fault(400, "ValidationException")])
def test_a_refusal_to_end_what_is_over_already_is_no_failure(
    lab: Lab, properties: dict[str, Any], fault: Fault
) -> None:
    """IAM refuses by the tags of what is gone."""
    arn = lab.create(properties).physical_id
    lab.end(arn)
    lab.network.always["TerminateSession"] = fault
    asked_at = lab.clock.now()
    assert lab.delete(arn, properties).is_success
    assert lab.clock.now() - asked_at < 60


def test_a_resource_that_goes_for_good_takes_along_what_failures_left(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    owned(lab, properties)
    foreign = lab.start(properties["ApplicationId"], {"team": "others"})
    kept = owned(lab, properties, retained="true")
    assert lab.delete(arn, properties).is_success
    assert lab.live() == [foreign, kept]


def test_the_log_names_every_session_that_is_ended(lab: Lab, properties: dict[str, Any]) -> None:
    arn = lab.create(properties).physical_id
    left = owned(lab, properties)
    assert lab.delete(arn, properties).is_success
    ended = [line["sessionId"] for line in lab.logged() if line["event"] == "ended"]
    assert ended == [arn.split("/")[-1], left.split("/")[-1]]


def test_a_session_that_becomes_usable_as_its_end_is_refused_is_ended(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create({**properties, "WaitUntilReady": "false"}).physical_id
    starting = Fault(400, "ValidationException", "The session can't be terminated in STARTING.")
    lab.network.fail("TerminateSession", starting)

    def starts() -> None:
        session = lab.session(arn)
        session.starting_at = session.usable_at = lab.clock.now()

    lab.network.before["TerminateSession"] = starts
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []


def test_an_application_that_the_stack_uses_is_not_stopped_while_the_list_lags(
    lab: Lab, properties: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that nobody waits for may take half a minute until it is listed."""
    properties["StopApplication"] = "true"
    held = lab.create(properties).physical_id
    new = {**properties, "Name": "another", "WaitUntilReady": "false"}
    lab.update(held, properties, new)
    monkeypatch.setattr(sessions, "page", lambda *_: sessions.Page([], None))
    assert lab.clean_up(held, properties).is_success
    assert not lab.asked("StopApplication")


def test_a_resource_that_goes_for_good_takes_along_what_is_on_the_application_it_names(
    lab: Lab, properties: dict[str, Any]
) -> None:
    """An update to another application has failed, and its session is left."""
    arn = lab.create(properties).physical_id
    elsewhere = lab.properties()
    owned(lab, elsewhere)
    assert lab.delete(arn, elsewhere).is_success
    assert lab.live() == []


def test_what_a_former_function_of_the_stack_made_goes_along_too(
    lab: Lab, properties: dict[str, Any]
) -> None:
    for arn in (held := lab.create(properties).physical_id), owned(lab, properties):
        lab.session(arn).created_by = "arn:aws:sts::123456789012:assumed-role/former/function"
    assert lab.delete(held, properties).is_success
    assert lab.live() == []


def test_a_clean_up_ends_nothing_but_its_own_session(lab: Lab, properties: dict[str, Any]) -> None:
    new = {**properties, "Name": "another"}
    first = lab.create(properties).physical_id
    second = lab.update(first, properties, new).physical_id
    stray = owned(lab, properties)
    lab.network.calls.clear()
    assert lab.clean_up(first, properties).is_success
    assert lab.live() == [second, stray]
    assert lab.network.count()["ListSessions"] == 0


def test_a_clean_up_ends_the_successor_of_its_session_and_nothing_else(
    lab: Lab, properties: dict[str, Any]
) -> None:
    properties["KeepAlive"] = "true"
    new = {**properties, "Name": "another"}
    first = lab.create(properties).physical_id
    owned(lab, properties, held_arn=first)
    second = lab.update(first, properties, new).physical_id
    stray = owned(lab, properties)
    assert lab.clean_up(first, properties).is_success
    assert lab.live() == [second, stray]


def test_a_successor_that_the_stack_holds_by_now_is_spared(
    lab: Lab, properties: dict[str, Any]
) -> None:
    properties["KeepAlive"] = "true"
    first = lab.create(properties).physical_id
    successor = owned(lab, properties, held_arn=first)
    lab.cloudformation.physical_id = successor
    assert lab.clean_up(first, properties).is_success
    assert lab.live() == [successor]


def test_a_late_delete_spares_what_the_stack_holds_by_now(
    lab: Lab, properties: dict[str, Any]
) -> None:
    held = lab.create(properties).physical_id
    lab.cloudformation.shows("CREATE_COMPLETE", "UPDATE_COMPLETE")
    assert lab.deliver(lab.request("Delete", properties, MADE_UP)).is_success
    assert lab.live() == [held]


def test_a_made_up_id_ends_what_its_create_started_however_late_the_list_shows_it(
    lab: Lab, properties: dict[str, Any]
) -> None:
    lab.clock.after(15, lambda: owned(lab, properties))
    began = lab.clock.now()
    assert lab.delete(MADE_UP, properties).is_success
    assert [s.state for s in lab.service.sessions()] == ["TERMINATED"]
    assert lab.clock.now() - began >= 30


def test_a_made_up_id_spares_others_and_looks_at_them_once(
    lab: Lab, properties: dict[str, Any]
) -> None:
    for number in range(10):
        lab.start(properties["ApplicationId"], {"number": str(number)})
    assert lab.delete(MADE_UP, properties).is_success
    assert len(lab.live()) == 10
    assert lab.network.count()["GetSession"] == 10


def test_what_others_made_is_not_even_looked_at(lab: Lab, properties: dict[str, Any]) -> None:
    other = lab.start(properties["ApplicationId"], OWNER.tags("spec", "token"))
    lab.session(other).created_by = "arn:aws:sts::123456789012:assumed-role/team/somebody"
    own = owned(lab, properties)
    assert lab.delete(MADE_UP, properties).is_success
    assert lab.live() == [other]
    looked_at = {call["sessionId"] for call in lab.asked("GetSession")}
    assert looked_at == {own.split("/")[-1]}


@pytest.mark.parametrize("operation", ["ListSessions", "GetSession"])
@pytest.mark.parametrize("fault", [DENIED, BROKEN])
def test_a_made_up_id_never_fails(
    lab: Lab, properties: dict[str, Any], operation: str, fault: Any
) -> None:
    lab.start(properties["ApplicationId"])
    lab.network.always[operation] = fault
    assert lab.delete(MADE_UP, properties).is_success


@pytest.mark.parametrize("fault", [DENIED, BROKEN])
def test_a_pending_id_fails_where_its_session_is_known_to_live(
    lab: Lab, properties: dict[str, Any], fault: Any
) -> None:
    """Deleting again works. A made-up id never fails, whatever lives."""
    started = owned(lab, properties)
    lab.network.always["TerminateSession"] = fault
    answer = lab.delete(str(TokenId("1" * 64, properties["ApplicationId"])), properties)
    assert not answer.is_success
    assert started in answer.reason
    assert "may still be live and cost money" in answer.reason
    assert lab.delete(MADE_UP, properties).is_success


def test_the_clean_up_of_a_pending_id_spares_what_the_stack_may_hold_by_now(
    lab: Lab, properties: dict[str, Any]
) -> None:
    """CloudFormation doesn't say: only its own session is known to be nobody's."""
    lab.start(properties["ApplicationId"], OWNER.tags("spec", "1" * 64))
    held = lab.start(properties["ApplicationId"], OWNER.tags("spec", "2" * 64))
    lab.cloudformation.refuses = 1000
    pending = str(TokenId("1" * 64, properties["ApplicationId"]))
    assert lab.delete(pending, properties).is_success
    assert lab.live() == [held]


def test_a_made_up_id_ends_what_is_owned_where_cloudformation_does_not_say(
    lab: Lab, properties: dict[str, Any]
) -> None:
    """It is that of a cancelled Create, and names no token."""
    owned(lab, properties)
    lab.cloudformation.refuses = 1000
    assert lab.delete(MADE_UP, properties).is_success
    assert lab.live() == []


def test_a_session_that_is_gone_once_it_was_listed_keeps_no_other_alive(
    lab: Lab, properties: dict[str, Any]
) -> None:
    owned(lab, properties)
    lab.start(properties["ApplicationId"])
    lab.network.before["ListSessions"] = lambda: lab.network.fail("GetSession", NOT_FOUND)
    assert lab.delete(MADE_UP, properties).is_success
    assert len(lab.live()) == 1


def test_a_session_that_is_over_is_not_said_to_live(lab: Lab, properties: dict[str, Any]) -> None:
    arn = lab.create(properties).physical_id
    lab.network.always["ListSessions"] = DENIED
    reason = lab.delete(arn, properties).reason
    assert f"({arn}) is over, but what earlier failures left could not be looked for" in reason


@pytest.mark.parametrize(
    "maker", ["assumed-role/handler/another-name", "assumed-role/x/the-function"]
)
def test_what_the_function_or_its_role_made_is_looked_at(
    lab: Lab, properties: dict[str, Any], maker: str
) -> None:
    """That a function's session is named after it is published nowhere."""
    started = owned(lab, properties)
    lab.session(started).created_by = f"arn:aws:sts::123456789012:{maker}"
    lab.delete(MADE_UP, properties)
    assert lab.live() == []


def test_what_users_made_is_not_looked_at_beside_a_session_of_its_own(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    other = lab.start(properties["ApplicationId"])
    lab.session(other).created_by = "arn:aws:iam::123456789012:user/somebody"
    lab.delete(arn, properties)
    looked_at = {call["sessionId"] for call in lab.asked("GetSession")}
    assert other.split("/")[-1] not in looked_at


@pytest.mark.parametrize("operation", ["ListSessions", "GetSession"])
@pytest.mark.parametrize("fault", [BROKEN, DENIED, Fault(400, "ValidationException")])
def test_a_pending_id_fails_where_nothing_tells_whether_its_session_lives(
    lab: Lab, properties: dict[str, Any], operation: str, fault: Fault
) -> None:
    owned(lab, properties)
    lab.network.always[operation] = fault
    pending = str(TokenId("1" * 64, properties["ApplicationId"]))
    assert "may still be live" in lab.delete(pending, properties).reason


def test_what_can_not_be_ended_keeps_nothing_else_alive(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    owned(lab, properties)
    owned(lab, properties)
    lab.clock.sleep(START_SECONDS + 1)

    def refuse() -> None:
        if lab.network.count()["TerminateSession"] == 2:
            lab.network.fail("TerminateSession", *[Fault(400, "ValidationException", "No.")] * 2)

    lab.network.before["TerminateSession"] = refuse
    reason = lab.delete(arn, properties).reason
    [stays] = lab.live()
    assert stays in reason


def test_an_application_goes_on_for_a_session_on_another_page(
    lab: Lab, properties: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page may be empty and not be the last."""
    properties = {**properties, "StopApplication": "true"}
    arn = lab.create(properties).physical_id
    lab.start(properties["ApplicationId"])
    whole = sessions.page

    def paged(application_id: str, states: Any, token: str | None = None) -> sessions.Page:
        return whole(application_id, states) if token else sessions.Page([], "more")

    monkeypatch.setattr(sessions, "page", paged)
    assert lab.delete(arn, properties).is_success
    assert not lab.asked("StopApplication")


def test_an_id_that_says_that_nothing_lives_is_searched_for_once_by_its_token(
    lab: Lab, properties: dict[str, Any]
) -> None:
    lab.start(properties["ApplicationId"], OWNER.tags("spec", "1" * 64))
    spared = lab.start(properties["ApplicationId"], OWNER.tags("spec", "2" * 64))
    assert lab.delete(str(TokenId("1" * 64)), properties).is_success
    assert lab.live() == [spared]
    assert lab.network.count()["ListSessions"] == 1


def test_an_id_that_says_that_nothing_lives_spares_a_session_that_is_retained(
    lab: Lab, properties: dict[str, Any]
) -> None:
    tags = {**OWNER.tags("spec", "1" * 64), RETAINED_TAG: "true"}
    kept = lab.start(properties["ApplicationId"], tags)
    assert lab.delete(str(TokenId("1" * 64)), properties).is_success
    assert lab.live() == [kept]


def test_a_delete_without_an_id_is_answered_with_one(lab: Lab, properties: dict[str, Any]) -> None:
    """CloudFormation takes no answer without."""
    lab.cloudformation.begins("Delete")
    answer = lab.deliver(lab.request("Delete", properties))
    assert (answer.is_success, answer.physical_id) == (True, "none")


def test_a_pending_id_knows_its_application(lab: Lab, properties: dict[str, Any]) -> None:
    owned(lab, properties)
    pending = str(TokenId("1" * 64, properties["ApplicationId"]))
    assert lab.delete(pending, {"ApplicationId": {"not": "readable"}}).is_success
    assert lab.live() == []


@pytest.mark.parametrize("times", [2, 3, 5])
def test_a_refused_question_is_asked_again_before_anything_is_left(
    lab: Lab, properties: dict[str, Any], times: int
) -> None:
    """Three times before the session is ended, and three times after it."""
    arn = lab.create(properties).physical_id
    owned(lab, properties)
    lab.cloudformation.refuses = times
    lab.network.calls.clear()
    asked_at = lab.clock.now()
    assert lab.delete(arn, properties).is_success
    assert lab.live() == []
    assert lab.network.calls[0][0] - asked_at >= 14, "a question waits for a newer read"


def test_without_an_answer_of_cloudformations_nothing_but_the_session_ends(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    other = owned(lab, properties)
    lab.cloudformation.refuses = 1000
    assert lab.delete(arn, properties).is_success
    assert lab.live() == [other]


def test_the_application_is_stopped_when_its_last_session_is_over(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    asked_at = lab.clock.now()
    assert lab.delete(arn, {**properties, "StopApplication": "true"}).is_success
    assert lab.service.application(properties["ApplicationId"]).state == "STOPPED"
    assert lab.clock.now() - asked_at < 120


def test_the_application_of_the_session_is_stopped_whatever_the_properties_say(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    assert lab.delete(arn, {"StopApplication": "true", "ApplicationId": 7}).is_success
    assert lab.service.application(properties["ApplicationId"]).state == "STOPPED"


def test_the_application_is_stopped_once_anothers_session_has_ended(
    lab: Lab, properties: dict[str, Any]
) -> None:
    properties["StopApplication"] = "true"
    arn = lab.create(properties).physical_id
    other = lab.session(lab.start(properties["ApplicationId"]))
    lab.clock.sleep(START_SECONDS + 1)
    lab.network.before["ListSessions"] = lambda: other.terminate(lab.clock.now())
    assert lab.delete(arn, properties).is_success
    assert lab.service.application(properties["ApplicationId"]).state == "STOPPED"


@pytest.mark.parametrize("operation", ["ListSessions", "GetApplication"])
def test_the_application_is_stopped_though_an_answer_cannot_be_read(
    lab: Lab, properties: dict[str, Any], operation: str
) -> None:
    properties["StopApplication"] = "true"
    arn = lab.create(properties).physical_id
    lab.network.fail(operation, *[Fault(200, "Unreadable")] * 2)
    assert lab.delete(arn, properties).is_success
    assert lab.service.application(properties["ApplicationId"]).state == "STOPPED"


def test_the_application_goes_on_for_others(lab: Lab, properties: dict[str, Any]) -> None:
    arn = lab.create(properties).physical_id
    lab.start(properties["ApplicationId"])
    asked_at = lab.clock.now()
    assert lab.delete(arn, {**properties, "StopApplication": "true"}).is_success
    assert lab.service.application(properties["ApplicationId"]).state == "STARTED"
    assert lab.clock.now() - asked_at < 60, "nobody waits for the others"


def test_the_application_goes_on_where_the_search_for_sessions_has_failed(
    lab: Lab, properties: dict[str, Any]
) -> None:
    properties["StopApplication"] = "true"
    lab.end(owned(lab, properties))
    lab.network.fail("ListSessions", Fault(400, "ValidationException"))
    assert lab.delete(MADE_UP, properties).is_success
    assert not lab.asked("StopApplication")


def test_an_application_that_is_gone_is_not_stopped(lab: Lab, properties: dict[str, Any]) -> None:
    arn = lab.create(properties).physical_id
    lab.network.always["GetApplication"] = NOT_FOUND
    assert lab.delete(arn, {**properties, "StopApplication": "true"}).is_success
    assert not lab.asked("StopApplication")


def test_a_refusal_to_stop_the_application_is_final(lab: Lab, properties: dict[str, Any]) -> None:
    """A job runs there, say."""
    arn = lab.create(properties).physical_id
    lab.network.always["StopApplication"] = Fault(400, "ValidationException")
    asked_at = lab.clock.now()
    assert lab.delete(arn, {**properties, "StopApplication": "true"}).is_success
    assert lab.clock.now() - asked_at < 60
    assert lab.network.count()["StopApplication"] == 1


def test_an_application_that_may_not_be_stopped_fails_nothing(
    lab: Lab, properties: dict[str, Any]
) -> None:
    arn = lab.create(properties).physical_id
    lab.authorizer.denied.add("emr-serverless:StopApplication")
    asked_at = lab.clock.now()
    assert lab.delete(arn, {**properties, "StopApplication": "true"}).is_success
    # IAM isn't late: the session could be started.
    assert lab.clock.now() - asked_at < 60


def test_a_session_that_was_replaced_on_another_application_goes_along_for_good(
    lab: Lab, properties: dict[str, Any]
) -> None:
    """With rollback switched off no clean-up may have come for it."""
    first = lab.create(properties).physical_id
    elsewhere = lab.properties()
    second = lab.update(first, properties, elsewhere).physical_id
    assert lab.delete(second, elsewhere).is_success
    assert lab.live() == []


def test_the_clean_up_of_a_pending_id_ends_what_its_own_create_started(
    lab: Lab, properties: dict[str, Any]
) -> None:
    lab.network.fail("StartSession", LOST, Fault(400, "ValidationException"))
    lab.authorizer.denied.add("emr-serverless:ListSessions")
    pending = lab.create(properties).physical_id
    lab.authorizer.denied.clear()
    held = lab.create({**properties, "Name": "another"}).physical_id
    assert pending.startswith("pending:")
    assert lab.clean_up(pending, properties).is_success
    assert lab.live() == [held]
