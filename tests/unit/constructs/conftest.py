"""Fixtures of the constructs' tests."""

from __future__ import annotations

import aws_cdk as cdk
import pytest

from testbed.synth_bench import Bench, execution_role, interactive_application


@pytest.fixture
def bench() -> Bench:
    """A stack with an application and a role, and no session yet."""
    app = cdk.App()
    stack = cdk.Stack(app, "Stack")
    return Bench(app, stack, interactive_application(stack), execution_role(stack))
