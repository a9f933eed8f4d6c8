"""The stack behind the provider's template, and how the template and its code are written.

Permissions, function and log group are those of ``SessionProvider``; parameters say whom it serves.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from constructs import Construct

from .._provider.asset import stage_handler
from ..provider import SessionProvider

TEMPLATE = "provider.template.json"

_DESCRIPTION = (
    "Starts and ends EMR Serverless sessions (Spark Connect) for the resources of type "
    "Custom::EMRServerlessSession in the stacks that StackNames lists"
)
# What CloudWatch Logs takes.
_RETENTION_DAYS = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731),
    *(1096, 1827, 2192, 2557, 2922, 3288, 3653),
)
_SECTIONS = (
    *("AWSTemplateFormatVersion", "Description", "Metadata"),
    *("Parameters", "Rules", "Conditions", "Resources", "Outputs"),
)
# What a zip file's entries are dated.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_NO_VALUE = {"Ref": "AWS::NoValue"}


def write(folder: Path) -> list[Path]:
    """Writes the template and the code that it names: ``write_provider_template``."""
    folder.mkdir(parents=True, exist_ok=True)
    code = _write_code(folder)
    with tempfile.TemporaryDirectory() as assembly:
        app = cdk.App(outdir=assembly, analytics_reporting=False)
        stack = ProviderStack(app, "Provider", code=code.name)
        app.synth()
        synthesized = json.loads((Path(assembly) / stack.template_file).read_text())
    template = folder / TEMPLATE
    ordered = {name: synthesized[name] for name in _SECTIONS if name in synthesized}
    template.write_text(json.dumps(ordered, indent=2) + "\n")
    return [template, code]


def _write_code(folder: Path) -> Path:
    with tempfile.TemporaryDirectory() as staging:
        source = Path(staging)
        stage_handler(source)
        files = {
            path.relative_to(source).as_posix(): path.read_bytes()
            for path in sorted(source.rglob("*"))
            if path.is_file()
        }
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    # Another code has another name: CloudFormation compares names, not what is in the bucket.
    target = folder / f"session-handler-{digest.hexdigest()[:16]}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return target


class ProviderStack(cdk.Stack):
    """A session provider whose options are the parameters of its template."""

    def __init__(self, scope: Construct, id: str, *, code: str) -> None:
        """Declares parameters, provider and outputs.

        Args:
            scope: The app.
            id: The stack's id.
            code: The name of the function's code in the bucket, less ``CodePrefix``.
        """
        super().__init__(
            scope,
            id,
            description=_DESCRIPTION,
            # No asset of the CDK's is used, so no bootstrapping is needed.
            synthesizer=cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        self.template_options.template_format_version = "2010-09-09"
        self._declare_served()
        self._declare_options()
        provider = SessionProvider(self, "Provider")
        provider._serve_listed(
            stack_names=self._served["StackNames"],
            application_ids=self._served["ApplicationIds"],
            execution_role_arns=self._served["ExecutionRoleArns"],
            tag_keys=self._served["TagKeys"],
        )
        self._name_resources(provider)
        self._set_options(code)
        self._acknowledge_defaults()
        self._declare_outputs(provider)

    def _declare_served(self) -> None:
        described = {
            "StackNames": (
                "The stacks that declare sessions, by their names. * stands for any characters: "
                "analytics-*"
            ),
            "ExecutionRoleArns": (
                "The roles that sessions may run with. * stands for any characters: "
                "arn:aws:iam::123456789012:role/analytics-*"
            ),
            "ApplicationIds": (
                "The applications that sessions may run on, beside those that the stacks declare "
                "themselves. Empty: none"
            ),
            "TagKeys": "The keys of the tags that sessions may have. Empty: none",
        }
        patterns = {
            "StackNames": r"[A-Za-z*][A-Za-z0-9*-]*",
            "ExecutionRoleArns": r"arn:aws[a-z0-9-]*:iam::[0-9]{12}:role/.+",
            "ApplicationIds": r"[0-9a-z]*",
            "TagKeys": r"[^*]*",
        }
        self._served = {
            name: cdk.CfnParameter(
                self,
                name,
                type="CommaDelimitedList",
                description=description,
                allowed_pattern=patterns[name],
                constraint_description=f"has to match {patterns[name]} in each element",
                default="" if description.endswith("Empty: none") else None,
            ).value_as_list
            for name, description in described.items()
        }

    def _declare_options(self) -> None:
        optional = {
            "CodePrefix": "What the code's key in the bucket begins with: releases/",
            "PermissionsBoundaryArn": "The boundary of the function's role. Empty: none",
            "SubnetIds": "The subnets that the function runs in, with commas. Empty: in no VPC",
            "SecurityGroupIds": "The function's security groups, with commas",
        }
        cdk.CfnParameter(
            self, "CodeBucket", description="The bucket of this region that has the code"
        )
        cdk.CfnParameter(
            self,
            "LogRetentionDays",
            type="Number",
            description="How many days the function's log is kept",
            default="30",
            allowed_values=[str(days) for days in _RETENTION_DAYS],
        )
        for name, description in optional.items():
            cdk.CfnParameter(self, name, description=description, default="")
        cdk.CfnCondition(self, "HasBoundary", expression=_is_given("PermissionsBoundaryArn"))
        cdk.CfnCondition(
            self,
            "InVpc",
            expression=cdk.Fn.condition_and(_is_given("SubnetIds"), _is_given("SecurityGroupIds")),
        )
        cdk.CfnRule(
            self,
            "Network",
            rule_condition=_is_given("SubnetIds"),
            assertions=[
                cdk.CfnRuleAssertion(
                    assert_=_is_given("SecurityGroupIds"),
                    assert_description="SubnetIds needs SecurityGroupIds",
                )
            ],
        )
        groups = {
            "Whom it serves": ["StackNames", "ExecutionRoleArns", "ApplicationIds", "TagKeys"],
            "Code": ["CodeBucket", "CodePrefix"],
            "Options": [
                *("LogRetentionDays", "PermissionsBoundaryArn", "SubnetIds", "SecurityGroupIds"),
            ],
        }
        self.template_options.metadata = {
            "AWS::CloudFormation::Interface": {
                "ParameterGroups": [
                    {"Label": {"default": label}, "Parameters": names}
                    for label, names in groups.items()
                ]
            }
        }

    def _name_resources(self, provider: SessionProvider) -> None:
        """Gives the resources short names. The function's never changes: see there."""
        self._function = _resource(provider.function)
        self._role = _resource(provider.handler_role)
        self._logs = _resource(provider.log_group)
        named = {
            "Function": self._function,
            "Role": self._role,
            "Logs": self._logs,
            "Permissions": _resource(provider.node.find_child("Permissions")),
        }
        for logical_id, resource in named.items():
            resource.override_logical_id(logical_id)

    def _set_options(self, code: str) -> None:
        vpc_policy = {
            "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/"
            "AWSLambdaVPCAccessExecutionRole"
        }
        network = {
            "SubnetIds": {"Fn::Split": [",", {"Ref": "SubnetIds"}]},
            "SecurityGroupIds": {"Fn::Split": [",", {"Ref": "SecurityGroupIds"}]},
        }
        overrides: dict[cdk.CfnResource, dict[str, Any]] = {
            self._logs: {"RetentionInDays": {"Ref": "LogRetentionDays"}},
            self._role: {
                "PermissionsBoundary": _only_if("HasBoundary", {"Ref": "PermissionsBoundaryArn"}),
                "ManagedPolicyArns": _only_if("InVpc", [vpc_policy]),
            },
            self._function: {
                "Code": {
                    "S3Bucket": {"Ref": "CodeBucket"},
                    "S3Key": {"Fn::Sub": f"${{CodePrefix}}{code}"},
                },
                # Whose parameters they are, for the reason where something is missing in them.
                "Environment.Variables.PROVIDER_STACK": {"Ref": "AWS::StackName"},
                "VpcConfig": _only_if("InVpc", network),
            },
        }
        for resource, properties in overrides.items():
            for name, value in properties.items():
                resource.add_property_override(name, value)

    def _acknowledge_defaults(self) -> None:
        """Acknowledges what the CDK's validator finds in empty defaults: conditions drop them."""
        for resource, rules in (
            (self._role, ["F3033"]),
            (self._function, ["F3031", "E1150"]),
        ):
            for rule in rules:
                cdk.Validations.of(resource).acknowledge(
                    cdk.Acknowledgment(
                        id=f"CloudFormation-Validate::{rule}",
                        reason="A condition leaves out the option whose parameter is empty.",
                    )
                )

    def _declare_outputs(self, provider: SessionProvider) -> None:
        cdk.CfnOutput(
            self,
            "ServiceToken",
            description="The property ServiceToken of Custom::EMRServerlessSession",
            value=provider.service_token,
            # While a stack imports it, CloudFormation refuses to delete this one.
            export_name=f"{cdk.Aws.STACK_NAME}-ServiceToken",
        )
        cdk.CfnOutput(
            self,
            "ServiceTimeout",
            description="The property ServiceTimeout of Custom::EMRServerlessSession, at most",
            value=str(int(provider.service_timeout.to_seconds())),
        )
        cdk.CfnOutput(
            self,
            "LogGroupName",
            description="Where the function logs",
            value=provider.log_group.log_group_name,
        )


def _resource(construct: Any) -> cdk.CfnResource:
    resource = construct.node.default_child
    assert isinstance(resource, cdk.CfnResource)
    return resource


def _is_given(parameter: str) -> cdk.ICfnRuleConditionExpression:
    return cdk.Fn.condition_not(cdk.Fn.condition_equals(cdk.Fn.ref(parameter), ""))


def _only_if(condition: str, value: Any) -> dict[str, Any]:
    return {"Fn::If": [condition, value, _NO_VALUE]}
