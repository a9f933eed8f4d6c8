"""What a run costs, which it says before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from emr_session._emr.cost import Prices

from .waits import Waits

PRICES = Prices()
# What a session asks for beside its driver until it is idle, generously.
EXECUTORS = 1


@dataclass(frozen=True)
class Worker:
    """The size of a driver or an executor."""

    vcpu: int
    gigabytes: int

    def usd(self, hours: float) -> float:
        """What it costs in some hours."""
        return hours * (self.vcpu * PRICES.vcpu_hour + self.gigabytes * PRICES.memory_gb_hour)


# What the assumptions' own sessions ask for, and what the quickstart's has by default.
SMALL, DEFAULT = Worker(1, 4), Worker(4, 16)


def hours(waits: Waits) -> float:
    """How long a run takes, at most."""
    return (1800 + max(waits.token_ages) + waits.idle) / 3600


def most_usd(waits: Waits) -> float:
    """The most that a run costs in USD, by list prices: all sessions at a time, all the time."""
    small = 4 * SMALL.usd(hours(waits)) * (1 + EXECUTORS)
    return small + DEFAULT.usd(0.5) * (1 + EXECUTORS)


def budget_line(waits: Waits) -> str:
    """What a run costs, in a sentence."""
    return (
        f"It takes about {60 * hours(waits):.0f} minutes and costs at most "
        f"USD {most_usd(waits):.2f} ({PRICES.source}; CloudFormation, Lambda and logs are "
        "cents)."
    )
