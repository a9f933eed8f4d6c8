"""Rules 6 to 8: whether a request is still wanted, and what happens where it isn't."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from session_handler.names import REPLACES_TAG
from tests.unit.handler.conftest import OWNER, START_SECONDS, Lab
from tests.unit.handler.network import BROKEN, DENIED, Fault

ROLLS_BACK = "UPDATE_ROLLBACK_IN_PROGRESS"
OTHER = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00a1/sessions/00other"


def shows(lab: Lab, status: str, stack: str, physical_id: str | None = None) -> Callable[[], None]:
    return lambda: lab.cloudformation.shows(status, stack, physical_id)


@pytest.mark.parametrize(
    ("status", "stack", "physical_id"),
    [
        ("CREATE_FAILED", "ROLLBACK_IN_PROGRESS", None),
        ("CREATE_FAILED", ROLLS_BACK, None),
        ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", None),
        ("DELETE_IN_PROGRESS", ROLLS_BACK, "made-up"),
        ("CREATE_FAILED", "CREATE_IN_PROGRESS", None),
        ("CREATE_FAILED", "CREATE_FAILED", None),
        ("CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", None),
        ("CREATE_COMPLETE", "UPDATE_IN_PROGRESS", OTHER),
        ("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", OTHER),
    ],
)
def test_a_create_that_is_cancelled_while_it_waits_ends_its_session(
    lab: Lab, status: str, stack: str, physical_id: str | None
) -> None:
    lab.clock.after(30, shows(lab, status, stack, physical_id))
    answer = lab.create(lab.properties())
    assert not answer.is_success
    assert "CloudFormation doesn't wait for this request any more" in answer.reason
    assert lab.live() == []
    assert lab.clock.now() - lab.service.sessions()[0].created_at < START_SECONDS


def test_a_create_that_is_over_before_it_starts_starts_nothing(lab: Lab) -> None:
    event = lab.request("Create", lab.properties())
    lab.cloudformation.shows("CREATE_COMPLETE", "CREATE_COMPLETE", OTHER)
    assert not lab.deliver(event).is_success
    assert lab.service.sessions() == []


def test_a_create_of_a_resource_that_is_gone_starts_nothing(lab: Lab) -> None:
    lab.cloudformation.is_gone = True
    assert not lab.create(lab.properties()).is_success
    assert lab.service.sessions() == []


def test_evidence_that_is_seen_only_once_counts_for_nothing(lab: Lab) -> None:
    """A read may be seconds old."""
    lab.cloudformation.shows("CREATE_COMPLETE", "CREATE_COMPLETE", OTHER)
    event, began = lab.request("Create", lab.properties()), lab.clock.now()
    in_progress = partial(lab.cloudformation.shows, "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS")
    lab.clock.after(5, partial(in_progress, None, since=began))
    assert lab.deliver(event).is_success


def test_an_old_read_is_no_evidence_though_the_clocks_are_a_second_apart(lab: Lab) -> None:
    lab.cloudformation.shows("CREATE_COMPLETE", "CREATE_COMPLETE", OTHER)
    event, ahead = lab.request("Create", lab.properties()), lab.clock.now() + 1.5
    in_progress = partial(lab.cloudformation.shows, "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS")
    lab.clock.after(5, partial(in_progress, None, since=ahead))
    assert lab.deliver(event).is_success


@pytest.mark.parametrize("denied", [{"Stacks"}, {"StackResource"}, {"Stacks", "StackResource"}])
def test_without_an_answer_of_cloudformations_the_request_goes_on(
    lab: Lab, denied: set[str]
) -> None:
    lab.cloudformation.denied = denied
    assert lab.create(lab.properties()).is_success


@pytest.mark.parametrize(
    "refusal",
    [
        (400, "ValidationError", "Stack name is too long"),
        (403, "AccessDenied", "The role does not exist"),
    ],
)
def test_only_one_refusal_says_that_the_resource_is_gone(
    lab: Lab, refusal: tuple[int, str, str]
) -> None:
    lab.cloudformation.denied = {"Stacks", "StackResource"}
    lab.cloudformation.refusal = refusal
    assert lab.create(lab.properties()).is_success


def test_a_cancelled_request_ends_nothing_where_cloudformation_does_not_say_what_it_holds(
    lab: Lab,
) -> None:
    """The Delete that follows does."""

    lab.clock.after(30, shows(lab, "CREATE_FAILED", "ROLLBACK_IN_PROGRESS"))

    def refuse() -> None:
        lab.cloudformation.refuses = 1000 if lab.cloudformation.status == "CREATE_FAILED" else 0

    lab.network.before["GetSession"] = refuse
    answer = lab.create(lab.properties())
    assert not answer.is_success
    assert lab.live() == [answer.physical_id]


@pytest.mark.parametrize("fault", [BROKEN, DENIED])
def test_a_cancelled_request_says_what_it_could_not_end(lab: Lab, fault: Fault) -> None:
    lab.clock.after(30, shows(lab, "CREATE_FAILED", "ROLLBACK_IN_PROGRESS"))
    lab.network.always["TerminateSession"] = fault
    answer = lab.create(lab.properties())
    assert (
        f"could not be ended: {answer.physical_id}: TerminateSession: {fault.code}" in answer.reason
    )
    assert "aws emr-serverless terminate-session" in answer.reason


@pytest.mark.parametrize("fault", [BROKEN, DENIED])
def test_a_request_that_fails_for_another_reason_says_what_it_could_not_end(
    lab: Lab, fault: Fault
) -> None:
    lab.service.start_seconds = 7200
    lab.network.always["TerminateSession"] = fault
    answer = lab.create(lab.properties())
    assert "was given up" in answer.reason
    assert f"could not be ended: {answer.physical_id}: TerminateSession: {fault.code}" in (
        answer.reason
    )


def test_it_says_that_cloudformation_does_not_say_what_the_stack_holds(lab: Lab) -> None:
    lab.service.start_seconds = 7200
    lab.cloudformation.refuses = 1000
    answer = lab.create(lab.properties())
    assert f"{answer.physical_id}: CloudFormation doesn't say whether the stack holds it" in (
        answer.reason
    )
    assert "describe_stack_resource: " in lab.logged()[-1]["cloudFormation"]


def test_a_session_that_can_not_end_while_it_starts_is_ended_as_soon_as_it_can(lab: Lab) -> None:
    lab.clock.after(30, shows(lab, "CREATE_FAILED", "ROLLBACK_IN_PROGRESS"))
    starting = Fault(400, "ValidationException", "The session can't be terminated in STARTING.")
    lab.network.fail("TerminateSession", *[starting] * 3)
    assert "could not be ended" not in lab.create(lab.properties()).reason
    assert lab.live() == []


def test_a_delivery_that_comes_late_spares_the_session_that_the_stack_holds(lab: Lab) -> None:
    """The same request was answered by an earlier delivery, with the same token."""
    properties = lab.properties()
    event = lab.request("Create", properties)
    lab.cloudformation.begins("Create")
    held = lab.deliver(event).physical_id
    lab.cloudformation.shows("CREATE_COMPLETE", "CREATE_COMPLETE", held)
    answer = lab.deliver(event)
    assert not answer.is_success
    assert f"could not be ended: {held}: the stack holds it" in answer.reason
    assert lab.live() == [held]


def test_an_update_that_is_cancelled_ends_its_own_session_and_answers_with_the_old_id(
    lab: Lab,
) -> None:
    old = lab.properties()
    held = lab.create(old).physical_id
    lab.clock.after(30, lambda: lab.cloudformation.shows("UPDATE_FAILED", ROLLS_BACK))
    answer = lab.update(held, old, {**old, "Name": "another"})
    assert (answer.is_success, answer.physical_id) == (False, held)
    assert lab.live() == [held]
    assert len(lab.service.sessions()) == 2


@pytest.mark.parametrize("seconds_ahead", [0.0, 1.5, 4.0])
def test_the_rollbacks_own_update_is_not_cancelled_by_the_rollback(
    lab: Lab, seconds_ahead: float
) -> None:
    """CloudFormation's clock isn't Lambda's."""
    old = lab.properties()
    held = lab.create(old).physical_id
    lab.end(held)
    new = {**old, "Name": "another"}
    event = lab.request("Update", old, held, OldResourceProperties=new)
    since = lab.clock.now() + seconds_ahead
    lab.cloudformation.shows("UPDATE_IN_PROGRESS", ROLLS_BACK, since=since)
    assert lab.deliver(event).is_success


