"""Update: rules 9 to 13."""

from __future__ import annotations

from typing import Any

import pytest

from session_handler import cleanup, sessions
from session_handler.names import HELD_ARN_TAG, OWNER_TAG_PREFIX, REPLACES_TAG, SPEC_TAG
from session_handler.properties import read_spec
from tests.unit.handler.conftest import OWNER, ROLE, Lab
from tests.unit.handler.network import BROKEN, DENIED, Fault


@pytest.fixture
def old(lab: Lab) -> dict[str, Any]:
    return lab.properties(Tags={"team": "data", "cost": "1"})


def owner_tags(properties: dict[str, Any], **more: str) -> dict[str, str]:
    """The tags of a session that this resource started with these properties."""
    return {**OWNER.tags(read_spec(properties).digest, "0" * 64), **more}


def users(lab: Lab, arn: str) -> dict[str, str]:
    tags = lab.session(arn).tags
    return {k: v for k, v in tags.items() if not k.startswith(OWNER_TAG_PREFIX)}


def test_tags_change_on_the_session_itself_with_one_look(lab: Lab, old: dict[str, Any]) -> None:
    held = lab.create(old).physical_id
    lab.session(held).tags |= {"theirs": "1", "aws:x": "1"}
    lab.network.calls.clear()
    answer = lab.update(held, old, {**old, "Tags": {"team": "search", "new": "1"}})
    assert (answer.is_success, answer.physical_id) == (True, held)
    assert users(lab, held) == {"team": "search", "new": "1", "theirs": "1", "aws:x": "1"}
    assert lab.network.count() == {"GetSession": 1, "TagResource": 1, "UntagResource": 1}


@pytest.mark.parametrize("fault", [DENIED, BROKEN])
def test_tags_are_not_set_for_a_request_that_is_cancelled_meanwhile(
    lab: Lab, old: dict[str, Any], fault: Fault
) -> None:
    """They would come after those that the rollback sets."""
    held = lab.create(old).physical_id
    before = users(lab, held)
    lab.network.always["TagResource"] = fault
    lab.clock.after(
        20, lambda: lab.cloudformation.shows("UPDATE_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", held)
    )
    lab.clock.after(60, lab.network.always.clear)
    answer = lab.update(held, old, {**old, "Tags": {"team": "search", "new": "1"}})
    assert not answer.is_success
    assert "CloudFormation doesn't wait for this request any more" in answer.reason
    assert users(lab, held) == before


def test_a_refused_change_of_tags_looks_for_no_session(lab: Lab, old: dict[str, Any]) -> None:
    """Nothing was to be started."""
    held = lab.create(old).physical_id
    lab.network.always["TagResource"] = Fault(400, "ValidationException")
    assert not lab.update(held, old, {**old, "Tags": {"team": "search"}}).is_success
    assert lab.network.count()["ListSessions"] == 0


@pytest.mark.parametrize("name", ["CheckedForSynthAt", "ServiceTimeout", "StopApplication"])
def test_what_starts_no_session_keeps_a_live_one(lab: Lab, old: dict[str, Any], name: str) -> None:
    held = lab.create(old).physical_id
    answer = lab.update(held, old, {**old, name: "true" if "Stop" in name else "999"})
    assert (answer.is_success, answer.physical_id) == (True, held)
    assert lab.live() == [held]


def test_anything_else_is_a_replacement_that_names_what_it_replaces(
    lab: Lab, old: dict[str, Any]
) -> None:
    held = lab.create(old).physical_id
    answer = lab.update(held, old, {**old, "IdleTimeoutMinutes": "30"})
    assert lab.live() == [held, answer.physical_id]
    assert lab.session(answer.physical_id).tags[REPLACES_TAG] == held


def test_a_session_that_is_over_is_replaced_whatever_changed(lab: Lab, old: dict[str, Any]) -> None:
    held = lab.create(old).physical_id
    lab.end(held)
    answer = lab.update(held, old, {**old, "Tags": {}})
    assert answer.is_success
    assert lab.live() == [answer.physical_id]


def test_a_session_that_ends_while_its_update_looks_is_replaced(
    lab: Lab, old: dict[str, Any]
) -> None:
    held = lab.create({**old, "WaitUntilReady": "false"}).physical_id
    lab.clock.after(20, lambda: lab.session(held).terminate(lab.clock.now()))
    answer = lab.update(held, old, {**old, "Tags": {}})
    assert answer.is_success
    assert lab.live() == [answer.physical_id]


def test_a_session_of_another_resource_is_neither_kept_nor_tagged(
    lab: Lab, old: dict[str, Any]
) -> None:
    other = lab.start(
        old["ApplicationId"], {**owner_tags(old), f"{OWNER_TAG_PREFIX}logical-id": "O"}
    )
    lab.clock.sleep(100)
    answer = lab.update(other, old, {**old, "Tags": {"a": "b"}})
    assert answer.physical_id != other
    assert "a" not in lab.session(other).tags


