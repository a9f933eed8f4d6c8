"""What a session has cost so far."""

import pytest

from emr_session import ConnectError
from emr_session._emr.cost import Prices, cost

AN_HOUR_OF_FOUR_WORKERS = {"vCPUHour": 16.0, "memoryGBHour": 64.0, "storageGBHour": 10.0}


def test_the_billed_usage_times_the_prices() -> None:
    prices = Prices(vcpu_hour=0.1, memory_gb_hour=0.01, storage_gb_hour=0.001)

    assert cost(AN_HOUR_OF_FOUR_WORKERS, prices) == pytest.approx(1.6 + 0.64 + 0.01)


def test_storage_that_is_free_is_left_out_of_the_answer() -> None:
    free_storage = {"vCPUHour": 16.0, "memoryGBHour": 64.0}

    assert cost(free_storage, Prices()) == pytest.approx(1.211808)


def test_nothing_is_said_before_the_service_says_something() -> None:
    assert cost({}, Prices()) is None


def test_the_prices_of_another_region_come_from_the_environment() -> None:
    prices = Prices.of({"EMR_SESSION_PRICES": "0.06, 0.007, 0.0002"})

    assert prices == Prices(0.06, 0.007, 0.0002, source="EMR_SESSION_PRICES")
    assert Prices.of({}) == Prices()


@pytest.mark.parametrize("text", ["0.06", "a,b,c", "1,2,3,4", "-1,2,3", "1,nan,3"])
def test_what_is_no_three_prices_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConnectError, match=r"EMR_SESSION_PRICES=0\.052624,0\.0057785,0\.000111"):
        Prices.of({"EMR_SESSION_PRICES": text})
