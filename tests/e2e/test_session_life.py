"""A session from its stack's first deployment to its last update, and to its end."""

from collections.abc import Callable
from functools import partial

import pytest

from testbed.apps import one_session
from tests.e2e.deployment import USABLE, Deployment

FIRST = partial(one_session, name="first", tags={"team": "search"})


@pytest.fixture(scope="module")
def deployed(new_deployment: Callable[[], Deployment]) -> Deployment:
    """A stack with a session. Each test that takes it begins with a deployment of its own."""
    deployment = new_deployment()
    deployment.deploy(FIRST)
    return deployment


@pytest.mark.xdist_group("session life")
class TestUpdate:
    """Deployments over a stack that has a session."""

    def test_deploying_the_same_again_asks_nothing_of_the_service(
        self, deployed: Deployment
    ) -> None:
        outputs = deployed.deploy(FIRST)
        requests = deployed.requests("StartSession")

        assert deployed.deploy(FIRST) == outputs
        assert deployed.requests("StartSession") == requests
        assert len(deployed.live()) == 1

    def test_tags_change_in_place(self, deployed: Deployment) -> None:
        outputs = deployed.deploy(FIRST)
        owner_tags = {key: value for key, value in deployed.session()["tags"].items() if ":" in key}
        started = deployed.requests("StartSession")

        changed = partial(FIRST, tags={"team": "ads", "stage": "beta"})
        assert deployed.deploy(changed) == outputs

        session = deployed.session()
        assert session["state"] in USABLE
        assert session["tags"] == {"team": "ads", "stage": "beta", **owner_tags}
        assert deployed.requests("TagResource") > 0
        assert deployed.requests("StartSession") == started

    def test_a_removed_tag_is_removed(self, deployed: Deployment) -> None:
        outputs = deployed.deploy(FIRST)
        assert deployed.deploy(partial(FIRST, tags=None)) == outputs
        assert "team" not in deployed.session()["tags"]

    def test_a_changed_property_replaces_the_session(self, deployed: Deployment) -> None:
        before = deployed.deploy(FIRST)

        after = deployed.deploy(partial(FIRST, idle_minutes=30, name="second"))

        assert after["SessionId"] != before["SessionId"]
        assert after["SessionArn"].endswith(after["SessionId"])
        new = deployed.session()
        assert (new["state"] in USABLE, new["name"], new["idleTimeoutMinutes"]) == (
            True,
            "second",
            30,
        )
        assert deployed.session(before)["state"] == "TERMINATED"
        assert [session["sessionId"] for session in deployed.live()] == [after["SessionId"]]


def test_a_stack_starts_a_session_and_its_destruction_ends_it(deployment: Deployment) -> None:
    spark = {"spark.executor.memory": "2g"}
    outputs = deployment.deploy(
        partial(one_session, name="etl", idle_minutes=15, spark=spark, tags={"team": "search"})
    )

    session = deployment.session()
    assert session["state"] in USABLE
    assert session["arn"] == outputs["SessionArn"]
    assert session["name"] == "etl"
    assert session["idleTimeoutMinutes"] == 15
    assert session["tags"]["team"] == "search"
    assert session["configurationOverrides"] == {
        "runtimeConfiguration": [{"classification": "spark-defaults", "properties": spark}]
    }
    # The session started it, and a started application can't be deleted.
    assert deployment.application_state(outputs) == "STARTED"

    deployment.destroy()

    assert deployment.status() == "absent"
    assert deployment.session(outputs)["state"] == "TERMINATED"
    assert deployment.application_state(outputs) == "TERMINATED", "it was deleted"