def test_an_answer_of_cloudformation_without_content_is_no_evidence(lab: Lab) -> None:
    lab.cloudformation.says_nothing = True
    answer = lab.create(lab.properties())
    assert answer.is_success
    assert lab.live() == [answer.physical_id]


def test_a_session_is_spared_that_the_held_one_replaces(lab: Lab) -> None:
    """The rollback may be on its way back to it."""
    old = lab.properties()
    first = lab.create(old).physical_id
    event = lab.request("Update", {**old, "Name": "x"}, first, OldResourceProperties=old)
    lab.cloudformation.begins("Update")
    second = lab.deliver(event).physical_id
    tags = {**OWNER.tags("spec", "token"), REPLACES_TAG: second}
    third = lab.start(old["ApplicationId"], tags)
    lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE", third)
    assert not lab.deliver(event).is_success
    assert second in lab.live()


def test_after_success_a_session_ends_that_cloudformation_never_takes_over(lab: Lab) -> None:
    old = lab.properties()
    held = lab.create(old).physical_id
    lab.cloudformation.listens = False

    def cancel() -> None:
        lab.cloudformation.shows("UPDATE_FAILED", "UPDATE_FAILED", held)

    lab.network.before["GetSession"] = lambda: (
        lab.clock.after(0.5, cancel)
        if (lab.service.sessions()[-1].state == "STARTED" and len(lab.live()) == 2)
        else None
    )
    answer = lab.update(held, old, {**old, "Name": "another"})
    assert answer.is_success
    assert lab.live() == [held]


