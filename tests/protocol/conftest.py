"""A world to each test, whose invariants are checked at its end."""

from collections.abc import Iterator

import pytest

from testbed.searched_log import search

from . import invariants
from .world import World, world


@pytest.fixture
def lab() -> Iterator[World]:
    with world() as here:
        yield here
        here.agenda.run()
        invariants.check(here)
    search(here.log.getvalue())
