"""What is kept, adopted, ended and tagged: decisions without a call."""

from collections.abc import Iterable

import pytest

from session_handler.decision import Session, strays, tag_changes, to_continue_with
from session_handler.identity import SPEC_TAG, SessionArn

PREFIX = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00a1/sessions/"


def session(
    name: str, state: str = "STARTED", spec: str | None = "wanted", created_at: float = 0
) -> Session:
    arn = SessionArn.parse(PREFIX + name)
    assert arn is not None
    return Session(arn, state, tags={SPEC_TAG: spec} if spec else {}, created_at=created_at)


def chosen(held: Session | None, owned: Iterable[Session], *, tags_only: bool = False) -> str:
    found = to_continue_with(held, lambda: owned, "wanted", only_tags_changed=tags_only)
    return found.arn.session_id if found else "none"


def test_the_held_session_is_kept_where_it_is_what_is_wanted() -> None:
    assert chosen(session("held"), [session("newer", created_at=9)]) == "held"


def test_the_newest_session_with_the_wanted_spec_is_adopted() -> None:
    others = [session("old", created_at=1), session("new", created_at=2)]
    assert chosen(session("held", spec="other"), others) == "new"


@pytest.mark.parametrize("state", ["FAILED", "TERMINATING", "TERMINATED"])
def test_what_is_not_live_is_neither_kept_nor_adopted(state: str) -> None:
    assert chosen(session("held", state), [session("other", state)]) == "none"


def test_a_session_whose_owner_tag_was_removed_is_kept_when_only_tags_change() -> None:
    assert chosen(session("held", spec=None), [], tags_only=True) == "held"
    assert chosen(session("held", spec=None), []) == "none"


def test_strays_are_live_unknown_and_older_than_the_update() -> None:
    owned = [
        *(session("previous"), session("current"), session("stray")),
        *(session("over", "TERMINATED"), session("younger", created_at=9)),
    ]
    found = strays(owned, PREFIX + "previous", PREFIX + "current", began_at=5)
    assert [s.arn.session_id for s in found] == ["stray"]


def test_tags_change_by_what_is_different() -> None:
    changes = tag_changes(
        actual={"same": "1", "changed": "1", "gone": "1", "theirs": "1"},
        wanted={"same": "1", "changed": "2", "new": "1"},
        before={"same": "1", "changed": "1", "gone": "1", "long-gone": "1"},
    )
    assert changes.to_set == {"changed": "2", "new": "1"}
    assert changes.to_remove == ["gone"]


def test_owner_tags_and_those_of_aws_are_never_removed() -> None:
    reserved = {"emr-serverless-session:spec": "1", "aws:x": "1", "AWS:y": "1"}
    assert tag_changes(actual=reserved, wanted={}, before=reserved).to_remove == []
