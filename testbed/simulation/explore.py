"""Explores a small world exhaustively: every scenario with every single deviation, or two.

A run meets choices; each option of each of them that isn't calm makes another run.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .choices import Plan, PlannedChoices
from .invariants import InvariantViolation
from .schedule import (
    ContinueRollback,
    Create,
    Delete,
    Operation,
    Rest,
    RollBack,
    ScheduledCall,
    Session,
    SessionEnds,
    Update,
    Wait,
    perform,
)
from .world import world

A, A2, C = Session("a"), Session("a", tag="2"), Session("c")
B, B2 = Session("b"), Session("b", tag="2")
AR, BR, CR = Session("a", retained=True), Session("b", retained=True), Session("c", retained=True)
AK, A2K = Session("a", kept_alive=True), Session("a", tag="2", kept_alive=True)
BK = Session("b", kept_alive=True)

Scenarios = Mapping[str, Sequence[Operation]]


def update(*sessions: Session | None, fails: float | None = None, rollback: bool = True) -> Update:
    return Update(sessions, fails, rollback)


def scenarios() -> Scenarios:
    """The small world: one session, one or two changes, and the moments that matter."""
    made: dict[str, Sequence[Operation]] = {
        "create": [Create((A,))],
        "create, delete": [Create((A,)), Wait(5), Delete()],
        "replace": [Create((A,)), Wait(5), update(B)],
        "replace, delete": [Create((A,)), Wait(5), update(B), Wait(5), Delete()],
        "tags": [Create((A,)), Wait(5), update(A2)],
        "tags undone": [Create((A,)), Wait(5), update(A2, fails=10)],
        "dead, replace": [Create((A,)), SessionEnds(), Wait(5), update(B)],
        "two updates": [Create((A,)), update(B), update(C), Wait(5)],
        "to and fro, undone": [Create((A,)), update(B), update(A), update(C, fails=80)],
        "remove": [Create((A,)), Wait(5), update(None)],
        "remove, add": [Create((A,)), Wait(5), update(None), Wait(20), update(A)],
        "express remove, add": [
            *(Create((A,)), Wait(5), Update((None,), rollback=False, express=True)),
            *(Wait(2), update(A)),
        ],
        "add cancelled, add": [
            *(Create((A,)), update(None), update(B, fails=20), Wait(5), update(A)),
        ],
        "rollback off, replace, replace": [
            *(Create((A,)), update(B, fails=5, rollback=False), Wait(5), update(C)),
        ],
        "rollback off, replace, roll back": [
            *(Create((A,)), update(B, fails=5, rollback=False), Wait(5), RollBack()),
        ],
        "rollback off, replace, tags, roll back": [
            *(Create((A,)), update(B, fails=5, rollback=False), Wait(5)),
            *(update(B2, fails=5, rollback=False), Wait(5), RollBack()),
        ],
        "rollback off, create fails": [Create((A,), 20, rollback=False), Wait(5), Delete()],
        # RETAIN
        "retained: create undone": [Create((AR,), 20)],
        "retained: replace": [Create((AR,)), Wait(25), update(BR)],
        "retained: replace cancelled": [Create((AR,)), Wait(25), update(BR, fails=20)],
        "retained: cancelled, delete": [
            *(Create((AR,)), Wait(25), update(BR, fails=20), Wait(20), Delete()),
        ],
        "retained: replace undone": [Create((AR,)), Wait(25), update(BR, fails=80)],
        "retained: replace, no more, delete": [
            *(Create((AR,)), Wait(20), update(BR), Wait(20), update(B), Wait(20), Delete()),
        ],
        "retained later, replace, no more, delete": [
            *(Create((A,)), Wait(20), update(AR), Wait(20), update(BR), Wait(20)),
            *(update(B), Wait(20), Delete()),
        ],
        "retained later, replace, replace undone": [
            *(Create((A,)), Wait(20), update(AR), Wait(20), update(BR), Wait(20)),
            update(CR, fails=80),
        ],
        "retained: to and fro, undone": [
            *(Create((AR,)), Wait(20), update(BR), Wait(20), update(AR), Wait(20)),
            update(CR, fails=80),
        ],
        "retained: remove, add cancelled": [
            *(Create((AR,)), Wait(20), update(None), Wait(20), update(A, fails=20)),
        ],
        "retained: remove, add, delete": [
            *(Create((AR,)), Wait(20), update(None), Wait(20), update(A), Wait(20), Delete()),
        ],
    }
    for x in (0, 1, 2, 3, 5, 15, 30, 55, 59, 60, 61, 62, 63, 65, 70, 75):
        made[f"create fails {x}"] = [Create((A,), x)]
    for x in (0, 2, 3, 5, 8, 15, 30, 58, 60, 62, 64, 66, 70, 75, 110):
        made[f"replace fails {x}"] = [Create((A,)), Wait(5), update(B, fails=x)]
        made[f"dead, tags fails {x}"] = [Create((A,)), Wait(5), SessionEnds(), update(A2, fails=x)]
    for x in (5, 30, 80):
        made[f"replace fails {x}, skip, replace, delete"] = [
            *(Create((A,)), Wait(5), update(B, fails=x), ContinueRollback(skip=True), Wait(60)),
            *(update(C), Delete()),
        ]
    for x in (0, 5, 10, 12, 15):
        made[f"tick {x} before delete"] = _with_tick(60 - x, 60, Delete())
    for x in (0, 4, 8, 12, 16, 20):
        made[f"tick {x} before replace"] = _with_tick(60 - x, 60, update(BK), Wait(100))
        made[f"tick {x} before tags"] = _with_tick(60 - x, 60, update(A2K), Wait(100))
    made["tick, replace"] = _with_tick(20, 140, update(BK))
    made["tick, tags"] = _with_tick(20, 140, update(A2K))
    made["tick, tags, delete"] = _with_tick(20, 140, update(A2K), Delete())
    made["tick, replace undone"] = _with_tick(20, 140, update(BK, fails=80))
    made["tick, replace cancelled"] = _with_tick(20, 140, update(BK, fails=20))
    return made


def _with_tick(tick: float, wait: float, *then: Operation) -> Sequence[Operation]:
    return [Create((AK,)), SessionEnds(), ScheduledCall(tick), Wait(wait), *then]


@dataclass
class Exploration:
    """What an exploration met."""

    runs: int = 0
    broken: list[tuple[str, Plan, list[str]]] = field(default_factory=list)
    finished: bool = True


def explore(
    names: Iterable[str],
    deviations: int,
    seconds: float = float("inf"),
    stop_at: int | None = None,
    all_scenarios: Scenarios | None = None,
) -> Exploration:
    """Go through scenarios with every combination of at most so many deviations.

    What already breaks something with fewer deviations isn't made worse. Deviations come in the
    order of the choices, so that no combination is run twice.
    """
    table = scenarios() if all_scenarios is None else all_scenarios
    found = Exploration()
    ends_at = time.monotonic() + seconds
    for name in names:
        level: list[Plan] = [{}]
        for depth in range(deviations + 1):
            deeper: list[Plan] = []
            for plan in level:
                if time.monotonic() > ends_at:
                    found.finished = False
                    return found
                broken, met = once(table[name], plan)
                found.runs += 1
                if broken:
                    found.broken.append((name, plan, broken))
                    if stop_at is not None and len(found.broken) >= stop_at:
                        return found
                elif depth < deviations:
                    last = next(reversed(list(plan)), None)
                    after = next((i for i, (key, _) in enumerate(met) if key == last), -1)
                    deeper += [
                        {**plan, key: option}
                        for key, options in met[after + 1 :]
                        for option in options[1:]
                    ]
            level = deeper
    return found


def once(
    schedule: Sequence[Operation], plan: Plan
) -> tuple[list[str], list[tuple[str, Sequence[str]]]]:
    """One run: what it broke, and the choices that it met."""
    choices = PlannedChoices(plan)
    try:
        with world(choices) as here:
            perform(here, [*schedule, Rest()])
    except InvariantViolation as broken:
        return broken.found, choices.met
    return [], choices.met
