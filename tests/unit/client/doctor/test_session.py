"""The doctor's findings about a session's state, times and capacity."""

import os

import boto3
import pytest

from emr_session._doctor.caller import read_caller
from emr_session._doctor.finding import Finding, Level
from emr_session._emr.aws import Aws
from tests.unit.client.account import TestClock

from .account import RELEASE, TRUST, DoctorAccount
from .conftest import Look


def test_nothing_is_wrong_with_a_healthy_session(look: Look, arn: str) -> None:
    found = look(arn, connect=True)

    assert {name for name, one in found.items() if one.level == Level.WRONG} == set()
    assert {"session", "application", "execution role", "connect", "token", "Spark"} <= set(found)
    assert found["idle time-out"].text.startswith("idle for")


def test_no_token_is_fetched_unless_asked(aws: DoctorAccount, look: Look, arn: str) -> None:
    assert look(arn)["endpoint"].level == Level.NOT_CHECKED
    assert aws.asked("GetSessionEndpoint") == 0


@pytest.mark.parametrize("end", ["FAILED", "TERMINATED"])
def test_a_session_that_is_over_is_wrong(
    aws: DoctorAccount, clock: TestClock, look: Look, arn: str, end: str
) -> None:
    if end == "FAILED":
        small = {"spark.driver.cores": "1024"}
        application = aws.application(RELEASE)
        aws.client().update_application(
            applicationId=application, maximumCapacity={"cpu": "4 vCPU", "memory": "32 GB"}
        )
        overrides = [{"classification": "spark-defaults", "properties": small}]
        arn = aws.start(application, configurationOverrides={"runtimeConfiguration": overrides})
    else:
        aws.terminate(arn)
    clock.advance(120)

    found = look(arn)
    assert found["session"].level == Level.WRONG
    assert end in found["session"].text
    assert "emr-session start" in found["session"].remedy
    if end == "FAILED":
        # The service said no more than that it failed.
        assert found["capacity"].level == Level.WRONG


def test_a_session_that_is_not_there_is_wrong(look: Look, arn: str) -> None:
    found = look(f"{arn}x")["session"]

    assert found.level == Level.WRONG
    assert "there is no session" in found.text


def test_a_start_that_takes_long_is_a_warning(
    aws: DoctorAccount, clock: TestClock, look: Look
) -> None:
    arn = aws.start(aws.application())
    clock.advance(80)
    assert look(arn)["session"].level == Level.OK

    aws.service.start_seconds = 3600
    arn = aws.start(aws.application())
    clock.advance(1300)
    assert look(arn)["session"].level == Level.WARNING


def test_the_end_of_an_idle_session_is_told_before_it_comes(
    aws: DoctorAccount, clock: TestClock, look: Look
) -> None:
    arn = aws.start(aws.application(), idleTimeoutMinutes=30)
    clock.advance(90)
    aws.client().get_session(applicationId=arn.split("/")[2], sessionId=arn.split("/")[4])
    assert look(arn)["idle time-out"].level == Level.OK

    clock.advance(25 * 60)
    assert look(arn)["idle time-out"].level == Level.WARNING
    assert "idle for 25 min of 30" in look(arn)["idle time-out"].text


def test_an_idle_time_out_of_zero_is_a_warning(aws: DoctorAccount, look: Look) -> None:
    assert look(aws.start(idleTimeoutMinutes=0))["idle time-out"].level == Level.WARNING


def test_the_last_of_the_24_hours_is_a_warning(
    aws: DoctorAccount, clock: TestClock, look: Look
) -> None:
    arn = aws.start(aws.application(), idleTimeoutMinutes=10_080)
    clock.advance(3600)
    assert look(arn)["end"].level == Level.OK

    clock.advance(22.5 * 3600)
    assert look(arn)["end"].level == Level.WARNING


# Room


def test_an_application_with_25_sessions_takes_no_more(aws: DoctorAccount, look: Look) -> None:
    application = aws.application()
    for _ in range(24):
        aws.start(application)
    assert look(application_id=application)["session quota"].level == Level.OK

    aws.start(application)
    found = look(application_id=application)["session quota"]
    assert found.level == Level.WRONG
    assert "25 of 25" in found.text


@pytest.mark.parametrize(
    ("vcpu", "level", "said"),
    [
        (None, Level.WARNING, "as for a new account: enough for a driver and 3 executors"),
        (6, Level.WRONG, "a driver and an executor need 8"),
        (400, Level.OK, "400 for the account"),
    ],
)
def test_the_accounts_vcpu_have_to_be_enough(
    aws: DoctorAccount, look: Look, vcpu: float | None, level: Level, said: str
) -> None:
    aws.vcpu = vcpu

    found = look(application_id=aws.application())["vCPU quota"]
    assert (found.level, said in found.text) == (level, True)


def test_other_sessions_take_of_the_accounts_vcpu(
    aws: DoctorAccount, clock: TestClock, look: Look, arn: str
) -> None:
    aws.vcpu = 16
    for _ in range(3):
        aws.start(arn.split("/")[2])
    clock.advance(100)

    found = look(arn)["vCPU quota"]
    assert found.level == Level.WRONG
    assert "at least 12 of them" in found.text


# The role


@pytest.mark.parametrize(
    ("trust", "said"),
    [
        (None, "there is no role execution"),
        (
            {"Statement": {**TRUST["Statement"][0], "Principal": {"Service": "ec2.amazonaws.com"}}},  # type: ignore[dict-item]
            "doesn't trust",
        ),
        (
            {"Statement": [*TRUST["Statement"], {**TRUST["Statement"][0], "Effect": "Deny"}]},  # type: ignore[dict-item]
            "denies",
        ),
    ],
    ids=["gone", "other service", "denied"],
)
def test_a_role_that_the_service_cannot_assume_is_wrong(
    aws: DoctorAccount, look: Look, arn: str, trust: dict[str, object] | None, said: str
) -> None:
    aws.roles = {"execution": trust} if trust else {}

    found = look(arn)["execution role"]
    assert found.level == Level.WRONG
    assert said in found.text


# Refusals and leftovers


def test_a_refusal_is_no_illness(aws: DoctorAccount, look: Look, arn: str) -> None:
    aws.refused = {arn.split("/")[2], "sessions"}
    aws.refused_actions = {"GetRole", "GetServiceQuota"}

    found = look(arn)
    for check, action in {
        "application": "emr-serverless:GetApplication",
        "vCPU quota": "servicequotas:GetServiceQuota",
        "execution role": "iam:GetRole",
    }.items():
        assert found[check].level == Level.NOT_CHECKED
        assert found[check].text == f"you may not {action}"
    assert {one.level for one in found.values()} & {Level.WRONG} == set()


def test_expired_credentials_are_wrong_and_nothing_else_is_asked(
    aws: DoctorAccount, look: Look, arn: str
) -> None:
    aws.expired = True

    found = look(arn)
    assert found["credentials"].level == Level.WRONG
    assert "expired" in found["credentials"].text
    assert set(found) <= {"credentials", "PySpark", "Python", "NumPy", "pandas"}


def test_a_missing_region_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test")

    found = read_caller(Aws(session=session))
    assert isinstance(found, Finding)
    assert found.level == Level.WRONG
    assert "AWS_REGION" in found.remedy


def test_leftovers_are_named(look: Look, arn: str) -> None:
    assert look(arn)["leftovers"].level == Level.OK

    found = look(arn, strays=["00f1stray"])["leftovers"]
    assert found.level == Level.WARNING
    assert "00f1stray" in found.text
