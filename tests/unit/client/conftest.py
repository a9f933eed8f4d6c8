"""An account and its gateways, under a clock that tests and waits move."""

from collections.abc import Iterator

import pyspark
import pytest

from emr_serverless_local.sessions import SessionService

from .account import Account, TestClock, account
from .gateway import Gateways


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def aws(clock: TestClock) -> Iterator[Account]:
    with account(SessionService(clock=clock, start_seconds=90, stop_seconds=30)) as made:
        yield made


@pytest.fixture(scope="module")
def module_gateways() -> Iterator[Gateways]:
    gateways = Gateways(spark_version=f"{pyspark.__version__}-amzn-0")
    yield gateways
    gateways.close()


@pytest.fixture
def gateways(module_gateways: Gateways) -> Gateways:
    module_gateways.seen.clear()
    module_gateways.cut_off.clear()
    module_gateways.away.clear()
    module_gateways.settings.clear()
    return module_gateways
