"""What a session has cost so far: the usage that the service has billed, times prices.

An estimate. The bill also knows discounts, free tiers, other services, and idle pre-initialized
capacity, which is the application's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import ConnectError

PRICES_VARIABLE = "EMR_SESSION_PRICES"


@dataclass(frozen=True)
class Prices:
    """What EMR Serverless takes for an hour of use.

    The defaults are the public prices of us-east-1 for x86, the service's default architecture:
    https://aws.amazon.com/emr/pricing/. Other regions and arm64 have others.
    """

    vcpu_hour: float = 0.052624
    """USD for a vCPU and hour."""
    memory_gb_hour: float = 0.0057785
    """USD for a GB of memory and hour."""
    storage_gb_hour: float = 0.000111
    """USD for a GB of storage and hour, beyond the 20 GB that each worker has for nothing."""
    source: str = "public prices of us-east-1, x86"
    """Whose prices these are, for whoever reads a cost."""

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Prices:
        """The prices that an environment sets, or else the defaults.

        Args:
            environment: Where ``EMR_SESSION_PRICES`` may be: USD for an hour of a vCPU, a GB of
                memory and a GB of storage, with commas in between.

        Raises:
            ConnectError: The variable holds anything else.
        """
        text = environment.get(PRICES_VARIABLE, "")
        if not text:
            return cls()
        try:
            vcpu, memory, storage = map(float, text.split(","))
        except ValueError:
            vcpu = memory = storage = math.nan
        if not all(0 <= price < math.inf for price in (vcpu, memory, storage)):
            raise ConnectError(
                f"{PRICES_VARIABLE}={text!r} is not three prices. Set USD for an hour of a vCPU, a "
                "GB of memory and a GB of storage: "
                f"{PRICES_VARIABLE}={cls.vcpu_hour},{cls.memory_gb_hour},{cls.storage_gb_hour}"
            )
        return cls(vcpu, memory, storage, source=PRICES_VARIABLE)


def cost(billed: Mapping[str, float], prices: Prices) -> float | None:
    """What a session has cost so far, in USD.

    Args:
        billed: ``billedResourceUtilization`` of GetSession.
        prices: What an hour costs.

    Returns:
        None where the service has said nothing of vCPU or memory yet.
    """
    if "vCPUHour" not in billed or "memoryGBHour" not in billed:
        return None
    return (
        billed["vCPUHour"] * prices.vcpu_hour
        + billed["memoryGBHour"] * prices.memory_gb_hour
        + billed.get("storageGBHour", 0.0) * prices.storage_gb_hour
    )