def test_a_session_that_lost_its_owner_tags_is_kept_when_only_tags_change(
    lab: Lab, old: dict[str, Any]
) -> None:
    held = lab.create(old).physical_id
    lab.session(held).tags.clear()
    assert lab.update(held, old, {**old, "Tags": {"a": "b"}}).physical_id == held


@pytest.mark.parametrize("before", ["old", ["unreadable"]])
def test_a_session_that_lost_its_owner_tags_is_replaced_when_more_may_change(
    lab: Lab, old: dict[str, Any], before: Any
) -> None:
    held = lab.create(old).physical_id
    del lab.session(held).tags[SPEC_TAG]
    answer = lab.update(held, {**old, "Name": before}, old)
    assert answer.is_success
    assert answer.physical_id != held


def test_a_rollback_from_tags_that_cannot_be_read_keeps_the_session(
    lab: Lab, old: dict[str, Any]
) -> None:
    held = lab.create(old).physical_id
    answer = lab.update(held, {**old, "Tags": ["unreadable"]}, old, rollback=True)
    assert (answer.is_success, answer.physical_id) == (True, held)
    assert users(lab, held) == old["Tags"]


def test_a_rollback_comes_back_to_the_very_session_it_left(lab: Lab, old: dict[str, Any]) -> None:
    new = {**old, "Name": "another"}
    first = lab.create(old).physical_id
    second = lab.update(first, old, new).physical_id
    lab.network.calls.clear()
    answer = lab.update(second, new, old, rollback=True)
    assert (answer.is_success, answer.physical_id) == (True, first)
    assert lab.network.count()["StartSession"] == 0


def test_a_rollback_after_a_failed_update_keeps_the_session(lab: Lab, old: dict[str, Any]) -> None:
    held = lab.create(old).physical_id
    answer = lab.update(held, {**old, "Name": "another"}, old, rollback=True)
    assert answer.physical_id == held
    assert len(lab.service.sessions()) == 1


def test_a_rollback_that_the_first_ask_does_not_show_is_asked_for_again(
    lab: Lab, old: dict[str, Any]
) -> None:
    new = {**old, "Name": "another"}
    first = lab.create(old).physical_id
    second = lab.update(first, old, new).physical_id
    began = lab.clock.now()
    lab.clock.after(
        3,
        lambda: lab.cloudformation.shows(
            "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS", since=began
        ),
    )
    assert lab.update(second, new, old).physical_id == first


def test_an_update_to_the_former_properties_is_no_rollback(lab: Lab, old: dict[str, Any]) -> None:
    """Its clean-up ends the session that the stack holds by then: it can't come back to it."""
    new = {**old, "Name": "another"}
    first = lab.create(old).physical_id
    second = lab.update(first, old, new).physical_id
    answer = lab.update(second, new, old)
    assert answer.is_success
    assert answer.physical_id not in (first, second)


@pytest.mark.parametrize("forged", ["created_by", "execution role"])
def test_a_rollback_adopts_no_session_that_somebody_else_made(
    lab: Lab, old: dict[str, Any], forged: str
) -> None:
    new = {**old, "Name": "another"}
    role = f"{ROLE}-of-somebody" if forged == "execution role" else ROLE
    copy = lab.start(old["ApplicationId"], owner_tags(old), executionRoleArn=role)
    if forged == "created_by":
        lab.session(copy).created_by = "arn:aws:sts::123456789012:assumed-role/x/the-function"
    given = lab.start(old["ApplicationId"], owner_tags(new, **{REPLACES_TAG: copy}))
    lab.clock.sleep(100)
    answer = lab.update(given, new, old, rollback=True)
    assert answer.is_success
    assert answer.physical_id not in (copy, given)


def test_a_rollback_takes_the_successor_of_the_session_it_left(
    lab: Lab, old: dict[str, Any]
) -> None:
    old["KeepAlive"] = "true"
    new = {**old, "Name": "another"}
    first = lab.create(old).physical_id
    successor = lab.start(old["ApplicationId"], owner_tags(old, **{HELD_ARN_TAG: first}))
    second = lab.update(first, old, new).physical_id
    lab.end(first)
    answer = lab.update(second, new, old, rollback=True)
    assert answer.physical_id == successor
    assert HELD_ARN_TAG not in lab.session(successor).tags


def test_an_update_takes_the_successor_of_a_session_that_is_over(
    lab: Lab, old: dict[str, Any]
) -> None:
    old["KeepAlive"] = "true"
    first = lab.create(old).physical_id
    lab.end(first)
    successor = lab.start(old["ApplicationId"], owner_tags(old, **{HELD_ARN_TAG: first}))
    answer = lab.update(first, old, {**old, "Tags": {}})
    assert answer.physical_id == successor
    assert HELD_ARN_TAG not in lab.session(successor).tags


@pytest.mark.parametrize("beyond", [{"Tags": {"k": "v" * 257}}, {"IdleTimeoutMinutes": "1000001"}])
def test_an_update_that_is_refused_answers_with_the_old_id(
    lab: Lab, old: dict[str, Any], beyond: dict[str, Any]
) -> None:
    held = lab.create(old).physical_id
    answer = lab.update(held, old, {**old, **beyond})
    assert (answer.is_success, answer.physical_id) == (False, held)
    assert lab.live() == [held]


