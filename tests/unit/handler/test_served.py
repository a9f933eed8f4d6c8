"""The reason says what to change where the provider doesn't serve the stack, or not all of it."""

from __future__ import annotations

import pytest

from tests.unit.handler.conftest import OWNER, Lab
from tests.unit.handler.network import Fault

STACK = OWNER.stack_id.split("/")[1]


@pytest.fixture(autouse=True)
def _of_the_template(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROVIDER_STACK", "sessions")
    monkeypatch.setenv("SERVED_STACKS", "analytics-*,reports")


def test_a_stack_that_is_not_listed_is_refused_at_once(lab: Lab) -> None:
    properties = lab.properties(StopApplication="true")
    lab.authorizer.denied |= {"emr-serverless:GetApplication", "emr-serverless:StopApplication"}
    asked_at = lab.clock.now()

    answer = lab.create(properties)

    assert not answer.is_success
    assert answer.physical_id.startswith("none:")
    assert f"add {STACK} to the parameter StackNames of the stack sessions" in answer.reason
    assert lab.clock.now() == asked_at
    assert lab.delete(answer.physical_id, properties).is_success
    assert lab.service.sessions() == []
    assert lab.clock.now() == asked_at


@pytest.mark.parametrize("listed", [STACK, f"reports,{STACK[:3]}*", "*"])
def test_a_stack_that_is_listed_is_served(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, listed: str
) -> None:
    monkeypatch.setenv("SERVED_STACKS", listed)

    assert lab.create(lab.properties()).is_success


def test_a_stack_that_is_listed_no_more_keeps_its_session_in_an_update(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = lab.properties()
    monkeypatch.setenv("SERVED_STACKS", STACK)
    held = lab.create(before).physical_id
    monkeypatch.setenv("SERVED_STACKS", "reports")

    lab.authorizer.denied.add("emr-serverless:ListSessions")
    asked_at = lab.clock.now()

    answer = lab.update(held, before, {**before, "Name": "another"})

    assert (answer.is_success, answer.physical_id) == (False, held)
    assert lab.cloudformation.answers[-1].at - asked_at < 10, "nothing was waited for"
    assert "StackNames" in answer.reason
    assert lab.live() == [held]


def test_a_stack_that_is_listed_no_more_is_told_so_when_its_session_cannot_be_ended(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    properties = lab.properties()
    monkeypatch.setenv("SERVED_STACKS", STACK)
    held = lab.create(properties).physical_id
    monkeypatch.setenv("SERVED_STACKS", "reports")
    lab.authorizer.denied.add("emr-serverless:TerminateSession")

    answer = lab.delete(held, properties)

    assert not answer.is_success
    assert f"add {STACK} to the parameter StackNames of the stack sessions" in answer.reason
    assert "and delete again" in answer.reason


@pytest.mark.parametrize(
    ("action", "parameter"),
    [
        ("iam:PassRole", "ExecutionRoleArns"),
        ("emr-serverless:StartSession", "ApplicationIds"),
        ("emr-serverless:TagResource", "TagKeys"),
    ],
)
def test_a_refusal_names_the_parameter_that_lacks_something(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, action: str, parameter: str
) -> None:
    monkeypatch.setenv("SERVED_STACKS", STACK)
    lab.authorizer.denied.add(action)

    answer = lab.create(lab.properties(Tags={"team": "search"}))

    assert not answer.is_success
    assert f"in {parameter}, a parameter of the stack sessions" in answer.reason
    # AWS says that it is the role's own policies.
    assert "permissions boundary" not in answer.reason


def test_a_refusal_that_no_parameter_helps_names_none(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVED_STACKS", STACK)
    lab.authorizer.denied.add("emr-serverless:GetSession")

    answer = lab.create(lab.properties())

    assert not answer.is_success
    assert "emr-serverless:GetSession" in answer.reason
    assert "a parameter of the stack" not in answer.reason


def test_a_refusal_of_the_organisation_names_its_policy_beside_the_parameter(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVED_STACKS", STACK)
    why = "because no service control policy allows the iam:PassRole action"
    lab.network.always["StartSession"] = Fault(403, "AccessDeniedException", why)

    answer = lab.create(lab.properties())

    assert "in ExecutionRoleArns, a parameter of the stack sessions" in answer.reason
    assert "an organisation's policy" in answer.reason


class TestOfAnApp:
    """The provider of an app: IAM alone says whom it serves, and the list how long to ask."""

    @pytest.fixture(autouse=True)
    def _of_an_app(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PROVIDER_STACK")
        monkeypatch.setenv("SERVED_STACKS", "platform,analytics-*")

    def test_a_stack_that_it_does_not_serve_is_named_within_a_minute(self, lab: Lab) -> None:
        properties = lab.properties(StopApplication="true")
        for operation in ("StartSession", "ListSessions", "GetApplication", "StopApplication"):
            lab.authorizer.denied.add(f"emr-serverless:{operation}")
        asked_at = lab.clock.now()

        answer = lab.create(properties)

        assert not answer.is_success
        assert f"doesn't serve the stack {STACK}: add provider.serve(" in answer.reason
        assert f'stack_name="{STACK}"' in answer.reason
        assert 15 <= answer.at - asked_at <= 60
        asked_at = lab.clock.now()
        assert lab.delete(answer.physical_id, properties).is_success
        assert lab.clock.now() - asked_at <= 60

    def test_a_stack_of_the_app_that_is_not_listed_yet_is_served(self, lab: Lab) -> None:
        lab.authorizer.denied.add("emr-serverless:StartSession")
        lab.clock.after(10, lab.authorizer.denied.clear)

        assert lab.create(lab.properties()).is_success

    @pytest.mark.parametrize("listed", [f"platform,{STACK}", "platform,*"])
    def test_iam_is_given_four_minutes_where_the_stack_is_listed(
        self, lab: Lab, monkeypatch: pytest.MonkeyPatch, listed: str
    ) -> None:
        monkeypatch.setenv("SERVED_STACKS", listed)
        lab.authorizer.denied.add("emr-serverless:StartSession")
        asked_at = lab.clock.now()

        answer = lab.create(lab.properties())

        assert "provider.serve" not in answer.reason
        assert answer.at - asked_at >= 225

    def test_a_session_that_cannot_be_ended_any_more_says_so(self, lab: Lab) -> None:
        properties = lab.properties()
        held = lab.create(properties).physical_id
        lab.authorizer.denied.add("emr-serverless:TerminateSession")

        answer = lab.delete(held, properties)

        assert not answer.is_success
        assert f'provider.serve(stack_name="{STACK}", …)' in answer.reason
        assert "deploy the provider's stack and delete again" in answer.reason
