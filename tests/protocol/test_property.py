"""Whatever is asked of a stack and whatever goes wrong: no session leaks, no stack hangs."""

import os

from hypothesis import HealthCheck, given, settings

from .schedule import Step, run
from .strategies import schedules

SCHEDULES = int(os.environ.get("SCHEDULES", "200"))


@settings(
    max_examples=SCHEDULES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)
@given(schedules)
def test_no_session_leaks_and_no_stack_hangs(steps: list[Step]) -> None:
    run(*steps)
