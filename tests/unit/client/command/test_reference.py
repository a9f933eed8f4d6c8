"""Which kinds of name a text can be."""

import pytest

from emr_session._emr.reference import Kind, kinds_of

APPLICATION, SESSION = "00f1abcdef234567", "00f2abcdef234567"


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        (
            f"arn:aws:emr-serverless:eu-west-1:111122223333:/applications/{APPLICATION}"
            f"/sessions/{SESSION}",
            [Kind.ARN],
        ),
        ("arn:aws:ssm:eu-west-1:111122223333:parameter/team/session", [Kind.PARAMETER]),
        ("arn:aws:cloudformation:eu-west-1:111122223333:stack/Notebooks/7f0c", [Kind.STACK]),
        (f"arn:aws:emr-serverless:eu-west-1:111122223333:/applications/{APPLICATION}", []),
        ("/notebooks/session", [Kind.PARAMETER]),
        (f"{APPLICATION}/{SESSION}", [Kind.IDS]),
        (SESSION, [Kind.ID]),
        ("Notebooks/Team/Session", [Kind.CONSTRUCT, Kind.NAME]),
        ("Notebooks", [Kind.PARAMETER, Kind.STACK, Kind.NAME]),
        ("nightly.2", [Kind.PARAMETER, Kind.NAME]),
        ("Ada's session", [Kind.NAME]),
    ],
)
def test_a_text_is_told_by_its_form(text: str, kinds: list[Kind]) -> None:
    assert list(kinds_of(text)) == kinds
