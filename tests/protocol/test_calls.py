"""Rule 20, and the pace of rule 4: how often the handler calls, and how soon it answers."""

from collections.abc import Mapping

from testbed.simulation import measures

FEW, MANY = 5, 300
SEARCHING = ("rollback of a replacement", "Delete")


def _without_pages(calls: Mapping[str, int]) -> dict[str, int]:
    return {name: number for name, number in calls.items() if name != "ListSessions"}


def test_calls_do_not_grow_with_the_sessions_of_others() -> None:
    few, many = (measures.calls(foreign, dead=200) for foreign in (FEW, MANY))
    for beside_few, beside_many in zip(few, many, strict=True):
        if beside_few.operation in SEARCHING:  # their searches read more pages, and no more
            assert _without_pages(beside_few.calls) == _without_pages(beside_many.calls)
            assert beside_many.calls["ListSessions"] <= 2 * (1 + MANY // 50)
        else:
            assert beside_few.calls == beside_many.calls


def test_nothing_but_a_rollback_and_a_deletion_searches() -> None:
    searched = [m.operation for m in measures.calls(0, dead=0) if "ListSessions" in m.calls]
    assert tuple(searched) == SEARCHING


def test_the_answer_comes_soon_after_the_session_is_usable() -> None:
    assert measures.answer_delay(100).mean <= 2.0


def test_25_sessions_of_a_stack_live_with_two_looks_a_second() -> None:
    assert [t.failed for t in measures.concurrent_calls(rate=2.0)] == [0] * 5


def test_a_create_starts_one_session_and_calls_nothing_but_looks() -> None:
    create = measures.calls(0, dead=0)[0]
    to_the_service = {k for k in create.calls if not k.startswith(("Describe", "PUT"))}
    assert to_the_service == {"StartSession", "GetSession"}
    assert create.calls["StartSession"] == 1
