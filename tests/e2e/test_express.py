"""Express mode, which turns rollback off, and in which AWS may refuse to replace a session.

What AWS does to custom resources isn't published: no session may be left under either reading.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from testbed.apps import one_session
from testbed.cdk_cli import CdkCli
from testbed.local_aws import LocalAws
from tests.e2e.deployment import Deployment, until


def ids(deployment: Deployment) -> list[str]:
    """The ids of the stack's sessions that still live."""
    return [session["sessionId"] for session in deployment.live()]


def test_a_session_is_replaced_and_none_is_left(deployment: Deployment) -> None:
    first = deployment.deploy(one_session, "--express")
    second = deployment.deploy(partial(one_session, idle_minutes=30), "--express")

    assert second["SessionId"] != first["SessionId"]
    assert until(lambda: ids(deployment) == [second["SessionId"]], 60)
    deployment.destroy()
    assert not ids(deployment)


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[Deployment]:
    """A stack on a local AWS that takes the other reading, of this and of whose tags are set."""
    options = ("--refuse-custom-replacements", "--check-tags-on", "session")
    with LocalAws(tmp_path, session_start_seconds=1.0, options=options) as aws:
        cli = CdkCli(aws)
        cli.bootstrap()
        yield Deployment(aws, cli, tmp_path, "Refused")


def test_where_a_replacement_is_refused_the_session_stays_and_rollback_is_the_way_round(
    refusing: Deployment,
) -> None:
    first = refusing.deploy(one_session, "--express")
    changed = partial(one_session, idle_minutes=30)

    said = refusing.fail_to_deploy(changed, "--express")

    assert "Replacement type updates not supported on stack with disable-rollback" in said
    assert refusing.status() == "UPDATE_FAILED"
    assert until(lambda: ids(refusing) == [first["SessionId"]], 90)

    # As the guide says: back to what was deployed, then again with rollback.
    refusing.deploy(one_session, "--express", "--method=direct", "--no-rollback")
    assert ids(refusing) == [first["SessionId"]]
    second = refusing.deploy(changed, "--express", "--rollback")
    assert until(lambda: ids(refusing) == [second["SessionId"]], 60)
    refusing.destroy()
    assert not ids(refusing)
