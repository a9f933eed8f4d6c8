"""How long a first deployment takes until StartSession, compared with the alternatives."""

from __future__ import annotations

from dataclasses import dataclass

from testbed.chain import Chain, before_first
from testbed.synth_app import synthesized

RESOURCE_TYPE = "Custom::EMRServerlessSession"
SESSION, AWS_CUSTOM_RESOURCE, PROVIDER = KINDS = ("Session", "AwsCustomResource", "Provider")
# A start is a minute or more; before it, half a minute for IAM.
GOAL_SECONDS = 34.0


@dataclass(frozen=True)
class Measured:
    """A stack with one session."""

    chain: Chain
    resources: int


def measure() -> dict[str, Measured]:
    """The chain and the number of resources of each kind."""
    found = {}
    for kind in KINDS:
        template = synthesized(kind, 1)
        found[kind] = Measured(before_first(template, RESOURCE_TYPE), len(template["Resources"]))
    return found


def as_text(chain: Chain) -> str:
    """A chain in short: ``Role, Policy``."""
    return ", ".join(resource_type.rsplit("::", 1)[-1] for resource_type in chain.types)
