"""What CloudFormation sends, read: strings to types, and clear words for what can't be read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from session_handler.properties import PROPERTIES, REQUEST_PROPERTIES, MalformedRequest
from session_handler.request import Request
from session_handler.update import tag_changes
from tests.unit.handler.conftest import OWNER, ROLE, Lab


def request(**properties: Any) -> Request:
    return Request.read(
        {
            "RequestType": "Create",
            "RequestId": "request-1",
            "StackId": "stack-1",
            "LogicalResourceId": "Session",
            "ResourceProperties": {
                "ServiceToken": "arn:…",
                "ApplicationId": "00a1",
                "ExecutionRoleArn": ROLE,
                **properties,
            },
        }
    )


def parameters(**properties: Any) -> dict[str, Any]:
    return request(**properties).spec().parameters()


def test_what_is_absent_stays_absent() -> None:
    assert parameters() == {"applicationId": "00a1", "executionRoleArn": ROLE}


@pytest.mark.parametrize("sent", ["30", 30, "30.0", " 30 "])
def test_numbers_come_back_from_strings(sent: Any) -> None:
    assert parameters(IdleTimeoutMinutes=sent)["idleTimeoutMinutes"] == 30


@pytest.mark.parametrize(("sent", "read"), [("true", True), ("True", True), ("false", False)])
def test_booleans_come_back_from_strings(sent: str, read: bool) -> None:
    asked = request(StopApplication=sent, WaitUntilReady=sent, Retain=sent, KeepAlive=sent)
    flags = (asked.stops_application, asked.waits_until_ready, asked.retains, asked.is_kept_alive)
    assert flags == (read,) * 4


def test_flags_that_are_absent_have_their_defaults() -> None:
    asked = request()
    flags = (asked.stops_application, asked.waits_until_ready, asked.retains, asked.is_kept_alive)
    assert flags == (False, True, False, False)


def test_configurations_nest() -> None:
    inner = {"Classification": "inner", "Properties": {"deep": "1"}}
    outer = {"Classification": "outer", "Properties": {}, "Configurations": [inner]}
    sent = {"RuntimeConfiguration": [outer, {"Classification": "bare"}]}
    assert parameters(ConfigurationOverrides=sent)["configurationOverrides"] == {
        "runtimeConfiguration": [
            {
                "classification": "outer",
                "properties": {},
                "configurations": [{"classification": "inner", "properties": {"deep": "1"}}],
            },
            {"classification": "bare"},
        ]
    }


def test_overrides_without_content_are_asked_for_as_they_are() -> None:
    assert parameters(ConfigurationOverrides={})["configurationOverrides"] == {}


def test_values_of_properties_become_strings() -> None:
    values = {"n": 4, "b": True, "c": False, "none": None}
    sent = {"Classification": "spark-defaults", "Properties": values}
    overrides = parameters(ConfigurationOverrides={"RuntimeConfiguration": [sent]})
    configuration = overrides["configurationOverrides"]["runtimeConfiguration"][0]
    assert configuration["properties"] == {"n": "4", "b": "true", "c": "false"}


def test_how_the_resource_is_handled_is_not_asked_of_the_service() -> None:
    handling = {name: "true" for name in PROPERTIES if name not in REQUEST_PROPERTIES}
    assert parameters(**handling) == parameters()


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"ApplicationId": None}, "ApplicationId"),
        ({"ApplicationID": "00f1"}, "'ApplicationID'"),
        ({"ExecutionRoleArn": ""}, "ExecutionRoleArn"),
        ({"Name": ["a"]}, "Name"),
        ({"IdleTimeoutMinutes": "soon"}, "IdleTimeoutMinutes"),
        ({"IdleTimeoutMinutes": "1.5"}, "IdleTimeoutMinutes"),
        ({"IdleTimeoutMinutes": True}, "IdleTimeoutMinutes"),
        ({"ConfigurationOverrides": "x"}, "ConfigurationOverrides"),
        ({"ConfigurationOverrides": 7}, "ConfigurationOverrides has to be an object, and is 7"),
        ({"ConfigurationOverrides": {"runtimeConfiguration": []}}, "runtimeConfiguration"),
        ({"ConfigurationOverrides": {"RuntimeConfiguration": {}}}, "RuntimeConfiguration"),
        (
            {"ConfigurationOverrides": {"RuntimeConfiguration": [{"Properties": {}}]}},
            "RuntimeConfiguration[0].Classification",
        ),
    ],
)
def test_a_property_that_cannot_be_read_is_named(properties: Any, named: str) -> None:
    with pytest.raises(MalformedRequest) as failure:
        parameters(**properties)
    assert named in str(failure.value)


@pytest.mark.parametrize("key", ["aws:x", "AWS:x", "emr-serverless-session:stack-id"])
def test_reserved_tags_are_refused(key: str) -> None:
    with pytest.raises(MalformedRequest) as failure:
        request(Tags={key: "1"}).tags()
    assert key in str(failure.value)


@pytest.mark.parametrize("properties", [None, [], "text", 7])
def test_a_delete_needs_no_properties(properties: Any) -> None:
    assert Request.read({"ResourceProperties": properties}).application_ids() == []


def test_the_smallest_request_has_nothing_that_was_not_asked_for(lab: Lab) -> None:
    properties = lab.properties()
    lab.create(properties)
    [asked] = lab.asked("StartSession")
    spec = asked["tags"]["emr-serverless-session:spec"]
    assert asked == {
        "applicationId": properties["ApplicationId"],
        "clientToken": asked["clientToken"],
        "executionRoleArn": ROLE,
        "tags": OWNER.tags(spec, asked["clientToken"]),
    }
    assert len(asked["clientToken"]) == 64


def test_everything_that_can_be_asked_for_is_on_the_wire(lab: Lab) -> None:
    classification = {
        "Classification": "spark-defaults",
        "Properties": {"spark.executor.cores": "4"},
        "Configurations": [{"Classification": "inner", "Properties": {"x": "1"}}],
    }
    lab.create(
        lab.properties(
            Name="näme",
            IdleTimeoutMinutes="30",
            ConfigurationOverrides={"RuntimeConfiguration": [classification]},
            Tags={"team": "data"},
        )
    )
    [asked] = lab.asked("StartSession")
    assert (asked["name"], asked["idleTimeoutMinutes"], asked["tags"]["team"]) == (
        "näme",
        30,
        "data",
    )
    lowered = json.loads(
        json.dumps([classification])
        .replace('"Classification"', '"classification"')
        .replace('"Properties"', '"properties"')
        .replace('"Configurations"', '"configurations"')
    )
    assert asked["configurationOverrides"] == {"runtimeConfiguration": lowered}


def test_tags_change_by_what_is_different() -> None:
    to_set, to_remove = tag_changes(
        actual={"same": "1", "changed": "1", "gone": "1", "theirs": "1"},
        wanted={"same": "1", "changed": "2", "new": "1"},
        before={"same": "1", "changed": "1", "gone": "1", "long-gone": "1"},
    )
    assert to_set == {"changed": "2", "new": "1"}
    assert to_remove == ["gone"]


def test_owner_tags_and_those_of_aws_are_never_removed() -> None:
    reserved = {"emr-serverless-session:spec": "1", "aws:x": "1", "AWS:y": "1"}
    assert tag_changes(actual=reserved, wanted={}, before=reserved) == ({}, [])
