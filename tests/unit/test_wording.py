"""The constructs and the doctor describe an application's problems in the same words."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Session
from emr_session._doctor.application import application_findings
from emr_session._doctor.capacity import capacity_findings
from testbed.synth_bench import messages_of
from tests.unit.client.doctor.test_application import FAULTS, SPARK

# What the CDK calls a setting of the API.
CDK_NAMES = {
    "releaseLabel": "release_label",
    "interactiveConfiguration": "interactive_configuration",
    "sessionEnabled": "session_enabled",
    "autoStartConfiguration": "auto_start_configuration",
    "maximumCapacity": "maximum_capacity",
    "monitoringConfiguration": "monitoring_configuration",
}


def at_synth(scope: cdk.App, settings: dict[str, Any]) -> None:
    """Add a stack with a session on an application with these settings."""
    stack = cdk.Stack(scope, settings["check"])
    application = emrserverless.CfnApplication(
        stack,
        "Application",
        **{CDK_NAMES.get(name, name): settings[name] for name in settings if name != "check"},
    )
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111122223333:role/r")
    Session(stack, "Session", application=application, execution_role=role)


def test_the_constructs_say_it_in_the_same_words() -> None:
    app = cdk.App(analytics_reporting=False)
    for check, fault, _ in FAULTS:
        at_synth(app, {**SPARK, **fault, "check": check})
    for check, fault, _ in FAULTS:
        shown = {**SPARK, **fault, "applicationId": "00f1", "state": "CREATED"}
        findings = [*application_findings(shown), *capacity_findings(shown, {})]
        (found,) = [finding for finding in findings if finding.check == check]
        # The state is the service's, and no app declares it.
        text = found.text.removeprefix("the application is CREATED, and ")
        for name, cdk_name in CDK_NAMES.items():
            text = text.replace(name, cdk_name)

        assert text in "\n".join(said for _, _, said in messages_of(app, check))
