"""A local AWS for each test worker, with a stack for each test."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from testbed.cdk_cli import CdkCli, ResidentCdk
from testbed.evidence import handler_lines
from testbed.local_aws import LocalAws
from testbed.log_secrets import assert_no_secrets, logs_no_secrets
from tests.e2e.deployment import Deployment

SESSION_START_SECONDS = 1.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder, and begin with what takes minutes."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.e2e)
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """A local AWS, in a process of its own."""
    folder = tmp_path_factory.mktemp("local-aws")
    with LocalAws(folder, session_start_seconds=SESSION_START_SECONDS) as running:
        yield running


@pytest.fixture(scope="session")
def aws_with_spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    """Another one, with a Spark Connect server behind each session."""
    folder = tmp_path_factory.mktemp("local-aws-with-spark")
    with LocalAws(folder, session_start_seconds=SESSION_START_SECONDS, spark="sail") as running:
        yield running


@pytest.fixture(autouse=True)
def _the_log_is_searched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Search what the handler logged, in the functions and in the test's own process."""
    asked = [name for name in ("aws", "aws_with_spark") if name in request.fixturenames]
    found = [request.getfixturevalue(name) for name in asked]
    with logs_no_secrets():
        yield
    for aws in found:
        assert_no_secrets("\n".join(handler_lines(aws)))


@pytest.fixture(scope="session")
def cdk_cli(aws: LocalAws) -> Iterator[CdkCli]:
    """The CDK CLI, with the account bootstrapped."""
    with resident_cdk_cli(aws) as cli:
        yield cli


@pytest.fixture(scope="session")
def cdk_cli_with_spark(aws_with_spark: LocalAws) -> Iterator[CdkCli]:
    """The CDK CLI for that one, with the account bootstrapped."""
    with resident_cdk_cli(aws_with_spark) as cli:
        yield cli


@contextmanager
def resident_cdk_cli(aws: LocalAws) -> Iterator[CdkCli]:
    """The CDK CLI, loaded once for all its commands. In the demo each has its own process."""
    with ResidentCdk(aws.environment()) as resident:
        cli = CdkCli(aws, resident=resident)
        cli.bootstrap()
        yield cli


@pytest.fixture(scope="session")
def stack_names() -> Iterator[str]:
    """Names that no other stack on this local AWS has."""
    return (f"Test{number}" for number in itertools.count(1))


@pytest.fixture
def deployment(
    aws: LocalAws, cdk_cli: CdkCli, stack_names: Iterator[str], tmp_path: Path
) -> Deployment:
    """A stack that is yet to be deployed."""
    return Deployment(aws, cdk_cli, tmp_path, next(stack_names))


@pytest.fixture(scope="module")
def new_deployment(
    aws: LocalAws,
    cdk_cli: CdkCli,
    stack_names: Iterator[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[], Deployment]:
    """A way to stacks that the tests of a module share."""

    def new() -> Deployment:
        name = next(stack_names)
        return Deployment(aws, cdk_cli, tmp_path_factory.mktemp(name), name)

    return new
