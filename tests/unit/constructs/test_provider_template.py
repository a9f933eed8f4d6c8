"""The provider's template: what its parameters come to, and what its guide says of it.

MiniStack stands in for CloudFormation, which resolves the parameters, and for IAM.
"""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest
from ministack.core import iam_evaluator
from ministack.services.cloudformation import engine

from cdk_emr_serverless_session.provider_template import write_provider_template
from session_handler.properties import PROPERTIES

ROOT = Path(__file__).parents[3]
GUIDE = (ROOT / "docs" / "guides" / "languages.md").read_text()
ROW = re.compile(r"^\| (`\w+`(?:, `\w+`)*) \|", re.MULTILINE)

ACCOUNT, REGION = "000000000000", "us-east-1"
APPLICATION = f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/00app"
ROLES = f"arn:aws:iam::{ACCOUNT}:role/"
OWNER = "emr-serverless-session:stack-id"
STACK_OF = "aws:cloudformation:stack-id"
REQUIRED = {
    "StackNames": "plain, analytics-*",
    "ExecutionRoleArns": f"{ROLES}one, {ROLES}analytics-*",
    "CodeBucket": "code",
}


def stack_id(name: str) -> str:
    return f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{name}/0a1b"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    template, code = write_provider_template(tmp_path_factory.mktemp("provider"))
    return template, code


@pytest.fixture(scope="module")
def template(files: tuple[Path, Path]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(files[0].read_text())
    return parsed


class Deployed:
    """The template's resources as CloudFormation resolves them, and its role as IAM judges it."""

    def __init__(self, template: dict[str, Any], **parameters: str) -> None:
        given = {**REQUIRED, **parameters}
        values = engine._resolve_parameters(
            template, [{"Key": name, "Value": value} for name, value in given.items()]
        )
        conditions = engine._evaluate_conditions(template, values)
        self.properties = {
            name: engine._resolve_refs(
                resource["Properties"], {}, values, conditions, {}, "sessions", stack_id("sessions")
            )
            for name, resource in template["Resources"].items()
        }
        self.policies = [
            *(policy["PolicyDocument"] for policy in self.properties["Role"]["Policies"]),
            self.properties["Permissions"]["PolicyDocument"],
        ]

    def allows(self, action: str, resource: str, **context: Any) -> bool:
        """Whether the role may do this, under these condition keys."""
        keys = {name.lower(): value for name, value in context.items()}
        asked = iam_evaluator.EvalContext(
            principal_arn=f"{ROLES}handler",
            principal_type="AssumedRole",
            principal_account=ACCOUNT,
            action=action,
            resource_arn=resource,
            region=REGION,
            service_context=keys,
        )
        parsed = [iam_evaluator.parse_policy_document(policy) for policy in self.policies]
        return bool(iam_evaluator.evaluate(asked, parsed).decision == "Allow")

    def starts(self, stack: str, application: str = APPLICATION, **tags: str) -> bool:
        """Whether it may start a session for a stack, on an application with these tags."""
        held = {f"aws:ResourceTag/{key}": value for key, value in tags.items()}
        return self.allows("emr-serverless:StartSession", application, **held) and self.tags(
            application, stack=stack
        )

    def tags(self, resource: str, *keys: str, stack: str, **held: str) -> bool:
        """Whether it may give a resource the owner tag of a stack, and tags of these keys."""
        context = {f"aws:ResourceTag/{key}": value for key, value in held.items()}
        return self.allows(
            "emr-serverless:TagResource",
            resource,
            **context,
            **{f"aws:RequestTag/{OWNER}": stack_id(stack), "aws:TagKeys": [OWNER, *keys]},
        )


def test_four_resources_and_nothing_of_the_cdks(template: dict[str, Any]) -> None:
    assert {name: one["Type"] for name, one in template["Resources"].items()} == {
        "Logs": "AWS::Logs::LogGroup",
        "Role": "AWS::IAM::Role",
        "Function": "AWS::Lambda::Function",
        "Permissions": "AWS::IAM::Policy",
    }
    assert "bootstrap" not in json.dumps(template).lower()


def test_the_function_is_told_whom_it_serves(template: dict[str, Any]) -> None:
    function = Deployed(template, StackNames="analytics-*,reports").properties["Function"]
    variables = function["Environment"]["Variables"]
    assert variables["SERVED_STACKS"] == "analytics-*,reports"
    assert variables["PROVIDER_STACK"] == "sessions"


def test_the_same_release_writes_the_same_files(files: tuple[Path, Path], tmp_path: Path) -> None:
    again = write_provider_template(tmp_path)

    assert [file.name for file in again] == [file.name for file in files]
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files]


def test_the_code_is_the_handler_under_the_name_that_the_template_has(
    files: tuple[Path, Path], template: dict[str, Any]
) -> None:
    names = set(zipfile.ZipFile(files[1]).namelist())
    assert {"session_handler/handler.py", "session_handler/data.json"} <= names
    function = Deployed(template, CodePrefix="releases/").properties["Function"]
    assert function["Code"] == {"S3Bucket": "code", "S3Key": f"releases/{files[1].name}"}


