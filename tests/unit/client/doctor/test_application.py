"""What is wrong with an application, and that the constructs say the same of it at synth."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Session
from emr_session._doctor.application import application_findings
from emr_session._doctor.capacity import capacity_findings
from emr_session._doctor.finding import Level

from .account import DoctorsAccount
from .conftest import Look

SPARK = {
    "type": "SPARK",
    "releaseLabel": "emr-spark-8.1.0",
    "interactiveConfiguration": {"sessionEnabled": True},
}
SMALL = {"cpu": "2 vCPU", "memory": "64 GB"}

# The check, what is wrong, and what the doctor has to say of it.
FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("application", {"type": "HIVE"}, "must be SPARK for sessions"),
    ("release", {"releaseLabel": "emr-7.12.0"}, "must be emr-7.13.0 or later"),
    ("sessions", {"interactiveConfiguration": {}}, "sessionEnabled must be true"),
    ("state", {"autoStartConfiguration": {"enabled": False}}, "enabled is false"),
    ("capacity", {"maximumCapacity": SMALL}, "cpu is 2 vCPU, and a session's driver alone needs 4"),
]


def made(aws: DoctorsAccount, **settings: Any) -> str:
    """An application, out of the service's default settings and others."""
    return str(aws.client().create_application(**{**SPARK, **settings})["applicationId"])


@pytest.mark.parametrize(("check", "fault", "said"), FAULTS, ids=[one[0] for one in FAULTS])
def test_each_setting_that_takes_no_session_is_wrong(
    aws: DoctorsAccount, look: Look, check: str, fault: dict[str, Any], said: str
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


def test_a_terminated_application_is_wrong(aws: DoctorsAccount, look: Look) -> None:
    application = made(aws)
    aws.client().delete_application(applicationId=application)

    assert look(application_id=application)["state"].level == Level.WRONG


def test_an_application_that_is_not_there_is_wrong(look: Look) -> None:
    found = look(application_id="00nowhere")["application"]

    assert found.level == Level.WRONG
    assert "no application 00nowhere in us-east-1" in found.text


def test_an_application_that_somebody_keeps_started_is_a_warning(
    aws: DoctorsAccount, look: Look
) -> None:
    application = made(aws, autoStartConfiguration={"enabled": False})
    aws.client().start_application(applicationId=application)

    assert look(application_id=application)["state"].level == Level.WARNING


def test_one_subnet_is_a_warning(aws: DoctorsAccount, look: Look) -> None:
    network = {"subnetIds": ["subnet-0123"], "securityGroupIds": ["sg-0123"]}

    found = look(application_id=made(aws, networkConfiguration=network))
    assert found["network"].level == Level.WARNING


def test_a_release_of_later_is_a_warning(aws: DoctorsAccount, look: Look) -> None:
    found = look(application_id=made(aws, releaseLabel="emr-spark-9.0.0"))

    assert found["release"].level == Level.WARNING


# The constructs

# What the CDK calls a setting of the API.
CDK_NAMES = {
    "releaseLabel": "release_label",
    "interactiveConfiguration": "interactive_configuration",
    "sessionEnabled": "session_enabled",
    "autoStartConfiguration": "auto_start_configuration",
    "maximumCapacity": "maximum_capacity",
    "monitoringConfiguration": "monitoring_configuration",
}


def at_synth(scope: cdk.App, settings: dict[str, Any]) -> cdk.Stack:
    """A stack with a session on an application with these settings."""
    stack = cdk.Stack(scope, settings["check"])
    application = emrserverless.CfnApplication(
        stack,
        "Application",
        **{CDK_NAMES.get(name, name): settings[name] for name in settings if name != "check"},
    )
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/r")
    Session(stack, "Session", application=application, execution_role=role)
    return stack


def said_at_synth(stack: cdk.Stack) -> str:
    found = assertions.Annotations.from_stack(stack)
    entries = [
        *found.find_error("*", assertions.Match.any_value()),
        *found.find_warning("*", assertions.Match.any_value()),
    ]
    return "\n".join(str(entry.entry.data) for entry in entries)


def test_the_constructs_say_it_in_the_same_words() -> None:
    app = cdk.App(analytics_reporting=False)
    stacks = {
        check: at_synth(app, {**SPARK, **fault, "check": check}) for check, fault, _ in FAULTS
    }
    for check, fault, _ in FAULTS:
        shown = {**SPARK, **fault, "applicationId": "00f1", "state": "CREATED"}
        findings = [*application_findings(shown), *capacity_findings(shown, {})]
        (found,) = [finding for finding in findings if finding.check == check]
        # The state is the service's, and no app declares it.
        text = found.text.removeprefix("the application is CREATED, and ")
        for name, cdk_name in CDK_NAMES.items():
            text = text.replace(name, cdk_name)

        assert text in said_at_synth(stacks[check])
