"""The reason of a deployment that fails for a missing permission."""

import json
from pathlib import Path

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from cdk_emr_serverless_session import SessionProvider
from testbed.apps import one_session
from tests.e2e.deployment import Deployment


def without_action(assembly: Path, action: str) -> int:
    """Take an action out of every policy of an assembly, and count how often it was there."""
    removed = 0
    for file in assembly.glob("*.template.json"):
        parsed = json.loads(file.read_text())
        for resource in parsed["Resources"].values():
            if resource["Type"] != "AWS::IAM::Policy":
                continue
            document = resource["Properties"]["PolicyDocument"]
            kept = []
            for statement in document["Statement"]:
                actions = statement["Action"]
                actions = [actions] if isinstance(actions, str) else actions
                left = [name for name in actions if name != action]
                removed += len(actions) - len(left)
                if left:
                    kept.append({**statement, "Action": left})
            document["Statement"] = kept
        file.write_text(json.dumps(parsed))
    return removed


def impatient_session(stack: cdk.Stack) -> None:
    """Fill a stack with a session that has little time: IAM is given four minutes otherwise.

    The CLI uploads a template once, by the hash of what was synthesized: this one is unique.
    """
    SessionProvider.get_or_create(stack, total_timeout=cdk.Duration.seconds(15))
    one_session(stack)


def test_a_missing_permission_is_named(deployment: Deployment) -> None:
    assembly = deployment.synth(impatient_session)
    assert without_action(assembly, "emr-serverless:StartSession") > 0

    said = deployment.fail_to_deploy(assembly)

    assert "emr-serverless:StartSession" in said
    assert deployment.status() == "ROLLBACK_COMPLETE"
    assert deployment.owned() == []


def bounded_session(stack: cdk.Stack) -> None:
    """Fill a stack with such a session, whose provider's boundary has everything but tagging."""
    all_but_tagging = iam.PolicyStatement(
        not_actions=["emr-serverless:TagResource"], resources=["*"]
    )
    SessionProvider.get_or_create(
        stack,
        total_timeout=cdk.Duration.seconds(15),
        permissions_boundary=iam.ManagedPolicy(stack, "Boundary", statements=[all_but_tagging]),
    )
    one_session(stack, tags={"team": "search"})


def test_a_permissions_boundary_that_denies_is_named(deployment: Deployment) -> None:
    said = deployment.fail_to_deploy(bounded_session)

    assert "because no permissions boundary allows the emr-serverless:TagResource action" in said
    assert "What to do: allow that action in the permissions boundary of the handler's role" in said
    assert deployment.status() == "ROLLBACK_COMPLETE"
    assert deployment.owned() == []
