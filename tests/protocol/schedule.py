"""The life of a stack: what is asked of it, what goes wrong, and what happens by itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from . import invariants
from .cloudformation import CALM, PAUSE_SECONDS, Conditions
from .faults import Fault
from .world import STOP_SECONDS, World, world

What = Literal[
    "schedule calls",
    "session fails",
    "session ends",
    "start is doomed",
    "application stops",
    "auto-start off",
    "auto-start on",
    "application deleted",
]
LOGICAL_IDS = ("Session", "Second")
ENOUGH_DELETES = 3


@dataclass(frozen=True)
class Declared:
    """A session in a template."""

    name: str = "a"
    tag: str = "1"
    application: int = 0
    waits: bool = True
    stops: bool = False
    kept_alive: bool = False
    check: str = ""
    """What ensure_live_on_deploy puts into the template: it changes with each synth."""

    def properties(self, here: World) -> dict[str, Any]:
        optional = {"KeepAlive": "true" if self.kept_alive else "", "Checked": self.check}
        return here.properties(
            self.application,
            **{name: value for name, value in optional.items() if value},
            Name=self.name,
            Tags={"tag": self.tag},
            WaitUntilReady=str(self.waits).lower(),
            StopApplication=str(self.stops).lower(),
        )


@dataclass(frozen=True)
class Happening:
    """Something that nobody asked for, so many seconds into a step."""

    after: float
    what: What


@dataclass(frozen=True)
class Step:
    """One operation on the stack: to have these sessions; none deletes the stack."""

    sessions: tuple[Declared, ...] = (Declared(),)
    conditions: Conditions = CALM
    faults: tuple[Fault, ...] = ()
    happenings: tuple[Happening, ...] = ()
    list_lag: float = 0.0
    settles: bool = True
    """Everything comes to rest before the next step begins."""


def run(*steps: Step) -> Counter[str]:
    """Live through the steps, checking the invariants at each rest, and delete the stack.

    Gives what was seen: each status, each fault, and each excuse, counted.
    """
    seen: Counter[str] = Counter()
    with world() as here:
        for step in steps:
            seen[_take(here, step)] += 1
            if step.settles:
                seen += _rest(here)
            if here.stack.status in invariants.EMPTY:
                break
        seen += _rest(here)
        seen += _delete_in_calm(here)
        seen["sessions started"] += len(here.service.sessions()) - len(here.bystanders)
        seen.update({f"fault: {kind}": n for kind, n in here.network.struck.items()})
    return seen


def _take(here: World, step: Step) -> str:
    stack = here.stack
    here.agenda.wait(PAUSE_SECONDS)  # nobody deploys in the very moment in which a stack is done
    here.network.expect(*step.faults)
    here.network.list_lag = step.list_lag
    for happening in step.happenings:
        here.agenda.after(happening.after, lambda what=happening.what: _happen(here, what))
    held = {name: invariants.current(here, r.physical_id) for name, r in stack.resources.items()}
    template = dict(zip(LOGICAL_IDS, (s.properties(here) for s in step.sessions), strict=False))
    if stack.status == "(none)":
        stack.create(template, step.conditions)
    elif not template or stack.status.endswith("FAILED"):
        if stack.status == "UPDATE_ROLLBACK_FAILED" and template:
            stack.continue_rollback()
        else:
            stack.delete(step.conditions)
    else:
        stack.update(template, step.conditions)
        if stack.status == "UPDATE_ROLLBACK_COMPLETE":
            invariants.check_rollback(here, held)
    return stack.status


def _rest(here: World) -> Counter[str]:
    here.agenda.run()
    return Counter({"rests": 1}) + invariants.check(here)


def _delete_in_calm(here: World) -> Counter[str]:
    seen: Counter[str] = Counter()
    here.network.expect()
    here.network.list_lag = 0.0
    for _ in range(ENOUGH_DELETES):
        if here.stack.status in (*invariants.EMPTY, "(none)"):
            break
        here.stack.delete()
        seen += _rest(here)
    else:
        raise AssertionError(f"the stack can't be deleted: {here.stack.requests[-1].response}")
    return seen


def _happen(here: World, what: What) -> None:
    if what == "schedule calls":
        here.schedules.call()
        return
    now = here.agenda.now()
    ours = here.live()
    newest = next((s for s in reversed(here.service.sessions()) if s.arn in ours), None)
    application = here.service.application(here.applications[1])
    if what == "session fails" and newest:
        newest.state, newest.state_details, newest.updated_at = "FAILED", "Session failed.", now
        newest.ended_at = now
    elif what == "session ends" and newest:
        newest.terminate(now, "Session reached its idle timeout.")
    elif what == "start is doomed" and newest and newest.state in ("SUBMITTED", "STARTING"):
        newest.failure = "Session failed."
    elif what.startswith("auto-start"):
        application.settings["autoStartConfiguration"] = {"enabled": what == "auto-start on"}
    elif not any(s.application_id == application.application_id for s in _working(here)):
        if what == "application stops" and application.state in ("STARTING", "STARTED"):
            application.stop(now, 10 * STOP_SECONDS)
        elif what == "application deleted" and application.state in ("CREATED", "STOPPED"):
            application.delete(now)


def _working(here: World) -> list[Any]:
    return [s for s in here.service.sessions() if s.state not in ("FAILED", "TERMINATED")]
