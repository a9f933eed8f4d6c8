"""Random operations and faults: nothing is left running, and nothing hangs.

Hypothesis drives one world at a time, operation by operation, with the real handler.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from testbed.simulation.choices import ExpectedFaults, Fault
from testbed.simulation.network import FAULTS
from testbed.simulation.schedule import (
    ContinueRollback,
    CopyTags,
    Create,
    Delete,
    ScheduledCall,
    Session,
    SessionEnds,
    StopApplication,
    Update,
    delete_in_calm,
    rest,
    step,
)
from testbed.simulation.world import LOGICAL_IDS, World, world

EXAMPLES = int(os.environ.get("EXAMPLES", "150"))
STEPS = 12

sessions = st.builds(
    Session,
    name=st.sampled_from("ab"),
    tag=st.sampled_from("12"),
    retained=st.sampled_from([False, False, True]),
    application=st.sampled_from([0, 0, 1]),
    stops=st.booleans(),
    kept_alive=st.booleans(),
)
templates = st.lists(sessions, min_size=1, max_size=2).map(tuple)
moments = st.sampled_from([None, None, None, 0.5, 3.0, 10.0, 45.0, 61.0, 75.0])
names = st.sampled_from(LOGICAL_IDS[:2])
faults = st.builds(
    lambda what, skip, times: Fault(what[0], what[1], skip, times),
    st.sampled_from([(op, kind) for op, kinds in FAULTS.items() for kind in kinds[1:]]),
    st.integers(0, 5),
    st.sampled_from([1, 2, 3]),
)
worlds = st.fixed_dictionaries(
    {},
    optional={
        "world list lag": st.sampled_from(["5", "20"]),
        "world get lag": st.sampled_from(["3", "8"]),
        "seldom token memory": st.sampled_from(["600"]),
        "world service clock ahead": st.sampled_from(["4", "-4"]),
        "world takes failed ids": st.just("no"),
        "world shows made-up ids": st.just("no"),
        "world rollback deletes": st.just("both"),
        "world cleans up later": st.just("no"),
        "world refuses replacement": st.just("no"),
        "world forgets removed": st.just("yes"),
        "delivery of Create.1": st.sampled_from(["late 45", "again 30", "again 400"]),
        "delivery of Update.2": st.sampled_from(["late 45", "late 200", "again 400"]),
        "delivery of Update.3": st.sampled_from(["late 45", "late 200", "again 30"]),
        "service fate": st.sampled_from(["slow", "quick"]),
    },
)


class Life(RuleBasedStateMachine):
    """The life of a stack with up to two sessions."""

    def __init__(self) -> None:
        super().__init__()
        self._undo = ExitStack()
        self.here: World | None = None

    @initialize(plan=worlds, first=templates, fails=moments, met=st.lists(faults, max_size=1))
    def create(
        self,
        plan: dict[str, str],
        first: tuple[Session, ...],
        fails: float | None,
        met: list[Fault],
    ) -> None:
        self.choices = ExpectedFaults(world=plan)
        self.here = self._undo.enter_context(world(self.choices))
        self.choices.expect(*met)
        self._do(Create(first, fails))

    def _do(self, operation: object) -> None:
        assert self.here is not None
        step(self.here, operation)  # type: ignore[arg-type]

    @rule(wanted=templates, fails=moments, rollback=st.sampled_from([True, True, True, False]))
    def update(self, wanted: tuple[Session, ...], fails: float | None, rollback: bool) -> None:
        self._do(Update(wanted, fails, rollback))

    @rule(met=st.lists(faults, min_size=1, max_size=2))
    def goes_wrong(self, met: list[Fault]) -> None:
        self.choices.expect(*met)

    @rule()
    def rests(self) -> None:
        assert self.here is not None
        rest(self.here)

    @rule(name=names, after=st.sampled_from([0.0, 3.0, 30.0, 65.0]), newest=st.booleans())
    def session_ends(self, name: str, after: float, newest: bool) -> None:
        self._do(SessionEnds(after, name, newest))

    @rule(name=names, after=st.sampled_from([0.0, 2.0, 30.0, 70.0]))
    def schedule_calls(self, name: str, after: float) -> None:
        self._do(ScheduledCall(after, name))

    @rule(name=names, successor=st.booleans())
    def somebody_copies_tags(self, name: str, successor: bool) -> None:
        self._do(CopyTags(name, successor))

    @rule()
    def application_stops(self) -> None:
        self._do(StopApplication())

    @rule(skip=st.booleans())
    @precondition(lambda self: self.here and self.here.stack.status == "UPDATE_ROLLBACK_FAILED")
    def continue_rollback(self, skip: bool) -> None:
        self._do(ContinueRollback(skip))

    @rule()
    @precondition(lambda self: self.here and str(self.here.stack.status).endswith("FAILED"))
    def delete(self) -> None:
        self._do(Delete())

    @invariant()
    def nothing_is_broken_on_the_way(self) -> None:
        assert self.here is None or self.here.broken == []

    def teardown(self) -> None:
        try:
            if self.here is not None:
                rest(self.here)
                delete_in_calm(self.here)
        finally:
            self._undo.close()


def test_no_session_leaks_and_no_stack_hangs() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=False,
        ),
    )
