"""A stack with an application and an execution role, for tests of declared sessions."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_emrserverless as emrserverless
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Session

TYPE = "Custom::EMRServerlessSession"


def interactive_application(
    scope: cdk.Stack, id: str = "Application", **overrides: Any
) -> emrserverless.CfnApplication:
    """An application that takes sessions."""
    of = emrserverless.CfnApplication
    settings: dict[str, Any] = {
        "type": "SPARK",
        "release_label": "emr-spark-8.1.0",
        "interactive_configuration": of.InteractiveConfigurationProperty(session_enabled=True),
        "monitoring_configuration": of.MonitoringConfigurationProperty(
            managed_persistence_monitoring_configuration=(
                of.ManagedPersistenceMonitoringConfigurationProperty(enabled=True)
            )
        ),
    }
    return emrserverless.CfnApplication(scope, id, **{**settings, **overrides})


def execution_role(
    scope: cdk.Stack, id: str = "ExecutionRole", *, role_name: str | None = None
) -> iam.Role:
    """A role that EMR Serverless can assume."""
    service = iam.ServicePrincipal("emr-serverless.amazonaws.com")
    return iam.Role(scope, id, assumed_by=service, role_name=role_name)


@dataclass
class Bench:
    """A stack to declare sessions in."""

    app: cdk.App
    stack: cdk.Stack
    application: emrserverless.CfnApplication
    role: iam.Role

    def session(self, id: str = "Session", **options: Any) -> Session:
        """A session on the stack's application, with the stack's role."""
        arguments = {"application": self.application, "execution_role": self.role, **options}
        return Session(self.stack, id, **arguments)

    def template(self, stack: cdk.Stack | None = None) -> dict[str, Any]:
        """The synthesized template."""
        return dict(assertions.Template.from_stack(stack or self.stack).to_json())

    def resource(self, resource_type: str = TYPE) -> dict[str, Any]:
        """The only resource of a type."""
        found = resources_of(self.template(), resource_type)
        assert len(found) == 1, list(found)
        return next(iter(found.values()))

    def properties(self) -> dict[str, Any]:
        """The only session's properties, without what calls the provider."""
        properties = dict(self.resource()["Properties"])
        del properties["ServiceToken"], properties["ServiceTimeout"]
        return properties


def resources_of(template: dict[str, Any], resource_type: str) -> dict[str, Any]:
    """The resources of a type, by logical id."""
    return {
        id: resource
        for id, resource in template["Resources"].items()
        if resource["Type"] == resource_type
    }


def messages_of(app: cdk.App, stack: str = "Stack") -> list[tuple[str, str, str]]:
    """Path, level and text of every message of a stack, as the CLI reads them.

    From the file: ``messages`` of the assembly's own API fails in Python with some aws-cdk-lib.
    """
    assembly = Path(app.synth().directory)
    metadata = json.loads((assembly / f"{stack}.metadata.json").read_text())
    return [
        (path, entry["type"].removeprefix("aws:cdk:").upper(), entry["data"])
        for path, entries in metadata.items()
        for entry in entries
        if entry["type"] in ("aws:cdk:error", "aws:cdk:warning", "aws:cdk:info")
    ]


def statements_of(template: dict[str, Any], role_id_part: str = "ProviderRole") -> list[Any]:
    """All statements of the handler's role, in it and in the policies beside it."""
    found = []
    for id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::IAM::Role" and role_id_part in id:
            documents = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        elif resource["Type"] in ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
            attached = role_id_part in str(properties["Roles"])
            documents = [properties["PolicyDocument"]] if attached else []
        else:
            continue
        found += [statement for document in documents for statement in document["Statement"]]
    return found


def action_list(statement: dict[str, Any]) -> list[str]:
    """A statement's actions, however many."""
    action = statement["Action"]
    return [action] if isinstance(action, str) else list(action)


def resource_list(statement: dict[str, Any]) -> list[Any]:
    """A statement's resources, however many."""
    resource = statement["Resource"]
    return list(resource) if isinstance(resource, list) else [resource]
