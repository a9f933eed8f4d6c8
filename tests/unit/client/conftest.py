"""An account whose clock stands still until a test, or a wait, moves it."""

from collections.abc import Iterator

import pytest

from emr_serverless_local.sessions import SessionService

from .account import Account, TestClock, account


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def aws(clock: TestClock) -> Iterator[Account]:
    with account(SessionService(clock=clock, start_seconds=90, stop_seconds=30)) as made:
        yield made
