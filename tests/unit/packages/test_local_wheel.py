"""The wheel of the local AWS installs alone, and runs in an environment that has nothing else."""

import os
import subprocess
import textwrap
import time
from pathlib import Path

import pytest

from tests.unit.packages.installed import built_wheel, programs_with, without_sources

START_SECONDS = 180
CLIENT = textwrap.dedent(
    """
    import os, sys
    import boto3

    assert not {"aws_cdk", "jsii", "pyspark", "emr_session"} & set(sys.modules)
    client = boto3.client("emr-serverless")
    application = client.create_application(
        type="SPARK",
        releaseLabel="emr-7.13.0",
        interactiveConfiguration={"sessionEnabled": True},
    )["applicationId"]
    session = client.start_session(
        applicationId=application,
        executionRoleArn="arn:aws:iam::000000000000:role/execution",
    )["sessionId"]
    answer = client.get_session(applicationId=application, sessionId=session)
    print(answer["session"]["state"])
    """
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("distribution")]


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, and what it depends on."""
    folder = tmp_path_factory.mktemp("local-wheel")
    return programs_with(folder / "venv", built_wheel("local_pkg", folder)) / "python"


def test_it_runs_and_starts_a_session(python: Path, tmp_path: Path) -> None:
    own = without_sources(dict(os.environ))
    env_file = tmp_path / "local-aws.env"
    server = subprocess.Popen(
        [python, "-m", "emr_serverless_local", "--env-file", str(env_file)],
        env=own,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until = time.monotonic() + START_SECONDS
        while not env_file.exists() and server.poll() is None and time.monotonic() < until:
            time.sleep(0.05)
        assert env_file.exists(), server.communicate()[0]
        lines = env_file.read_text().splitlines()
        given = dict(line.removeprefix("export ").split("=", 1) for line in lines)
        environment = {**own, **{name: value.strip("'") for name, value in given.items()}}
        done = subprocess.run(
            [python, "-c", CLIENT],
            env=environment,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )
        assert done.stdout.strip() == "SUBMITTED"
    finally:
        server.terminate()
        server.communicate(timeout=START_SECONDS)
    assert server.returncode == 0
