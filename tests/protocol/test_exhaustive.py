"""The small world, explored exhaustively: every moment of failure, and single deviations.

``python -m tests.protocol.exhaust`` goes through all of them, and through pairs.
"""

from testbed.simulation.explore import Exploration, explore, scenarios

# The scenarios of which the suite goes through every single deviation.
CHOSEN = ("replace fails 62",)


def _clean(found: Exploration) -> None:
    assert found.broken == []
    assert found.finished


def test_every_scenario_without_a_deviation_leaves_nothing() -> None:
    _clean(explore(scenarios(), 0))


def test_some_scenarios_with_every_single_deviation_leave_nothing() -> None:
    _clean(explore(CHOSEN, 1))
