"""A session behind a gateway, and proxies in front of it, under a clock that tests move."""

import queue
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import pytest

from emr_serverless_local.sessions import SessionService
from emr_session import SessionProxy

from ..account import Account, TestClock, account
from .gateway import UNLIMITED, Gateway

PARAMETER = "/notebooks/session"
START_SECONDS = 90

Proxied = Callable[..., SessionProxy]


@pytest.fixture(scope="module")
def module_gateway() -> Iterator[Gateway]:
    gateway = Gateway()
    yield gateway
    gateway.close()


@pytest.fixture
def gateway(module_gateway: Gateway) -> Iterator[Gateway]:
    module_gateway.calls.clear()
    module_gateway.gate.clear()
    module_gateway.held.clear()
    module_gateway.left = queue.Queue()
    module_gateway.given = queue.Queue()
    module_gateway.cut_off = None
    yield module_gateway
    module_gateway.gate.set()


@pytest.fixture
def aws(clock: TestClock, gateway: Gateway) -> Iterator[Account]:
    service = SessionService(
        clock=clock, start_seconds=START_SECONDS, stop_seconds=30, backing=gateway
    )
    with account(service) as made:
        yield made


@pytest.fixture
def application(aws: Account) -> str:
    return aws.application()


@pytest.fixture
def arn(aws: Account, application: str, clock: TestClock) -> str:
    arn = aws.start(application, idleTimeoutMinutes=600)
    aws.parameters[PARAMETER] = arn
    clock.advance(START_SECONDS)
    return arn


@pytest.fixture
def proxied(aws: Account, gateway: Gateway, clock: TestClock) -> Iterator[Proxied]:
    """Starts a proxy to what is named, which is stopped in the end."""
    with ExitStack() as stack:

        def start(target: str, **options: Any) -> SessionProxy:
            fixed = {"session": aws.session(), "clock": clock, "root_certificates": gateway.roots}
            return stack.enter_context(SessionProxy(target, **{"port": 0, **fixed, **options}))

        yield start


def client_of(proxy: SessionProxy) -> Any:
    """A plain channel to a proxy. Not typed: its calls take bytes."""
    return grpc.insecure_channel(
        f"127.0.0.1:{proxy.port}",
        options=[
            *UNLIMITED,
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 100),
        ],
    )


@pytest.fixture
def proxy(proxied: Proxied, arn: str) -> SessionProxy:
    return proxied(arn)


@pytest.fixture
def channel(proxy: SessionProxy) -> Iterator[Any]:
    with client_of(proxy) as channel:
        yield channel
