"""What the distributions must agree on, and can't import from each other, is the same in each."""

from types import ModuleType

import pytest

from cdk_emr_serverless_session._emr import names as constructs
from cdk_emr_serverless_session._emr.names import session_resource_name
from cdk_emr_serverless_session._emr.releases import SPARK_OF_RELEASE
from emr_serverless_local import names as local
from emr_session._emr import names as client
from emr_session._emr.names import SessionArn
from emr_session._emr.releases import RELEASES
from session_handler import names as handler

MODULES = (constructs, handler, client, local)


def constants(module: ModuleType) -> dict[str, object]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_a_name_means_the_same_everywhere(module: ModuleType) -> None:
    for other in MODULES:
        common = constants(module).keys() & constants(other).keys()
        assert {name: getattr(module, name) for name in common} == {
            name: getattr(other, name) for name in common
        }


def test_the_tags_and_states_that_all_need_are_there() -> None:
    common = constants(constructs).keys() & constants(handler).keys() & constants(client).keys()
    assert {"STACK_ID_TAG", "LOGICAL_ID_TAG", "HELD_ARN_TAG", "RETAINED_TAG"} <= common
    assert {"LIVE_STATES", "OVER_STATES"} <= constants(handler).keys() & constants(client).keys()


def test_the_constructs_arn_is_one_that_the_client_reads() -> None:
    name = session_resource_name("00f1abc", "00f2abc")
    parsed = SessionArn.parse(
        f"arn:aws:emr-serverless:us-east-1:111122223333:{constructs.ARN_RESOURCE}/{name}"
    )

    assert parsed
    assert (parsed.application_id, parsed.session_id) == ("00f1abc", "00f2abc")


def test_constructs_and_client_know_the_same_releases() -> None:
    assert {one.label: one.spark for one in RELEASES} == SPARK_OF_RELEASE
