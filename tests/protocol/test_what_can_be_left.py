"""The simulator excuses what the documentation says, and nothing else."""

from pathlib import Path

from testbed.simulation.choices import PlannedChoices
from testbed.simulation.invariants import Left
from testbed.simulation.schedule import Create, Operation, Session, Update, run

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
