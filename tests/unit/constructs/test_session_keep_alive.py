"""Sessions that are restarted on deploy, kept alive, and named by a parameter."""

from __future__ import annotations

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from cdk_emr_serverless_session import Session, SessionAttributes, SessionValidationError
from session_handler.request import Request, ScheduleCall
from testbed.synth_bench import (
    TYPE,
    Bench,
    action_list,
    execution_role,
    interactive_application,
    resources_of,
    statements_of,
)

OFFICE_HOURS = scheduler.ScheduleExpression.cron(minute="0/15", hour="8-18", week_day="MON-FRI")
SCHEDULE = "AWS::Scheduler::Schedule"
PARAMETER = "AWS::SSM::Parameter"


def the(template: dict[str, Any], resource_type: str) -> dict[str, Any]:
    (found,) = resources_of(template, resource_type).values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def schedule_input(bench: Bench) -> dict[str, Any]:
    """A schedule's input, with a word for each reference."""
    written = the(bench.template(), SCHEDULE)["Target"]["Input"]["Fn::Join"][1]
    text = "".join(
        part
        if isinstance(part, str)
        else ".".join(map(str, next(iter(part.values()))))
        if isinstance(next(iter(part.values())), list)
        else str(next(iter(part.values())))
        for part in written
    )
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_a_session_that_nothing_was_said_about_has_none_of_it(bench: Bench) -> None:
    bench.session()
    template = bench.template()
    assert not resources_of(template, SCHEDULE)
    assert not resources_of(template, PARAMETER)
    assert "CheckedForSynthAt" not in bench.properties()
    actions = {action for s in statements_of(template) for action in action_list(s)}
    assert "ssm:PutParameter" not in actions


def test_each_synth_asks_for_a_look_where_that_was_asked_for() -> None:
    def properties() -> dict[str, Any]:
        stack = cdk.Stack(app := cdk.App(), "Stack")
        one = Bench(app, stack, interactive_application(stack), execution_role(stack))
        one.session(ensure_live_on_deploy=True)
        return one.properties()

    first, second = properties(), properties()
    assert first.pop("CheckedForSynthAt") != second.pop("CheckedForSynthAt")
    assert first == second


def test_a_schedule_calls_for_the_session_that_cloudformation_holds(bench: Bench) -> None:
    session = bench.session(
        session_name="kept", idle_timeout=cdk.Duration.minutes(30), tags={"team": "a"}
    )
    returned = session.keep_alive(schedule=OFFICE_HOURS)
    assert isinstance(returned, scheduler.Schedule)
    template = bench.template()
    (logical_id,) = resources_of(template, TYPE)
    schedule = the(template, SCHEDULE)
    assert schedule["ScheduleExpression"] == "cron(0/15 8-18 ? * MON-FRI *)"
    assert schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"] == 600
    written = schedule_input(bench)
    assert written["PhysicalResourceId"] == f"{logical_id}.Arn"
    assert written["LogicalResourceId"] == logical_id
    assert written["StackId"] == "AWS::StackId"
    assert written["ScheduledTime"] == "<aws.scheduler.scheduled-time>"
    assert bench.properties()["KeepAlive"] == "true"


def test_a_successor_is_asked_for_what_the_session_was_asked_for(bench: Bench) -> None:
    session = bench.session(
        session_name="kept",
        idle_timeout=cdk.Duration.minutes(30),
        tags={"team": "a"},
        wait_until_ready=False,
        ensure_live_on_deploy=True,
    )
    session.keep_alive(schedule=OFFICE_HOURS)
    written = {**schedule_input(bench), "ScheduledTime": "2026-11-24T09:00:00Z"}
    called = ScheduleCall.read(written).request
    properties = bench.properties()
    deployed = Request.read(
        {
            "RequestType": "Create",
            "RequestId": "r",
            "StackId": "s",
            "LogicalResourceId": "l",
            "ResourceProperties": {
                **properties,
                # CloudFormation sends text, and what references come to.
                "IdleTimeoutMinutes": str(properties["IdleTimeoutMinutes"]),
                "ApplicationId": called.properties["ApplicationId"],
                "ExecutionRoleArn": called.properties["ExecutionRoleArn"],
            },
        }
    )
    assert called.spec().digest == deployed.spec().digest
    assert called.tags() == deployed.tags() == {"team": "a"}
    assert called.is_kept_alive
    assert "CheckedForSynthAt" not in called.properties


