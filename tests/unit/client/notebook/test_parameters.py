"""The named parameters of a SQL text."""

import pytest

from emr_session._notebook.parameters import parameters


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT :a, :b_2, :a", ["a", "b_2"]),
        ("SELECT * FROM IDENTIFIER(:table) WHERE day>=:day", ["table", "day"]),
        ("SELECT '1'::INT, payload:field, map[:key]", ["key"]),
        ("SELECT ':no', \":no\", `:no`, 'it\\'s :no', 'it''s :no', :yes", ["yes"]),
        ("SELECT r'\\', :yes, R\"\\\"", ["yes"]),
        ("SELECT 1 -- :no\n, /* :no\n:no */ :yes", ["yes"]),
        ("SELECT 1", []),
    ],
)
def test_names_outside_quotes_and_comments(sql: str, names: list[str]) -> None:
    assert parameters(sql) == names