def test_a_clean_up_that_never_came_is_made_good_by_the_next_update(
    lab: Lab, old: dict[str, Any]
) -> None:
    new = {**old, "Name": "another"}
    first = lab.create(old).physical_id
    second = lab.update(first, old, new).physical_id
    lab.clock.after(30, lambda: lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE"))
    answer = lab.update(second, new, {**new, "Tags": {"a": "b"}})
    assert answer.physical_id == second
    assert lab.live() == [second]


def test_what_was_replaced_stays_while_a_rollback_may_come_back_to_it(
    lab: Lab, old: dict[str, Any]
) -> None:
    new = {**old, "Name": "another"}
    first = lab.create(old).physical_id
    second = lab.update(first, old, new).physical_id
    failed = "UPDATE_ROLLBACK_FAILED"
    lab.clock.after(30, lambda: lab.cloudformation.shows("UPDATE_COMPLETE", failed))
    lab.update(second, new, {**new, "Tags": {"a": "b"}})
    assert lab.live() == [first, second]


def test_all_that_no_clean_up_came_for_ends_with_the_next_update(
    lab: Lab, old: dict[str, Any]
) -> None:
    first = lab.create(old).physical_id
    second = lab.update(first, old, {**old, "Name": "b"}).physical_id
    third = lab.update(second, {**old, "Name": "b"}, {**old, "Name": "c"}).physical_id
    assert lab.live() == [first, second, third]
    lab.clock.after(30, lambda: lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE"))
    lab.update(third, {**old, "Name": "c"}, {**old, "Name": "c", "Tags": {"a": "b"}})
    assert lab.live() == [third]


def test_a_rollback_ends_what_a_dead_invocation_left_once_the_resource_is_at_rest(
    lab: Lab, old: dict[str, Any]
) -> None:
    new = {**old, "Name": "another"}
    held = lab.create(old).physical_id
    lab.start(old["ApplicationId"], owner_tags(new))
    answer = lab.update(held, new, old, rollback=True)
    assert answer.physical_id == held
    assert lab.live() == [held]
    ended = next(at for at, name in lab.network.calls if name == "TerminateSession")
    assert ended > answer.at


def test_a_rollback_ends_what_is_left_where_the_given_session_is_gone(
    lab: Lab, old: dict[str, Any]
) -> None:
    new = {**old, "Name": "another"}
    gone = lab.create(old).physical_id.replace("golden", "silver")
    lab.start(old["ApplicationId"], owner_tags(new))
    answer = lab.update(gone, new, old, rollback=True)
    assert lab.live() == [answer.physical_id]


def test_a_failed_update_ends_its_session_though_it_may_not_look_at_it(
    lab: Lab, old: dict[str, Any]
) -> None:
    held = lab.create(old).physical_id
    lab.network.before["StartSession"] = lambda: lab.network.always.update(GetSession=BROKEN)
    assert not lab.update(held, old, {**old, "Name": "another"}).is_success
    assert lab.live() == [held]


def test_an_update_ends_the_three_sessions_that_one_another_have_replaced(
    lab: Lab, old: dict[str, Any]
) -> None:
    """With rollback switched off no clean-up came after any of these updates."""
    lab.create(old)
    held = lab.live()[0]
    for _ in range(3):
        held = lab.start(old["ApplicationId"], owner_tags(old, **{REPLACES_TAG: held}))
    lab.clock.sleep(90)

    def completes() -> None:
        lab.cloudformation.shows("UPDATE_COMPLETE", "UPDATE_COMPLETE", held)

    lab.clock.after(30, completes)
    assert lab.update(held, old, {**old, "Tags": {"a": "b"}}).is_success
    assert lab.live() == [held]


def test_a_rollback_succeeds_when_its_search_takes_too_long(
    lab: Lab, old: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the list it sees one page."""
    monkeypatch.setattr(cleanup, "_SEARCH_SECONDS", 0.0)
    held = lab.create(old).physical_id
    whole = sessions.page

    def paged(application_id: str, states: Any, token: str | None = None) -> sessions.Page:
        del token  # the first page again and again
        return whole(application_id, states)._replace(next_token="more")

    monkeypatch.setattr(sessions, "page", paged)
    assert lab.update(held, {**old, "Name": "another"}, old, rollback=True).is_success
    (answered,) = [line for line in lab.logged()[-2:] if line["event"] == "answered"]
    assert "no time" in answered["searchNotFinished"]


@pytest.mark.parametrize("fault", [DENIED, BROKEN])
def test_a_search_that_does_not_finish_fails_no_rollback(
    lab: Lab, old: dict[str, Any], fault: Any
) -> None:
    held = lab.create(old).physical_id
    lab.network.always["ListSessions"] = fault
    answer = lab.update(held, {**old, "Name": "another"}, old, rollback=True)
    assert (answer.is_success, answer.physical_id) == (True, held)
