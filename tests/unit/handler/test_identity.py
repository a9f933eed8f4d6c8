"""Digests and ids that deployed stacks hold: a change of one would replace users' sessions."""

import pytest

from session_handler.identity import Owner, SessionArn, TokenId, client_token, names_in
from session_handler.properties import Spec

ARN = "arn:aws:emr-serverless:eu-west-1:123456789012:/applications/00a1/sessions/00s1"
ROLE = "arn:aws:iam::123456789012:role/execution"
SPECS = {
    "smallest": (
        Spec("00a1", ROLE),
        "3df9ff2798f4179971d9d65fd3a025a9413ff4ed55ef800c2f2fae04bbca587b",
    ),
    "everything": (
        Spec(
            "00a1",
            ROLE,
            "näme",
            60,
            {
                "runtimeConfiguration": [
                    {"classification": "spark-defaults", "properties": {"b": "2", "a": "1"}}
                ]
            },
        ),
        "34c708651270ff6e671124c589771f254fb3a73333d414f0c71fe376c5310ccb",
    ),
}


@pytest.mark.parametrize("spec", SPECS)
def test_the_digest_of_a_spec_never_changes(spec: str) -> None:
    asked, digest = SPECS[spec]
    assert asked.digest == digest


def test_the_token_of_a_request_never_changes() -> None:
    assert client_token(Owner("stack-1", "Session"), "request-1", "spec") == (
        "ba3c49e76766ed1b14b998dd876027dc24757a68d2ecf8d677211de798fb853c"
    )


def test_any_other_request_has_another_token() -> None:
    owner = Owner("stack-1", "Session")
    tokens = {
        client_token(owner, "request-1", "spec"),
        client_token(owner, "request-2", "spec"),
        client_token(owner, "request-1", "other"),
        client_token(Owner("stack-2", "Session"), "request-1", "spec"),
        client_token(Owner("stack-1", "Other"), "request-1", "spec"),
    }
    assert len(tokens) == 5


def test_an_absent_property_is_another_spec_than_an_empty_one() -> None:
    nothing = Spec("00a1", ROLE)
    empty = Spec("00a1", ROLE, configuration_overrides={})
    assert nothing.digest != empty.digest


@pytest.mark.parametrize("partition", ["aws", "aws-cn", "aws-us-gov"])
def test_session_arns_are_read_in_every_partition(partition: str) -> None:
    arn = SessionArn.parse(ARN.replace("aws", partition, 1))
    assert arn is not None
    assert (arn.application_id, arn.session_id) == ("00a1", "00s1")


@pytest.mark.parametrize(
    "text",
    [None, 7, "", "made-up", ARN.rsplit("/", 2)[0], f"{ARN}/", f"x{ARN}", ARN.replace(":/", ":")],
)
def test_anything_else_is_no_session_arn(text: object) -> None:
    assert SessionArn.parse(text) is None


@pytest.mark.parametrize(
    ("id", "text"),
    [
        (TokenId("0" * 64, "00a1"), f"pending:00a1:{'0' * 64}"),
        (TokenId("0" * 64), f"none:{'0' * 64}"),
    ],
)
def test_an_id_of_a_token_is_read_back(id: TokenId, text: str) -> None:
    assert str(id) == text
    assert TokenId.parse(text) == id


@pytest.mark.parametrize("text", [None, "pending:00a1:short", "none:", "stack-Session-1A2B3C"])
def test_anything_else_is_no_id_of_a_token(text: object) -> None:
    assert TokenId.parse(text) is None


def test_a_function_is_known_by_the_name_of_its_session() -> None:
    assert names_in("arn:aws:sts::123456789012:assumed-role/role/function") == ["role", "function"]


def test_a_session_is_owned_by_stack_and_logical_id_together() -> None:
    owner = Owner("stack-1", "Session")
    assert owner.owns(owner.tags("spec", "token"))
    assert not owner.owns(Owner("stack-1", "Other").tags("spec", "token"))
    assert not owner.owns(Owner("stack-2", "Session").tags("spec", "token"))
    assert not owner.owns({})
