"""Every choice of the simulated world is made here: what goes wrong, and when.

The first option of a choice is the calm one; any other is a deviation. A run is a function of its
deviations, so that a run drawn at random can be repeated, made smaller and written down.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Plan = Mapping[str, str]
"""Deviations: the name of a choice, and its option. ``Create.1 GetSession 2`` is the third
GetSession of the first delivery of the first request."""


OFTEN = {"world": 0.3, "seldom": 0.05, "service": 0.1, "delivery": 0.1}
"""How often ``RandomChoices`` deviates where it isn't about a call, by the name's first word."""


class Choices:
    """The calm world: always the first option."""

    def __init__(self) -> None:
        self.calm = False
        """Nothing deviates any more."""
        self.deviations: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def choose(self, name: str, options: Sequence[str]) -> str:
        """The option for this choice; ``name`` has no number, choices of a name are counted."""
        if self.calm:
            return options[0]
        number = self._counts.get(name, 0)
        self._counts[name] = number + 1
        option = self._draw(name, number, options)
        if option != options[0]:
            self.deviations[f"{name} {number}"] = option
        return option

    def _draw(self, name: str, number: int, options: Sequence[str]) -> str:  # noqa: ARG002
        return options[0]


class PlannedChoices(Choices):
    """The deviations of a plan, and no others. ``met`` has every choice that there was."""

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.met: list[tuple[str, Sequence[str]]] = []
        self._plan = plan

    def _draw(self, name: str, number: int, options: Sequence[str]) -> str:
        key = f"{name} {number}"
        self.met.append((key, options))
        option = self._plan.get(key, options[0])
        return option if option in options else options[0]


class RandomChoices(Choices):
    """Deviations at random: at single calls with ``probability``, elsewhere as OFTEN says."""

    def __init__(self, dice: random.Random, probability: float) -> None:
        super().__init__()
        self._dice = dice
        self._probability = probability
        self._left = self._gap()

    def _gap(self) -> int:
        return int(self._dice.expovariate(self._probability)) if self._probability else 10**9

    def _draw(self, name: str, number: int, options: Sequence[str]) -> str:  # noqa: ARG002
        often = OFTEN.get(name.partition(" ")[0])
        if often is not None:
            deviates = len(options) > 1 and self._dice.random() < often
            return self._dice.choice(options[1:]) if deviates else options[0]
        self._left -= 1
        if self._left >= 0 or len(options) == 1:
            return options[0]
        self._left = self._gap()
        return self._dice.choice(options[1:])


@dataclass(frozen=True)
class Fault:
    """What goes wrong with ``times`` attempts at an operation, after ``skip`` that go well.

    The attempts of all invocations count together.
    """

    operation: str
    kind: str
    skip: int = 0
    times: int = 1


@dataclass
class ExpectedFaults(Choices):
    """Faults that are expected from now on. ``world`` fixes options of choices by name."""

    faults: Sequence[Fault] = ()
    world: Plan = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__()
        self._attempts: dict[str, int] = {}

    def expect(self, *faults: Fault) -> None:
        """Let these faults happen from now on, and no others; attempts count from here."""
        self.faults = faults
        self._attempts.clear()

    def _draw(self, name: str, number: int, options: Sequence[str]) -> str:  # noqa: ARG002
        if name in self.world and self.world[name] in options:
            return self.world[name]
        what = name.rpartition(" ")[2]
        if not self.faults:
            return options[0]
        attempt = self._attempts.get(what, 0)
        self._attempts[what] = attempt + 1
        for fault in self.faults:
            if fault.operation == what and fault.skip <= attempt < fault.skip + fault.times:
                return fault.kind if fault.kind in options else options[0]
        return options[0]


def smaller(plan: Plan) -> Iterator[Plan]:
    """The plans with one deviation less."""
    for name in plan:
        yield {key: option for key, option in plan.items() if key != name}
