"""A calm world to each test, whose invariants are checked at its end."""

from collections.abc import Iterator

import pytest

from testbed.simulation import lab as laboratory
from testbed.simulation.world import World


@pytest.fixture
def lab() -> Iterator[World]:
    with laboratory.lab() as here:
        yield here
