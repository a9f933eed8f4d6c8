"""What CloudFormation sends, read: strings to types, and clear words for what can't be read."""

from typing import Any

import pytest

from session_handler.event import Event, MalformedRequest

ROLE = "arn:aws:iam::123456789012:role/execution"


def event(properties: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "RequestType": "Create",
        "RequestId": "request-1",
        "StackId": "stack-1",
        "LogicalResourceId": "Session",
        "ResourceProperties": {
            "ServiceToken": "arn:…",
            "ApplicationId": "00a1",
            "ExecutionRoleArn": ROLE,
            **(properties or {}),
        },
        **more,
    }


def parameters(**properties: Any) -> dict[str, Any]:
    return Event.parse(event(properties)).spec().parameters()


def test_what_is_absent_stays_absent() -> None:
    assert parameters() == {"applicationId": "00a1", "executionRoleArn": ROLE}


@pytest.mark.parametrize("sent", ["30", 30, "30.0", " 30 "])
def test_numbers_come_back_from_strings(sent: Any) -> None:
    assert parameters(IdleTimeoutMinutes=sent)["idleTimeoutMinutes"] == 30


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


def test_values_of_properties_become_strings() -> None:
    sent = {"Classification": "spark-defaults", "Properties": {"n": 4, "b": True, "none": None}}
    overrides = parameters(ConfigurationOverrides={"RuntimeConfiguration": [sent]})
    configuration = overrides["configurationOverrides"]["runtimeConfiguration"][0]
    assert configuration["properties"] == {"n": "4", "b": "true"}


def test_a_thousand_configurations_are_read() -> None:
    sent = [{"Classification": f"c{n}", "Properties": {"k": "ü"}} for n in range(1000)]
    overrides = parameters(ConfigurationOverrides={"RuntimeConfiguration": sent})
    assert len(overrides["configurationOverrides"]["runtimeConfiguration"]) == 1000


def test_properties_of_another_version_are_ignored() -> None:
    assert parameters(OfTomorrow="x") == parameters()


@pytest.mark.parametrize(
    ("properties", "named"),
    [
        ({"ApplicationId": None}, "ApplicationId"),
        ({"ExecutionRoleArn": ""}, "ExecutionRoleArn"),
        ({"Name": ["a"]}, "Name"),
        ({"IdleTimeoutMinutes": "soon"}, "IdleTimeoutMinutes"),
        ({"IdleTimeoutMinutes": "1.5"}, "IdleTimeoutMinutes"),
        ({"IdleTimeoutMinutes": True}, "IdleTimeoutMinutes"),
        ({"ConfigurationOverrides": "x"}, "ConfigurationOverrides"),
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
        Event.parse(event({"Tags": {key: "1"}})).tags()
    assert key in str(failure.value)


@pytest.mark.parametrize("broken", [None, [], "text", {}, {"RequestType": "Explode"}])
def test_what_is_no_event_is_refused(broken: Any) -> None:
    with pytest.raises(MalformedRequest):
        Event.parse(broken)


@pytest.mark.parametrize("name", ["RequestId", "StackId", "LogicalResourceId"])
def test_an_event_without_its_identity_is_refused(name: str) -> None:
    with pytest.raises(MalformedRequest) as failure:
        Event.parse(event(**{name: ""}))
    assert name in str(failure.value)


@pytest.mark.parametrize("properties", [None, [], "text", 7])
def test_a_delete_needs_no_properties(properties: Any) -> None:
    sent = event(RequestType="Delete", PhysicalResourceId="x") | {"ResourceProperties": properties}
    assert Event.parse(sent).application_ids() == []
