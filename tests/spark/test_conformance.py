"""Spark's own tests end by ``connect`` as they do on a direct connection: a part of them."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emr_serverless_local.http import serve
from emr_serverless_local.sessions import SessionService
from emr_serverless_local.spark import SparkBacking
from testbed.sessions import APPLICATION
from tests.spark.conformance import routes, suite
from tests.spark.conftest import ROLE
from tests.spark.shared_server import SharedServer


@pytest.fixture
def session(shared_server: SharedServer, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A session under the system's clock, and what a client has to know of where it is."""
    backing = SparkBacking(lambda _: shared_server)
    backing.certificates.write_authority(tmp_path / "ca.pem")
    service = SessionService(start_seconds=0, backing=backing)
    made = service.perform("CreateApplication", APPLICATION)
    ids = {"applicationId": made["applicationId"]}
    request = {**ids, "clientToken": "conformance", "executionRoleArn": ROLE}
    ids["sessionId"] = service.perform("StartSession", request)["sessionId"]
    with serve(service) as url:
        yield {
            "arn": service.perform("GetSession", ids)["session"]["arn"],
            "endpoint": service.perform("GetSessionEndpoint", ids),
            "variables": {
                "AWS_ENDPOINT_URL": url,
                "AWS_ACCESS_KEY_ID": "test",
                "AWS_SECRET_ACCESS_KEY": "test",
                "AWS_DEFAULT_REGION": "us-east-1",
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(tmp_path / "ca.pem"),
                "NO_PROXY": "127.0.0.1,localhost",
            },
        }
    backing.close()


@pytest.mark.skipif("SPARK_SERVER" in os.environ, reason="the test that runs these has done it")
def test_connect_ends_each_of_them_as_a_direct_connection_does(
    pyspark_3_5: Path, session: dict[str, Any], tmp_path: Path
) -> None:
    answer = session["endpoint"]
    remotes = {
        "direct": routes.direct(answer["endpoint"], answer["authToken"]),
        "connect": routes.connect(session["arn"]),
    }
    found = {}
    for route, remote in remotes.items():
        folder = tmp_path / route
        folder.mkdir()
        found[route] = suite.run(
            pyspark_3_5, suite.PART, {**session["variables"], **remote}, folder
        )

    assert list(found["direct"].values()).count("passed") >= 25
    assert suite.differences(found["direct"], found["connect"]) == []