def test_the_parameter_names_the_session(bench: Bench) -> None:
    session = bench.session()
    assert session.parameter is session.parameter
    template = bench.template()
    (logical_id,) = resources_of(template, TYPE)
    parameter = the(template, PARAMETER)
    assert parameter["Value"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    assert parameter["Name"].startswith("/emr-serverless-session/")


def test_the_handler_may_write_that_parameter(bench: Bench) -> None:
    bench.session().keep_alive(schedule=OFFICE_HOURS)
    template = bench.template()
    name = the(template, PARAMETER)["Name"]
    statements = {tuple(action_list(s)): s["Resource"] for s in statements_of(template)}
    assert statements["ssm:PutParameter",]["Fn::Join"][1][-1] == f":parameter{name}"


def test_schedules_of_this_account_may_call_that_one_function(bench: Bench) -> None:
    bench.session().keep_alive(schedule=OFFICE_HOURS)
    template = bench.template()
    (role,) = [
        role["Properties"]
        for id, role in resources_of(template, "AWS::IAM::Role").items()
        if "ScheduleRole" in id
    ]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
    condition = trust["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert condition["aws:SourceArn"]["Fn::Join"][1][-1] == ":schedule-group/default"
    (statement,) = statements_of(template, "ScheduleRole")
    (function,) = resources_of(template, "AWS::Lambda::Function")
    assert action_list(statement) == ["lambda:InvokeFunction"]
    assert statement["Resource"] == {"Fn::GetAtt": [function, "Arn"]}
    assert the(template, SCHEDULE)["Target"]["Arn"] == {"Fn::GetAtt": [function, "Arn"]}


def test_a_session_of_others_cannot_be_kept_alive_and_says_so(bench: Bench) -> None:
    imported: Any = Session.from_session_attributes(
        bench.stack, "Imported", SessionAttributes(application_id="00a", session_id="00s")
    )
    with pytest.raises(SessionValidationError, match=r"Stack/Imported\] keep_alive: .*imported"):
        imported.keep_alive(schedule=OFFICE_HOURS)
    with pytest.raises(SessionValidationError, match=r"Stack/Imported\] parameter: .*imported"):
        imported.parameter  # noqa: B018


@pytest.mark.parametrize("granted_first", [True, False])
def test_a_grant_covers_successors_of_this_session_alone(bench: Bench, granted_first: bool) -> None:
    session = bench.session()
    analyst = iam.Role(bench.stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    if granted_first:
        session.grants.connect(analyst)
    session.keep_alive(schedule=OFFICE_HOURS)
    if not granted_first:
        session.grants.connect(analyst).assert_success()
    template = bench.template()
    (logical_id,) = resources_of(template, TYPE)
    held, successors = statements_of(template, "Analyst")
    assert held["Resource"] == {"Fn::GetAtt": [logical_id, "Arn"]}
    assert "Condition" not in held
    assert action_list(successors) == action_list(held)
    assert successors["Resource"]["Fn::Join"][1][-2:] == [
        {"Ref": "Application"},
        "/sessions/*",
    ]
    assert successors["Condition"] == {
        "StringEquals": {
            "aws:ResourceTag/emr-serverless-session:stack-id": {"Ref": "AWS::StackId"},
            "aws:ResourceTag/emr-serverless-session:logical-id": logical_id,
        }
    }


def test_a_grantee_of_another_stack_is_covered_anyway(bench: Bench) -> None:
    """Its grant goes by the owner tags, which a successor has too."""
    session = bench.session()
    other = cdk.Stack(bench.app, "Other")
    session.grants.connect(iam.Role(other, "Analyst", assumed_by=iam.AccountRootPrincipal()))
    session.keep_alive(schedule=OFFICE_HOURS)
    (statement,) = statements_of(bench.template(other), "Analyst")
    assert statement["Resource"]["Fn::Join"][1][-1] == ":/applications/*/sessions/*"


def test_a_session_may_have_several_schedules(bench: Bench) -> None:
    session = bench.session()
    session.keep_alive(schedule=OFFICE_HOURS)
    saturday = scheduler.ScheduleExpression.cron(minute="0/30", hour="9-12", week_day="SAT")
    session.keep_alive(schedule=saturday, id="Saturday")
    assert len(resources_of(bench.template(), SCHEDULE)) == 2


@pytest.mark.parametrize(("id", "problem"), [(None, "is required"), (3, "3"), ("", "''")])
def test_a_schedules_id_is_text(bench: Bench, id: Any, problem: str) -> None:
    with pytest.raises(SessionValidationError) as refusal:
        bench.session().keep_alive(schedule=OFFICE_HOURS, id=id)
    assert str(refusal.value) == f"[Stack/Session keep_alive] id: {problem}; write text."


def test_keeping_alive_takes_no_function_of_its_own(bench: Bench) -> None:
    for id in ("First", "Second"):
        bench.session(id).keep_alive(schedule=OFFICE_HOURS)
    template = bench.template()
    assert len(resources_of(template, "AWS::Lambda::Function")) == 1
    added = [id for id in resources_of(template, "AWS::IAM::Role") if "ScheduleRole" in id]
    assert len(added) == 1


def test_a_shared_provider_writes_the_parameter_of_another_stack(bench: Bench) -> None:
    from cdk_emr_serverless_session import SessionProvider

    platform = cdk.Stack(bench.app, "Platform")
    session = bench.session(provider=SessionProvider(platform, "Provider"))
    session.keep_alive(schedule=OFFICE_HOURS)
    assertions.Template.from_stack(platform)
    policies = resources_of(bench.template(), "AWS::IAM::ManagedPolicy")
    assert "ssm:PutParameter" in json.dumps(policies)
