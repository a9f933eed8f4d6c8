"""The doctor's findings about an application."""

from typing import Any

import pytest

from emr_session._doctor.application import application_findings
from emr_session._doctor.finding import Level

from .account import RELEASE, DoctorAccount
from .conftest import Look

SPARK = {
    "type": "SPARK",
    "releaseLabel": RELEASE,
    "interactiveConfiguration": {"sessionEnabled": True},
}
SMALL = {"cpu": "2 vCPU", "memory": "64 GB"}

# The check, what is wrong, and what the doctor has to say of it.
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("application", {"type": "HIVE"}, "must be SPARK for sessions"),
    ("release", {"releaseLabel": "emr-7.12.0"}, "must be emr-7.13.0 or later"),
    ("sessions", {"interactiveConfiguration": {}}, "sessionEnabled must be true"),
    ("state", {"autoStartConfiguration": {"enabled": False}}, "enabled is false"),
    (
        "capacity",
        {"maximumCapacity": SMALL},
        "cpu is 2 vCPU, and a session's driver and first executor take 8",
    ),
]


def made(aws: DoctorAccount, **settings: Any) -> str:
    """An application, out of the service's default settings and others."""
    return str(aws.client().create_application(**{**SPARK, **settings})["applicationId"])


@pytest.mark.parametrize(("check", "fault", "said"), FAULTS, ids=[one[0] for one in FAULTS])
def test_each_setting_that_takes_no_session_is_wrong(
    aws: DoctorAccount, look: Look, check: str, fault: dict[str, Any], said: str
) -> None:
    found = look(application_id=made(aws, **fault))

    assert found[check].level == Level.WRONG
    assert said in found[check].text
    assert found[check].remedy
    wrong = {name for name, finding in found.items() if finding.level == Level.WRONG}
    assert wrong == {check}


def test_an_interactive_application_without_logs_is_wrong() -> None:
    """The service refuses to make one, so it is judged as GetApplication would show it."""
    monitoring = {"managedPersistenceMonitoringConfiguration": {"enabled": False}}
    shown = {**SPARK, "applicationId": "00f1", "state": "CREATED"}
    (logs,) = [
        finding
        for finding in application_findings({**shown, "monitoringConfiguration": monitoring})
        if finding.check == "logs"
    ]

    assert logs.level == Level.WRONG


def test_a_terminated_application_is_wrong(aws: DoctorAccount, look: Look) -> None:
    application = made(aws)
    aws.client().delete_application(applicationId=application)

    assert look(application_id=application)["state"].level == Level.WRONG


def test_an_application_that_is_not_there_is_wrong(look: Look) -> None:
    found = look(application_id="00nowhere")["application"]

    assert found.level == Level.WRONG
    assert "no application 00nowhere in us-east-1" in found.text


def test_an_application_that_somebody_keeps_started_is_a_warning(
    aws: DoctorAccount, look: Look
) -> None:
    application = made(aws, autoStartConfiguration={"enabled": False})
    aws.client().start_application(applicationId=application)

    assert look(application_id=application)["state"].level == Level.WARNING


def test_one_subnet_is_a_warning(aws: DoctorAccount, look: Look) -> None:
    network = {"subnetIds": ["subnet-0123"], "securityGroupIds": ["sg-0123"]}

    found = look(application_id=made(aws, networkConfiguration=network))
    assert found["network"].level == Level.WARNING


def test_a_release_of_later_is_a_warning(aws: DoctorAccount, look: Look) -> None:
    found = look(application_id=made(aws, releaseLabel="emr-spark-9.0.0"))

    assert found["release"].level == Level.WARNING
