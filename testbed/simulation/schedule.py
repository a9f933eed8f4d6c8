"""The operations in the life of a stack, drawn, performed and shrunk.

A schedule is a list of operations. Each is performed until the stack has come to its status; what
is still in progress then continues beside the next one, until a ``Rest``.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import invariants
from .choices import Choices, Plan, PlannedChoices, RandomChoices, smaller
from .world import LOGICAL_IDS, ROLE, Level, World, world

ENOUGH_DELETES = 3


@dataclass(frozen=True)
class Session:
    """A session in a template. Equal ones are no change."""

    name: str = "a"
    tag: str = "1"
    retained: bool = False
    application: int = 0
    stops: bool = False
    kept_alive: bool = False
    waits: bool = True
    check: str = ""
    """What ensure_live_on_deploy puts into the template: it changes with each synth."""

    def request(self) -> dict[str, Any]:
        """What is asked of the service: all that a keep-alive schedule sends of the properties."""
        return {
            "ApplicationId": f"00app{self.application}",
            "ExecutionRoleArn": ROLE,
            "Name": self.name,
            "Tags": {"tag": self.tag},
        }

    def properties(self) -> dict[str, Any]:
        optional = {"CheckedForSynthAt": self.check}
        return {
            **self.request(),
            **({"Retain": "true"} if self.retained else {}),
            **({"StopApplication": "true"} if self.stops else {}),
            **({"KeepAlive": "true"} if self.kept_alive else {}),
            **({} if self.waits else {"WaitUntilReady": "false"}),
            **{name: value for name, value in optional.items() if value},
        }


Sessions = tuple[Session | None, ...]
"""What a template declares for each logical id in turn; None where it declares none."""


def template(sessions: Sessions) -> dict[str, Session]:
    named = zip(LOGICAL_IDS, sessions, strict=False)
    return {name: session for name, session in named if session is not None}


@dataclass(frozen=True)
class Create:
    """Create the stack. Its other resource fails so many seconds after the beginning."""

    sessions: Sessions = (Session(),)
    fails_after: float | None = None
    rollback: bool = True

    def perform(self, here: World) -> None:
        if here.stack.status is None:
            here.stack.create(template(self.sessions), self.fails_after, self.rollback)


@dataclass(frozen=True)
class Update:
    """Update the stack to have these sessions."""

    sessions: Sessions = (Session(name="b"),)
    fails_after: float | None = None
    rollback: bool = True
    express: bool = False

    def perform(self, here: World) -> None:
        rollback = self.rollback and not self.express
        here.stack.update(template(self.sessions), self.fails_after, rollback, self.express)


@dataclass(frozen=True)
class ContinueRollback:
    """Continue a rollback that failed; ``skip`` leaves its resources out."""

    skip: bool = False

    def perform(self, here: World) -> None:
        here.stack.continue_rollback(LOGICAL_IDS if self.skip else ())


@dataclass(frozen=True)
class RollBack:
    """Roll a stack back whose update failed with rollback switched off."""

    def perform(self, here: World) -> None:
        here.stack.roll_back()


@dataclass(frozen=True)
class Delete:
    """Delete the stack."""

    def perform(self, here: World) -> None:
        here.stack.delete()


@dataclass(frozen=True)
class Wait:
    """Let time pass."""

    seconds: float = 20.0

    def perform(self, here: World) -> None:
        here.clock.sleep(self.seconds)


@dataclass(frozen=True)
class Rest:
    """Wait until nothing moves any more. All invariants are checked then."""

    def perform(self, here: World) -> None:
        pass


@dataclass(frozen=True)
class SessionEnds:
    """The newest session of a resource, or the held one, ends by itself in so many seconds."""

    after: float = 0.0
    logical_id: str = LOGICAL_IDS[0]
    newest: bool = False

    def perform(self, here: World) -> None:
        def end() -> None:
            live = here.live(self.logical_id)
            arn = live[-1] if self.newest and live else here.held(self.logical_id)
            session = here.session(arn)
            if session is not None and session.arn not in here.foreign:
                here.service.over(session, "TERMINATED", "Idle for too long.", "itself")

        here.clock.after(self.after, end)


@dataclass(frozen=True)
class ScheduledCall:
    """The schedule of a session that is kept alive calls, in so many seconds."""

    after: float = 0.0
    logical_id: str = LOGICAL_IDS[0]
    late: float = 0.0

    def perform(self, here: World) -> None:
        here.clock.after(self.after, lambda: here.tick(self.logical_id, self.late))


@dataclass(frozen=True)
class StopApplication:
    """Somebody stops an application on which no session runs."""

    application: int = 1

    def perform(self, here: World) -> None:
        found = here.service.applications[here.applications[self.application]]
        if found.state == "STARTED" and not any(s.is_live for s in found.sessions):
            here.service.stop(found)


@dataclass(frozen=True)
class CopyTags:
    """Somebody starts a session with the owner tags of the resource's."""

    logical_id: str = LOGICAL_IDS[0]
    successor: bool = False

    def perform(self, here: World) -> None:
        held = here.session(here.held(self.logical_id))
        if held is None or not here.service.shows_creator:
            return
        tags = {k: v for k, v in held.tags.items() if not k.endswith(":retained")}
        if self.successor:
            tags["emr-serverless-session:held-arn"] = held.arn
        here.add_foreign(tags)


