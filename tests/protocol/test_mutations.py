"""Each clause of the rules is proven: a handler that breaks it fails what is named."""

import importlib
import inspect
from pathlib import Path

import pytest

from tests.support.simulation.lab import lab
from tests.support.simulation.mutated import mutated

from .mutations import MUTATIONS, Mutation


def test_every_rule_has_a_mutation() -> None:
    assert {mutation.rule for mutation in MUTATIONS} == set(range(1, 21))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda m: f"rule {m.rule}: {m.broken}")
def test_a_broken_rule_is_noticed(mutation: Mutation, tmp_path: Path) -> None:
    module, _, name = mutation.caught_by.partition(".")
    test = getattr(importlib.import_module(f"tests.protocol.{module}"), name)
    with (
        mutated(tmp_path, mutation.file, mutation.old, mutation.new),
        # The rule's own assertion, and not a handler that crashes.
        pytest.raises(AssertionError),
    ):
        if "lab" in inspect.signature(test).parameters:
            with lab() as here:
                test(here)
        else:
            test()
