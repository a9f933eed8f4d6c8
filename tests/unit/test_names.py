"""Facts that each distribution has a copy of are the same in all."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cdk_emr_serverless_session._emr import names as constructs
from cdk_emr_serverless_session._emr.names import session_resource_name
from cdk_emr_serverless_session._emr.releases import SPARK_OF_RELEASE, read_release
from cdk_emr_serverless_session._template.properties import (
    REQUEST_PROPERTIES as asked_by_constructs,
)
from cdk_emr_serverless_session._template.properties import handling_properties
from emr_serverless_local import names as local
from emr_serverless_local.sessions import wire
from emr_serverless_local.sessions.release import has_sessions
from emr_serverless_local.sessions.release import spark_defaults as local_spark_defaults
from emr_session._doctor.capacity import settings_of
from emr_session._emr import names as client
from emr_session._emr.names import SessionArn
from emr_session._emr.releases import RELEASES, merges_configuration, takes_sessions
from session_handler import identity
from session_handler import names as handler
from session_handler.properties import PROPERTIES
from session_handler.properties import REQUEST_PROPERTIES as read_by_handler

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


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_an_arn_of_the_local_aws_is_one_that_handler_and_client_read(partition: str) -> None:
    application = local.application_arn(partition, "us-east-1", "111122223333", "00f1abc")
    arn = local.session_arn(application, "00f2abc")

    for parsed in (SessionArn.parse(arn), identity.SessionArn.parse(arn)):
        assert parsed
        assert (parsed.application_id, parsed.session_id) == ("00f1abc", "00f2abc")


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:emr-serverless:us-east-1:111122223333:/applications/00f1abc",
        "arn:aws:emr-serverless:us-east-1:111122223333:/applications/00f1abc/sessions/*",
        "arn:aws:emr-serverless:us-east-1:1111:/applications/00f1abc/sessions/00f2abc",
        "arn:aws:emr-serverless:us-east-1:111122223333:/applications/00f1abc/sessions/00f2abc\n",
        "00f1abc/00f2abc",
        "",
    ],
)
def test_what_is_no_sessions_arn_is_none_to_handler_and_client(text: str) -> None:
    assert SessionArn.parse(text) is None
    assert identity.SessionArn.parse(text) is None


def test_the_constructs_set_properties_that_the_handler_reads() -> None:
    assert asked_by_constructs == read_by_handler
    handled = handling_properties(
        stop_application=True, wait_until_ready=False, ensure_live_on_deploy=True
    )
    assert handled.keys() <= set(PROPERTIES) - set(read_by_handler)


def test_constructs_and_client_know_the_same_releases() -> None:
    assert {one.label: one.spark for one in RELEASES} == SPARK_OF_RELEASE


@pytest.mark.parametrize(
    "label",
    ["emr-7.12.0", "emr-7.13.0", "emr-7.14.0-20260401", "emr-spark-8.0.0", "emr-spark-8.1.0"],
)
def test_releases_are_judged_alike(label: str) -> None:
    release = read_release(label)

    assert release
    assert takes_sessions(label) == has_sessions(label) == release.takes_sessions
    assert merges_configuration(label) == release.merges_configuration


@pytest.mark.parametrize("label", ["emr-7.13.0", "emr-spark-8.0.0", "emr-spark-8.1.0"])
@pytest.mark.parametrize(
    "session",
    [
        [],
        [{"classification": "spark-defaults", "properties": {"spark.b": "2"}}],
        [{"classification": "spark-driver-log4j2", "properties": {"rootLogger.level": "warn"}}],
    ],
    ids=["none", "properties", "log level"],
)
def test_doctor_and_local_aws_know_which_configuration_counts(
    label: str, session: list[dict[str, Any]]
) -> None:
    theirs = [{"classification": "spark-defaults", "properties": {"spark.a": "1"}}]
    application = {"releaseLabel": label, "runtimeConfiguration": theirs}
    described = {"configurationOverrides": {"runtimeConfiguration": session}}

    assert settings_of(application, described) == local_spark_defaults(label, theirs, session)


@pytest.mark.parametrize("module", ["memory.py", "workers.py"])
def test_what_a_worker_takes_is_calculated_alike(module: str) -> None:
    packages = (Path(file).parent for file in (constructs.__file__, client.__file__, wire.__file__))
    assert len({(package / module).read_text() for package in packages}) == 1
