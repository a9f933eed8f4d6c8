"""The asset works under botocores that are older than StartSession, and under the newest."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import botocore
import pytest

from .conftest import ask

pytestmark = pytest.mark.slow

REQUEST: dict[str, Any] = {
    "applicationId": "00app",
    "clientToken": "a" * 64,
    "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
    "idleTimeoutMinutes": 15,
    "name": "analysis",
    "tags": {"team": "data"},
    "configurationOverrides": {
        "runtimeConfiguration": [
            {
                "classification": "spark-defaults",
                "properties": {"spark.executor.cores": "2"},
                "configurations": [{"classification": "inner"}],
            }
        ]
    },
}


@pytest.mark.parametrize("version", ["1.34.0", "1.37.0", "1.40.0", "newest"])
def test_a_session_is_started_and_looked_at(
    version: str, asset: str, botocore_folder: Callable[[str], Path]
) -> None:
    folder = botocore_folder(version)
    answer = json.loads(ask("start_session.py", asset, json.dumps(REQUEST), path=folder))
    installed = next(folder.glob("botocore-*.dist-info")).name.split("-")[1].removesuffix(".dist")
    assert answer["botocore"] == installed
    assert version in (installed, "newest")
    assert_started_and_looked_at(answer)


def test_the_installed_botocore_is_enough_without_boto3(asset: str) -> None:
    answer = json.loads(ask("start_session.py", asset, json.dumps(REQUEST)))
    assert answer["botocore"] == botocore.__version__
    assert answer["boto3"] is False
    assert_started_and_looked_at(answer)


def test_what_a_later_botocore_asks_for_comes_from_its_own_data(asset: str) -> None:
    answer = json.loads(ask("load_data.py", asset))
    assert answer == {
        "another service": True,
        "an operation not in use": False,
        "a file that is nowhere": "DataNotFoundError",
    }


def assert_started_and_looked_at(answer: dict[str, Any]) -> None:
    """Hold that the request arrived whole, and that the answers were read."""
    body = {key: value for key, value in REQUEST.items() if key != "applicationId"}
    assert answer["seen"] == [
        ["POST", "/applications/00app/sessions", body],
        ["GET", "/applications/00app/sessions/00ses", None],
    ]
    assert answer["arn"].endswith("/sessions/00ses")
    assert (answer["state"], answer["tags"]) == ("IDLE", {"team": "data"})
    assert answer["created"].endswith("/f")