def test_after_success_a_session_ends_whose_resource_is_created_anew_at_once(lab: Lab) -> None:
    """It was cancelled while it answered, with rollback off: nothing retains the session."""
    lab.cloudformation.listens = False

    def anew() -> None:
        now = lab.clock.now()
        lab.cloudformation.shows("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS", None, since=now)

    lab.network.before["GetSession"] = lambda: (
        lab.clock.after(3, anew) if lab.service.sessions()[-1].state == "STARTED" else None
    )
    answer = lab.create(lab.properties())
    assert answer.is_success
    assert lab.live() == []


def test_after_success_it_looks_on_only_until_cloudformation_shows_the_session(lab: Lab) -> None:
    answer = lab.create(lab.properties())
    assert lab.clock.now() - answer.at <= 5


def test_without_a_route_to_cloudformation_the_pause_after_usable_stays_short(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDFORMATION", "http://127.0.0.1:9")
    answer = lab.create(lab.properties())
    assert answer.is_success
    assert answer.at - lab.service.sessions()[0].created_at < START_SECONDS + 7


def test_a_clock_of_cloudformation_that_is_seconds_ahead_is_no_other_create(lab: Lab) -> None:
    event = lab.request("Create", lab.properties())
    lab.cloudformation.begins("Create")
    lab.cloudformation.changed_at += 4
    # So it is seen for the first time when it is past, and nothing tells of the clock.
    lab.cloudformation.refuses = 2
    assert lab.deliver(event).is_success
