"""Grants: what a grantee gets, and never more."""

from __future__ import annotations

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import Session, SessionAttributes
from tests.unit.constructs.bench import TYPE, Bench, action_list, resources_of, statements_of


@pytest.mark.parametrize(
    ("grant", "actions"),
    [
        ("connect", ["emr-serverless:GetSessionEndpoint", "emr-serverless:GetSession"]),
        ("read", ["emr-serverless:GetSession", "emr-serverless:GetResourceDashboard"]),
        ("terminate", ["emr-serverless:TerminateSession"]),
    ],
)
def test_a_grant_is_on_the_session_alone(bench: Bench, grant: str, actions: list[str]) -> None:
    session = bench.session()
    user = iam.Role(bench.stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    result = getattr(session.grants, grant)(user)
    assert result.success
    template = bench.template()
    (logical_id,) = resources_of(template, TYPE)
    (statement,) = statements_of(template, "Analyst")
    assert action_list(statement) == actions
    assert statement["Resource"] == {"Fn::GetAtt": [logical_id, "Arn"]}


def test_an_imported_session_can_be_granted(bench: Bench) -> None:
    session = Session.from_session_attributes(
        bench.stack, "Imported", SessionAttributes(application_id="00app", session_id="00ses")
    )
    user = iam.Role(bench.stack, "Analyst", assumed_by=iam.AccountRootPrincipal())
    session.grants.connect(user).assert_success()
    (statement,) = statements_of(bench.template(), "Analyst")
    assert statement["Resource"]["Fn::Join"][1][-1] == ":/applications/00app/sessions/00ses"


def test_a_grantee_of_another_stack(bench: Bench) -> None:
    session = bench.session()
    other = cdk.Stack(bench.app, "Other")
    user = iam.Role(other, "Analyst", assumed_by=iam.AccountRootPrincipal())
    session.grants.read(user)
    (statement,) = statements_of(bench.template(other), "Analyst")
    assert "Fn::ImportValue" in statement["Resource"]


def test_a_grantee_whose_policies_are_elsewhere_is_no_success(bench: Bench) -> None:
    session = bench.session()
    user: Any = iam.AccountPrincipal("210987654321")
    assert not session.grants.connect(user).success
