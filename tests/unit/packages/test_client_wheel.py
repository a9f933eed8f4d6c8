"""The client's wheel installs alone, and connects from an environment that has nothing else.

A process of the environment that the tests run in is the AWS that it asks.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.local_aws import LocalAws
from tests.unit.packages.installed import built_wheel, programs_with, without_sources

CONNECT = """
import importlib.util, shutil, sys

import boto3
from emr_session import connect, get_or_create

absent = [name for name in ("aws_cdk", "constructs", "jsii", "ministack")
          if importlib.util.find_spec(name)]
assert not absent, absent
import pyspark
assert not hasattr(pyspark, "SparkContext"), "PySpark's client, without Spark"
client = boto3.client("emr-serverless")
application = client.create_application(
    type="SPARK",
    releaseLabel="emr-spark-8.1.0",
    interactiveConfiguration={"sessionEnabled": True},
)["applicationId"]
arn = get_or_create("wheel", application=application, execution_role=sys.argv[1])
print(connect(arn).range(10).count())
"""
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": '
    '{"Service": "emr-serverless.amazonaws.com"}, "Action": "sts:AssumeRole"}]}'
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distribution")]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_wheel("client_pkg", tmp_path_factory.mktemp("client-wheel"))


@pytest.fixture
def aws(tmp_path: Path) -> Iterator[LocalAws]:
    with LocalAws(tmp_path, session_start_seconds=0.5, spark="sail") as running:
        yield running


def test_it_connects_with_pysparks_client(wheel: Path, aws: LocalAws, tmp_path: Path) -> None:
    wanted = (f"emr-session[client] @ {wheel.as_uri()}", "pyspark-client==4.1.1")
    programs = programs_with(tmp_path / "venv", *wanted)
    role = aws.client("iam").create_role(RoleName="wheel", AssumeRolePolicyDocument=TRUST)

    done = subprocess.run(
        [programs / "python", "-c", CONNECT, role["Role"]["Arn"]],
        env=without_sources(aws.environment()),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "10\n"


def test_the_command_needs_no_optional_part(wheel: Path, tmp_path: Path) -> None:
    programs = programs_with(tmp_path / "venv", str(wheel))

    done = subprocess.run(
        [programs / "emr-session", "--help"],
        env=without_sources(dict(os.environ)),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "emr-session" in done.stdout
    assert not list((tmp_path / "venv").rglob("pyspark"))
