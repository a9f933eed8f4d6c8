"""The doctor's findings about permissions, by the IAM simulator of the local AWS."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
import pytest

from emr_session._doctor.examine import Subject, examine
from emr_session._doctor.finding import Finding, Level
from emr_session._doctor.permissions import Simulation, permission_finding
from emr_session._emr.aws import Aws
from emr_session._emr.clock import SystemClock
from emr_session._emr.names import SessionArn
from testbed.local_aws import LocalAws
from tests.unit.client.account import EndpointSession

from .account import TRUST

# The client's tests also run where nothing but the client is installed.
pytest.importorskip("ministack")

READ = [
    "emr-serverless:Get*",
    "emr-serverless:List*",
    "iam:GetRole",
    "iam:SimulatePrincipalPolicy",
]
START = ["emr-serverless:StartSession", "iam:PassRole"]


@dataclass(frozen=True)
class DoctorSetup:
    """A local AWS with a role, an application, and a session on it."""

    cloud: LocalAws
    boto: botocore.session.Session
    role: str
    application_id: str
    arn: str

    def look(
        self, allowed: list[str], denied: str | None = None, **more: Any
    ) -> dict[str, Finding]:
        """Have the doctor look, as a user that may do some things; by default at the session."""
        iam = self.cloud.client("iam")
        name = f"user-{len(iam.list_users()['Users'])}"
        iam.create_user(UserName=name)
        statements = [{"Effect": "Allow", "Action": allowed, "Resource": "*"}]
        if denied:
            statements.append({"Effect": "Deny", "Action": [denied], "Resource": "*"})
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        session = EndpointSession(
            self.cloud.url, self.boto, key["AccessKeyId"], key["SecretAccessKey"]
        )
        subject = Subject(**(more or {"session": SessionArn.parse(self.arn)}))
        found = examine(Aws(session=session), subject, strays=list, clock=SystemClock())
        return {finding.check: finding for finding in found}


@pytest.fixture(scope="module")
def setup(
    tmp_path_factory: pytest.TempPathFactory, boto: botocore.session.Session
) -> Iterator[DoctorSetup]:
    with LocalAws(tmp_path_factory.mktemp("setup"), session_start_seconds=0) as cloud:
        role = cloud.client("iam").create_role(
            RoleName="execution", AssumeRolePolicyDocument=json.dumps(TRUST)
        )["Role"]["Arn"]
        emr = cloud.client("emr-serverless")
        application_id = emr.create_application(
            type="SPARK",
            releaseLabel="emr-spark-8.1.0",
            interactiveConfiguration={"sessionEnabled": True},
        )["applicationId"]
        arn = emr.start_session(applicationId=application_id, executionRoleArn=role)["arn"]
        yield DoctorSetup(cloud, boto, role, application_id, arn)


def test_whoever_may_not_connect_is_told_so(setup: DoctorSetup) -> None:
    denied = setup.look(READ, denied="emr-serverless:GetSessionEndpoint")["connect"]
    found = setup.look(READ)
    allowed = found["connect"]

    assert found["vCPU quota"].text.startswith("16 for the account, as for a new account")
    assert allowed.level == Level.OK
    assert denied.level == Level.WRONG
    assert denied.text == "you may not emr-serverless:GetSessionEndpoint"
    assert "session.grants.connect" in denied.remedy


@pytest.mark.parametrize(
    ("check", "missing"),
    [("start", "emr-serverless:StartSession"), ("pass role", "iam:PassRole")],
)
def test_whoever_wants_to_start_a_session_has_to_be_allowed_to(
    setup: DoctorSetup, check: str, missing: str
) -> None:
    wanted = {"application_id": setup.application_id, "role": setup.role}
    allowed = setup.look([*READ, *START], **wanted)
    denied = setup.look([*READ, *START], denied=missing, **wanted)
    with_session = setup.look([*READ, *START], denied=missing)

    assert allowed[check].level == Level.OK
    assert denied[check].level == Level.WRONG
    assert missing in denied[check].text
    # The session is there already: its stack started it.
    assert with_session[check].level == Level.WARNING


def test_whoever_may_not_ask_the_simulator_gets_no_verdict(setup: DoctorSetup) -> None:
    found = setup.look(READ, denied="iam:SimulatePrincipalPolicy")["connect"]

    assert found.level == Level.NOT_CHECKED
    assert found.text == "you may not iam:SimulatePrincipalPolicy"


def test_whoever_may_not_see_the_session_gets_no_verdict_on_it(setup: DoctorSetup) -> None:
    found = setup.look(["iam:*"])

    assert found["session"].level == Level.NOT_CHECKED
    assert found["session"].text == "you may not emr-serverless:GetSession"


def test_what_the_simulator_cannot_decide_is_not_called_wrong() -> None:
    undecided = Simulation(undecided=("emr-serverless:GetSession",))

    found = permission_finding("connect", undecided, "connect", "", Level.WRONG)
    assert found.level == Level.NOT_CHECKED
