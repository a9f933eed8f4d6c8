"""The simulator excuses what the documentation says, and nothing else."""

from dataclasses import replace
from pathlib import Path

from testbed.simulation.choices import PlannedChoices
from testbed.simulation.invariants import Left
from testbed.simulation.schedule import (
    Create,
    Operation,
    ScheduledCall,
    Session,
    SessionEnds,
    Update,
    Wait,
    run,
)

PAGE = Path(__file__).parents[2] / "docs" / "what-can-be-left.md"


def test_the_rows_of_the_page_are_the_excuses_of_the_simulator() -> None:
    _, _, table = PAGE.read_text().partition("| What happens |")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.split("\n\n")[0].split("\n")]
    assert rows[2:] == [left.value for left in Left]


def test_what_is_listed_late_on_another_application_is_left() -> None:
    """The update was cancelled as it started the session, and the deletion looks elsewhere."""
    late = {"seldom list lag 0": "45", "Update.2 StartSession 0": "closed after"}
    schedule: list[Operation] = [
        Create((Session("a"),)),
        Update((Session("a", application=1),), 1.0),
    ]
    seen = run(schedule, PlannedChoices(late))
    assert seen[f"left: {Left.NOT_LISTED}"] > 0


def test_what_is_listed_late_is_left_if_its_resource_goes_before_the_stack() -> None:
    """The answer to StartSession can't be read, and the clean-up's Delete searches too early."""
    late = {
        "seldom list lag 0": "45",
        "Create.1 StartSession 0": "refused",
        "Create.2 StartSession 0": "unreadable",
    }
    schedule: list[Operation] = [
        Create((None, None)),
        Update((Session("a"), Session("b"))),
    ]
    seen = run(schedule, PlannedChoices(late))
    assert seen[f"left: {Left.NOT_LISTED}"] == 2, "before the stack's deletion, and after it"


def test_a_successor_is_left_where_the_end_of_an_update_is_not_seen() -> None:
    """Rollback is off, and the update that follows the failed one takes longer than a function."""
    slow = {"world cleans up later 0": "no", "service fate 3": "very slow"}
    kept = Session("a", kept_alive=True)
    schedule: list[Operation] = [
        Create((kept,)),
        SessionEnds(30.0, "Session"),
        ScheduledCall(30.0, "Session"),
        Wait(300.0),
        Update((replace(kept, application=1),), 41.6, rollback=False),
        Update((replace(kept, tag="2"),)),
    ]
    seen = run(schedule, PlannedChoices(slow))
    assert seen["left until the next update of the session: no end of the last one seen"] == 1


def test_what_a_cancelled_update_starts_is_left_if_a_death_made_it_late() -> None:
    """It takes the rollback, which takes longer than a function, for its own."""
    slow = {"service fate 3": "very slow"}
    deaths = {"Update.3 DescribeStacks 1": "killed", "Update.4 GetSession 1": "killed"}
    there = Session("b", application=1, kept_alive=True)
    schedule: list[Operation] = [
        Create((there, Session("b"), None)),
        SessionEnds(30.0, "Session"),
        Update((replace(there, application=0), None, None), 42.9),
    ]
    seen = run(schedule, PlannedChoices(slow | deaths))
    assert seen["left: until the deletion: the next update outlived a late one's function"] == 1
