"""Each mutation of the handler fails the test that it names."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from testbed.simulation.lab import lab
from testbed.simulation.mutated import mutated

from .mutations import MUTATIONS, Mutation


def test_every_rule_has_a_mutation() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(range(1, 21))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"rule {m.rule}: {m.broken}")
def test_a_broken_rule_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    module, _, name = mutation.caught_by.partition(".")
    test = getattr(importlib.import_module(f"tests.protocol.{module}"), name)
    # The rule's own assertion fails, and the handler doesn't crash.
    with (
        mutated(tmp_path, mutation.file, mutation.old, mutation.new),
        pytest.raises(AssertionError),
    ):
        _run(test)


def _run(test: Callable[..., None]) -> None:
    if "lab" in inspect.signature(test).parameters:
        with lab() as here:
            test(here)
    else:
        test()
