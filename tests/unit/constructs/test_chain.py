"""The dependencies of a session, and on it."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from testbed.chain import before_first, between
from testbed.synth_bench import TYPE, Bench

APPLICATION = "AWS::EMRServerless::Application"


def test_before_the_first_start_are_a_role_and_a_policy(bench: Bench) -> None:
    bench.session()
    chain = before_first(bench.template(), TYPE)
    assert chain.types == ("AWS::IAM::Role", "AWS::IAM::Policy")
    assert chain.seconds <= 34


def test_neither_policies_of_the_execution_role_nor_a_schedule_make_it_longer(
    bench: Bench,
) -> None:
    bench.role.add_to_policy(
        iam.PolicyStatement(actions=["s3:GetObject"], resources=["arn:aws:s3:::data/*"])
    )
    session = bench.session()
    session.keep_alive(schedule=scheduler.ScheduleExpression.rate(cdk.Duration.minutes(15)))
    assert before_first(bench.template(), TYPE).seconds <= 34


def test_no_function_and_no_role_is_deleted_between_session_and_application(bench: Bench) -> None:
    """The policy names the application, so it goes first: a single call of IAM, in a second."""
    bench.session()
    assert between(bench.template(), TYPE, APPLICATION) == {"AWS::IAM::Policy"}
