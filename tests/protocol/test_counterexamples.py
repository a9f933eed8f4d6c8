"""Schedules that once broke an invariant, each made as small as it goes."""

import pytest

from .cloudformation import Conditions
from .faults import Fault
from .schedule import Declared, Happening, Step, run

FOUND = {
    "the second delivery of a create is refused": (
        Step(
            conditions=Conditions(deliveries=((0, 3),)),
            faults=(Fault("StartSession", "refused", skip=1),),
        ),
    ),
    "the pending id of a failed update is cleaned up": (
        Step(),
        Step(
            sessions=(Declared(application=1),),
            conditions=Conditions(failed_update_moves=True),
            faults=(Fault("StartSession", "error", times=99),),
        ),
    ),
    "a rollback comes before the list shows what it was to return to": (
        Step(sessions=(Declared(waits=False), Declared(waits=False))),
        Step(
            sessions=(Declared(application=1, waits=False),),
            conditions=Conditions(other_fails_after=0.5),
            list_lag=5,
        ),
    ),
    "a cancelled update completes beside its rollback, which had to start a session": (
        Step(sessions=(Declared(name="b"),)),
        Step(happenings=(Happening(1, "session fails"),)),
        Step(sessions=(Declared(name="b"),), happenings=(Happening(0, "session fails"),)),
        Step(conditions=Conditions(other_fails_after=0.5)),
    ),
    "an update is cancelled in the moment in which it starts its session": (
        Step(),
        Step(
            sessions=(Declared(application=1),),
            conditions=Conditions(other_fails_after=0.5),
            faults=(Fault("StartSession", "throttled"),),
        ),
    ),
    "an update is delivered after its own rollback, which had to start a session": (
        Step(
            sessions=(Declared(waits=False), Declared()),
            faults=(Fault("StartSession", "denied"),),
            happenings=(Happening(1, "session fails"),),
        ),
        Step(
            sessions=(Declared(), Declared()),
            conditions=Conditions(other_fails_after=0.5, deliveries=((2,),)),
            list_lag=5,
        ),
    ),
    "an update is delivered again after a later one has replaced the session": (
        Step(),
        Step(
            sessions=(Declared(application=1), Declared()),
            conditions=Conditions(other_fails_after=0.5, deliveries=((0,), (0,), (0, 300))),
            settles=False,
        ),
        Step(sessions=(Declared(application=1),)),
    ),
    "a create is cancelled in the moment in which an earlier one's session has ended": (
        Step(),
        Step(
            sessions=(Declared(), Declared()),
            conditions=Conditions(other_fails_after=0.5),
            happenings=(Happening(0, "auto-start off"),),
        ),
        Step(sessions=(Declared(), Declared(application=1))),
        Step(sessions=(Declared(application=1), Declared()), list_lag=5),
    ),
    "an update that was overtaken ends what a rollback is to return to": (
        Step(sessions=(Declared(kept_alive=True), Declared())),
        Step(sessions=(Declared(application=1),), happenings=(Happening(1, "session fails"),)),
        Step(
            sessions=(Declared(), Declared(application=1)),
            conditions=Conditions(deliveries=((0,), (0, 300))),
            faults=(Fault("StartSession", "denied"), Fault("GetSession", "throttled", times=99)),
            happenings=(Happening(0, "session fails"),),
        ),
        Step(conditions=Conditions(other_fails_after=0.5)),
    ),
    "a rollback can't end what its update has started, and the stack is deleted": (
        Step(),
        Step(
            sessions=(Declared(application=1), Declared()),
            conditions=Conditions(other_fails_after=0.5),
            faults=(Fault("TerminateSession", "denied", times=8),),
        ),
    ),
    "the first attempt at a start is lost, the second refused": (
        Step(
            faults=(
                Fault("StartSession", "dropped", acted=True),
                Fault("StartSession", "refused", skip=1, times=99),
            ),
        ),
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_once_holds_now(name: str) -> None:
    run(*FOUND[name])