def test_it_starts_sessions_of_listed_stacks_on_their_own_applications(
    template: dict[str, Any],
) -> None:
    deployed = Deployed(template)
    own, foreign = {STACK_OF: stack_id("analytics-7")}, {STACK_OF: stack_id("elsewhere")}

    assert deployed.starts("analytics-7", **own)
    assert deployed.starts("plain", **own)
    assert not deployed.starts("elsewhere", **own)
    assert not deployed.starts("plainer", **own)
    assert not deployed.starts("analytics-7", **foreign)
    assert not deployed.starts("analytics-7")


def test_it_starts_sessions_on_listed_applications(template: dict[str, Any]) -> None:
    deployed = Deployed(template, ApplicationIds="00app,00other")

    assert deployed.starts("plain")
    assert deployed.starts("plain", **{STACK_OF: stack_id("elsewhere")})
    assert not deployed.starts("plain", APPLICATION + "2")


def test_it_passes_listed_roles_to_emr_serverless_alone(template: dict[str, Any]) -> None:
    deployed = Deployed(template)
    to = {"iam:PassedToService": "emr-serverless.amazonaws.com"}

    assert deployed.allows("iam:PassRole", f"{ROLES}one", **to)
    assert deployed.allows("iam:PassRole", f"{ROLES}analytics-role", **to)
    assert not deployed.allows("iam:PassRole", f"{ROLES}another", **to)
    assert not deployed.allows(
        "iam:PassRole", f"{ROLES}one", **{"iam:PassedToService": "ec2.amazonaws.com"}
    )


@pytest.mark.parametrize("applications", ["", "00app"])
def test_it_neither_takes_over_nor_ends_the_session_of_others(
    template: dict[str, Any], applications: str
) -> None:
    deployed = Deployed(template, ApplicationIds=applications)
    session = f"{APPLICATION}/sessions/00session"
    own, foreign = {OWNER: stack_id("plain")}, {OWNER: stack_id("elsewhere")}

    def ends(**held: str) -> bool:
        tags = {f"aws:ResourceTag/{key}": value for key, value in held.items()}
        return deployed.allows("emr-serverless:TerminateSession", session, **tags)

    assert ends(**own)
    assert not ends(**foreign)
    assert not ends()
    assert not deployed.tags(session, stack="plain", **foreign)
    assert not deployed.tags(session, stack="plain")
    # While a session is being made it has no id, however IAM is asked about it.
    assert deployed.tags(f"{APPLICATION}/sessions/*", stack="plain")


def test_it_tags_sessions_with_listed_keys(template: dict[str, Any]) -> None:
    new = f"{APPLICATION}/sessions/*"

    assert not Deployed(template).tags(new, "team", stack="plain")
    deployed = Deployed(template, TagKeys="stage,team")
    assert deployed.tags(new, "team", stack="plain")
    assert not deployed.tags(new, "owner", stack="plain")
    foreign = {STACK_OF: stack_id("elsewhere")}
    assert not deployed.tags(APPLICATION, "team", stack="plain", **foreign)


def test_options_are_left_out_unless_they_are_given(template: dict[str, Any]) -> None:
    plain = Deployed(template).properties
    assert not {"PermissionsBoundary", "ManagedPolicyArns"} & plain["Role"].keys()
    assert "VpcConfig" not in plain["Function"]
    assert plain["Logs"]["RetentionInDays"] == "30"

    given = Deployed(
        template,
        PermissionsBoundaryArn="arn:aws:iam::000000000000:policy/boundary",
        SubnetIds="subnet-1,subnet-2",
        SecurityGroupIds="sg-1",
        LogRetentionDays="365",
    ).properties
    assert given["Role"]["PermissionsBoundary"].endswith("policy/boundary")
    assert "AWSLambdaVPCAccessExecutionRole" in given["Role"]["ManagedPolicyArns"][0]
    assert given["Function"]["VpcConfig"] == {
        "SubnetIds": ["subnet-1", "subnet-2"],
        "SecurityGroupIds": ["sg-1"],
    }
    assert given["Logs"]["RetentionInDays"] == "365"


def test_the_policies_have_room_for_ten_stacks(template: dict[str, Any]) -> None:
    names = ",".join(f"a-team-and-its-stack-{number}" for number in range(10))
    roles = ",".join(f"{ROLES}a-team-and-its-role-{number}" for number in range(10))
    applications = ",".join(f"00f1abcdef{number:06}" for number in range(10))
    deployed = Deployed(
        template, StackNames=names, ExecutionRoleArns=roles, ApplicationIds=applications
    )

    # IAM's limit for all inline policies of a role, which doesn't count white space.
    sizes = [len(json.dumps(policy, separators=(",", ":"))) for policy in deployed.policies]
    assert sum(sizes) <= 10_240


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("StackNames", "analytics/7"),
        ("StackNames", ""),
        ("ExecutionRoleArns", "analytics-role"),
        # Every application's sessions could be tagged, those of others too.
        ("ApplicationIds", "00f1*"),
        ("LogRetentionDays", "31"),
    ],
)
def test_parameters_that_cannot_be(template: dict[str, Any], parameter: str, value: str) -> None:
    with pytest.raises(ValueError, match=parameter):
        Deployed(template, **{parameter: value})


def test_the_guide_tells_every_parameter_and_every_property(template: dict[str, Any]) -> None:
    told = [name for row in ROW.findall(GUIDE) for name in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted([*template["Parameters"], *PROPERTIES])
