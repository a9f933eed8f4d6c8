"""The session service under a clock that tests move, seen through the real botocore client."""

from collections.abc import Iterator
from typing import Any

import botocore.config
import botocore.session
import pytest
from cdk_emr_serverless_session.local.clock import ManualClock
from cdk_emr_serverless_session.local.http import serve
from cdk_emr_serverless_session.local.sessions import SessionService

ROLE = "arn:aws:iam::000000000000:role/execution"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def service(clock: ManualClock) -> SessionService:
    return SessionService(clock=clock, start_seconds=90, stop_seconds=30)


@pytest.fixture(scope="session")
def botocore_session() -> botocore.session.Session:
    """One for all tests: what takes its time is to read the service's model and endpoints."""
    return botocore.session.get_session()


@pytest.fixture
def client(service: SessionService, botocore_session: botocore.session.Session) -> Iterator[Any]:
    with serve(service) as url:
        client = botocore_session.create_client(
            "emr-serverless",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            # What is out of bounds is for the service to refuse.
            config=botocore.config.Config(
                retries={"total_max_attempts": 1}, parameter_validation=False
            ),
        )
        yield client
        client.close()


@pytest.fixture
def application_id(client: Any) -> str:
    return create_application(client)


def create_application(client: Any, **settings: Any) -> str:
    """An application that takes sessions, but for what is set otherwise."""
    request = {
        "type": "SPARK",
        "releaseLabel": "emr-7.13.0",
        "interactiveConfiguration": {"sessionEnabled": True},
        **settings,
    }
    return str(client.create_application(**request)["applicationId"])


def start_session(client: Any, application_id: str, **fields: Any) -> str:
    """A session's id."""
    request = {"applicationId": application_id, "executionRoleArn": ROLE, **fields}
    return str(client.start_session(**request)["sessionId"])
