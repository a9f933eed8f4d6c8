"""The simulator excuses what the documentation says, and nothing else."""

from pathlib import Path

from testbed.simulation.invariants import Left

PAGE = Path(__file__).parents[2] / "docs" / "what-can-be-left.md"


def test_the_rows_of_the_page_are_the_excuses_of_the_simulator() -> None:
    _, _, table = PAGE.read_text().partition("| What happens |")
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.split("\n\n")[0].split("\n")]
    assert rows[2:] == [left.value for left in Left]
