"""The doctor on an account on loopback, under a clock that tests move."""

from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest

from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService
from emr_session._doctor.examine import Subject, examine
from emr_session._doctor.finding import Finding
from emr_session._emr.aws import Aws
from emr_session._emr.names import SessionArn
from tests.unit.client.account import EndpointSession, TestClock
from tests.unit.client.gateway import Gateways

from .account import RELEASE, DoctorAccount

Look = Callable[..., dict[str, Finding]]


@pytest.fixture
def aws(clock: TestClock, gateways: Gateways) -> Iterator[DoctorAccount]:
    service = SessionService(clock=clock, start_seconds=90, stop_seconds=30, backing=gateways)
    made = DoctorAccount(service)
    with serve(made) as url:
        made.url = url
        yield made


@pytest.fixture(scope="session")
def boto() -> botocore.session.Session:
    """One for all tests: what takes its time is to read the services' models."""
    return botocore.session.get_session()


@pytest.fixture
def look(
    aws: DoctorAccount, clock: TestClock, gateways: Gateways, boto: botocore.session.Session
) -> Look:
    """Have the doctor look; gives the findings by their checks."""

    def look_at(arn: str | None = None, strays: list[str] | None = None, **more: Any) -> Any:
        session = SessionArn.parse(arn) if arn else None
        subject = Subject(session, **{"roots": gateways.roots, **more})
        found = examine(
            Aws(session=EndpointSession(aws.url, boto)),
            subject,
            strays=lambda: strays or [],
            clock=clock,
        )
        return {finding.check: finding for finding in found}

    return look_at


@pytest.fixture
def arn(aws: DoctorAccount, clock: TestClock) -> str:
    """A session that was started two minutes ago."""
    started = aws.start(aws.application(RELEASE), name="search")
    clock.advance(120)
    return started