Operation = (
    Create
    | Update
    | ContinueRollback
    | RollBack
    | Delete
    | Wait
    | Rest
    | SessionEnds
    | ScheduledCall
    | StopApplication
    | CopyTags
)
Schedule = Sequence[Operation]


def run(
    schedule: Schedule, choices: Choices | None = None, level: Level = "operations"
) -> Counter[str]:
    """Perform a schedule, checking the invariants at each rest, and delete the stack in calm.

    Gives what was seen, each counted: statuses, faults, excuses. Raises InvariantViolation.
    """
    with world(choices or Choices(), level) as here:
        return perform(here, schedule)


def perform(here: World, schedule: Schedule) -> Counter[str]:
    """As ``run``, in a world that is there already."""
    seen: Counter[str] = Counter()
    for operation in schedule:
        step(here, operation)
        if isinstance(operation, Rest):
            seen += rest(here)
    seen += rest(here)
    seen += delete_in_calm(here)
    seen.update(here.stack.operations)
    seen.update({f"fault: {kind}": n for kind, n in here.network.met.items()})
    seen["sessions"] += len(here.own())
    return seen


def step(here: World, operation: Operation) -> None:
    """Perform one operation, until the stack has come to its status."""
    task = here.clock.start(lambda: operation.perform(here))
    if not here.clock.run_until(lambda: task.dead):
        raise invariants.InvariantViolation(["the stack hangs"])


def rest(here: World) -> Counter[str]:
    """Let everything happen that is due, and check what must hold."""
    here.clock.run()
    return Counter({"rests": 1}) + invariants.check(here)


def delete_in_calm(here: World) -> Counter[str]:
    """Delete the stack while nothing goes wrong: what is left then is left for good."""
    seen: Counter[str] = Counter()
    here.choices.calm = True
    here.service.list_lag = min(here.service.list_lag, 5.0)
    for _ in range(ENOUGH_DELETES):
        if here.stack.status in (None, *invariants.EMPTY):
            return seen
        step(here, Delete())
        seen += rest(here)
    if here.stack.status not in invariants.EMPTY:
        raise invariants.InvariantViolation(
            [f"the stack can't be deleted: {here.stack.requests[-1].reason}"]
        )
    return seen


# --- at random ---------------------------------------------------------------------


