"""What a template can hold: at its limits the session starts, beyond them the reason says so.

And whatever it held, a Delete ends the session.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from session_handler.answer import MAX_BYTES
from tests.unit.handler.conftest import ROLE, Lab

OWNER_TAGS = 4
LONG_KEY = "k" * 125  # and three digits


def properties(lab: Lab, **more: Any) -> dict[str, Any]:
    return {"ApplicationId": lab.application(), "ExecutionRoleArn": ROLE, **more}


def tags(count: int) -> dict[str, str]:
    return {f"{LONG_KEY}{number:03}": "v" * 256 for number in range(count)}


def configurations(count: int, entries: int = 1) -> dict[str, Any]:
    values = {f"spark.k{number}": "ü" * 1024 for number in range(entries)}
    one = {"Classification": "spark-defaults", "Properties": values}
    return {"RuntimeConfiguration": [one] * count}


def session_ids(arn: str) -> dict[str, str]:
    *_, application_id, _, session_id = arn.split("/")
    return {"applicationId": application_id, "sessionId": session_id}


def nested(depth: int) -> dict[str, Any]:
    configuration: dict[str, Any] = {"Classification": "innermost"}
    for _ in range(depth):
        configuration = {"Classification": "outer", "Configurations": [configuration]}
    return {"RuntimeConfiguration": [configuration]}


@pytest.mark.parametrize(
    "at_limit",
    [
        {"Name": "n" * 256},
        {"Name": "étude ☕ 実験 \U0001f680"},
        {"Name": "é" * 256},
        {"Tags": tags(200 - OWNER_TAGS)},
        {"Tags": {"A-Z a-z 0-9 /_.:=+@-": ""}},
        {"IdleTimeoutMinutes": "1000000"},
        {"IdleTimeoutMinutes": "0"},
        {"ConfigurationOverrides": configurations(100)},
        {"ConfigurationOverrides": configurations(1, entries=100)},
        {"ConfigurationOverrides": nested(20)},
        {"ConfigurationOverrides": {}},
    ],
    ids=lambda at_limit: next(iter(at_limit)),
)
def test_what_is_within_the_limits_starts_as_it_was_asked_for(
    lab: Lab, at_limit: dict[str, Any]
) -> None:
    answer = lab.create(properties(lab, **at_limit))

    assert answer.is_success, answer.reason
    session = lab.session(answer.physical_id)
    assert session.request.get("name") == at_limit.get("Name")
    assert session.tags.items() >= at_limit.get("Tags", {}).items()
    assert len(session.tags) == len(at_limit.get("Tags", {})) + OWNER_TAGS


@pytest.mark.parametrize(
    ("beyond", "said"),
    [
        ({"Name": "n" * 257}, "'name' failed to satisfy constraint"),
        ({"Name": "界" * 20_000}, "ValidationException"),
        ({"Name": " "}, "'name' failed to satisfy constraint"),
        ({"Name": {"Fn::Sub": "x"}}, "Name has to be a string"),
        ({"Tags": tags(200)}, "'tags' failed to satisfy constraint: Member must have length less"),
        ({"Tags": {"ü": "1"}}, "'ü' at 'tags.key' failed to satisfy constraint"),
        ({"Tags": {"k": "☕"}}, "'☕' at 'tags.k"),
        ({"Tags": {"k" * 129: ""}}, "'tags.key' failed to satisfy constraint"),
        ({"Tags": {"k": "v" * 257}}, "'tags.k"),
        ({"Tags": ["team"]}, "Tags has to be a map of strings"),
        ({"Tags": {"aws:x": "1"}}, "the key 'aws:x' is reserved"),
        ({"IdleTimeoutMinutes": "1000001"}, "'idleTimeoutMinutes' failed to satisfy constraint"),
        ({"IdleTimeoutMinutes": "-1"}, "IdleTimeoutMinutes has to be a whole number"),
        ({"IdleTimeoutMinutes": "9" * 5000}, "IdleTimeoutMinutes has to be a whole number"),
        (
            {"ConfigurationOverrides": configurations(1000)},
            "'configurationOverrides.runtimeConfiguration' failed to satisfy constraint",
        ),
        (
            {"ConfigurationOverrides": configurations(1, entries=101)},
            "'configurationOverrides.runtimeConfiguration.1.member.properties' failed",
        ),
        (
            {"ConfigurationOverrides": {"RuntimeConfiguration": [{"Classification": ""}] * 1000}},
            "ConfigurationOverrides.RuntimeConfiguration[0].Classification is required",
        ),
        ({"ConfigurationOverrides": {"x" * 9000: 1}}, "ConfigurationOverrides has no "),
        ({"ExecutionRoleArn": "not-an-arn"}, "executionRoleArn"),
        ({"ExecutionRoleArn": None}, "ExecutionRoleArn is required"),
        ({"ApplicationId": None}, "ApplicationId is required"),
        ({"ApplicationId": "../sessions"}, "UnknownOperationException"),
        ({"StopApplication": "yes"}, "StopApplication has to be true or false, and is 'yes'."),
        ({"WaitUntilReady": 1}, "WaitUntilReady has to be true or false, and is 1."),
        ({"Retain": "maybe"}, "Retain has to be true or false, and is 'maybe'."),
        ({"KeepAlive": ""}, "KeepAlive has to be true or false, and is ''."),
        ({"ApplicationID": "00f1"}, "The resource has no 'ApplicationID'; it has ServiceToken, "),
        ({"IdleTimeout": "30", "Spark": {}}, "The resource has no 'IdleTimeout', 'Spark'; it has "),
        ({"x" * 9000: "1"}, "The resource has no 'xxx"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_beyond_the_limits_is_refused_with_a_reason(
    lab: Lab, beyond: dict[str, Any], said: str
) -> None:
    answer = lab.create(properties(lab, **beyond))
    reason = answer.reason

    assert not answer.is_success
    assert said in reason
    assert "session Notebook" in reason
    assert "What to do: " in reason
    assert answer.size <= MAX_BYTES
    assert lab.service.sessions() == []


def test_an_update_that_cannot_be_read_leaves_the_session(lab: Lab) -> None:
    before = properties(lab)
    held = lab.create(before).physical_id
    after = {**before, "IdleTimeoutMinutes": "soon"}

    failed = lab.update(held, before, after)
    assert (failed.is_success, failed.physical_id) == (False, held)
    assert "IdleTimeoutMinutes has to be a whole number" in failed.reason

    back = lab.update(held, after, before, rollback=True)
    assert (back.is_success, back.physical_id) == (True, held)
    assert lab.live() == [held]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
WHATEVER_COMES = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# Names that the handler reads, with whatever behind them.
PROPERTIES = ANYTHING | st.dictionaries(
    st.sampled_from(
        [
            *("ApplicationId", "ExecutionRoleArn", "Name", "IdleTimeoutMinutes", "Tags"),
            *("ConfigurationOverrides", "StopApplication", "WaitUntilReady", "Retain"),
            "KeepAlive",
        ]
    ),
    ANYTHING | st.sampled_from(["true", "false"]),
)


@WHATEVER_COMES
@given(garbage=PROPERTIES, old=PROPERTIES)
def test_a_delete_ends_its_session_whatever_its_properties_are(
    lab: Lab, garbage: Any, old: Any
) -> None:
    arn = lab.start(lab.application())
    answer = lab.delete(arn, garbage, OldResourceProperties=old)
    assert answer.is_success, answer.reason
    assert lab.session(arn).state == "TERMINATED"


@WHATEVER_COMES
@given(garbage=PROPERTIES, physical_id=st.text() | st.just("pending:00a1:" + "0" * 64))
def test_a_delete_of_what_never_was_succeeds(lab: Lab, garbage: Any, physical_id: str) -> None:
    bystander = lab.start(lab.application(), idleTimeoutMinutes=0)
    assert lab.delete(physical_id, garbage).is_success
    assert lab.session(bystander).arn in lab.live()
    lab.service.perform("TerminateSession", session_ids(bystander))