def draw(dice: random.Random) -> list[Operation]:
    """A schedule at random."""
    retained = dice.random() < 0.25
    count = dice.choice((1, 1, 1, 1, 1, 1, 2, 3))
    kept = dice.random() < 0.4

    def sessions() -> Sessions:
        return tuple(
            None
            if count > 1 and dice.random() < 0.15
            else Session(
                name=dice.choice("aab"),
                tag=dice.choice("112"),
                retained=retained and dice.random() < 0.8,
                application=int(dice.random() < 0.15),
                stops=dice.random() < 0.1,
                kept_alive=kept and dice.random() < 0.95,
                waits=dice.random() < 0.95,
                check=dice.choice(("", "", "", "1", "2")),
            )
            for _ in range(count)
        )

    def fails(often: float) -> float | None:
        return round(dice.uniform(0, 130), 1) if dice.random() < often else None

    first = sessions()
    drawn: list[Operation] = [
        Create(first, fails(0.15), dice.random() < 0.92),
    ]
    for _ in range(min(6, 1 + int(dice.expovariate(0.6)))):
        drawn.append(
            Rest()
            if dice.random() < 0.3
            else Wait(dice.choice((1.0, 5.0, 15.0, 40.0, 90.0, 300.0)))
        )
        if kept:
            for _ in range(dice.randrange(3)):
                name = dice.choice(LOGICAL_IDS[:count])
                late = dice.choice((0.0, 0.0, 30.0, 700.0))
                drawn.append(ScheduledCall(dice.choice((0.0, 2.0, 5.0, 30.0, 70.0)), name, late))
        kind = dice.random()
        if kind < 0.6:
            express = dice.random() < 0.05
            drawn.append(Update(sessions(), fails(0.35), dice.random() < 0.9, express))
        elif kind < 0.66:
            drawn.append(Update((None,) * count, fails(0.2)))
            drawn.append(Wait(dice.choice((2.0, 15.0))))
            drawn.append(Update(sessions(), fails(0.3)))
        elif kind < 0.72:
            drawn += (ContinueRollback(dice.random() < 0.5), RollBack())
        elif kind < 0.76:
            drawn.append(Delete())
        elif kind < 0.92:
            name = dice.choice(LOGICAL_IDS[:count])
            drawn.append(
                SessionEnds(dice.choice((0.0, 3.0, 30.0, 65.0)), name, dice.random() < 0.3)
            )
        elif kind < 0.95:
            drawn.append(StopApplication())
        else:
            drawn.append(CopyTags(dice.choice(LOGICAL_IDS[:count]), dice.random() < 0.5))
    return drawn


def dice_of(seed: int) -> tuple[list[Operation], RandomChoices]:
    """The schedule of a seed, and the choices that go with it."""
    dice = random.Random(seed)
    schedule = draw(dice)
    return schedule, RandomChoices(dice, dice.choice((0.0, 0.005, 0.01, 0.02, 0.04)))


def shrink(
    schedule: Schedule, plan: Plan, level: Level = "operations", attempts: int = 400
) -> tuple[Schedule, Plan, list[str]]:
    """A smaller schedule with fewer deviations that breaks the same invariant."""

    def broken(schedule: Schedule, plan: Plan) -> list[str]:
        try:
            run(schedule, PlannedChoices(plan), level)
        except invariants.InvariantViolation as error:
            return error.found
        return []

    found = broken(schedule, plan)
    kinds = {kind_of(f) for f in found}
    goes_on = bool(found)
    while goes_on and attempts > 0:
        goes_on = False
        for tried, tried_plan in _smaller(schedule, plan):
            attempts -= 1
            again = broken(tried, tried_plan)
            if kinds & {kind_of(f) for f in again}:
                schedule, plan, found, goes_on = tried, tried_plan, again, True
                break
            if attempts <= 0:
                break
    return schedule, plan, found


def kind_of(found: str) -> str:
    """Which invariant a message is about."""
    return found.partition(":")[0]


def _smaller(schedule: Schedule, plan: Plan) -> Iterator[tuple[Schedule, Plan]]:
    for index in range(len(schedule) - 1, -1, -1):
        if len(schedule) > 1:
            yield [*schedule[:index], *schedule[index + 1 :]], plan
    for less in smaller(plan):
        yield schedule, less
