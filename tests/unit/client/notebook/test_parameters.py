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
        ("SELECT 1 /* outer /* inner */ :no */, :yes", ["yes"]),
        ("SELECT 1 /* it's /*+ no hint */, :yes /* open :no", ["yes"]),
        ("SELECT /*+ BROADCAST(a) */ :yes", ["yes"]),
        ("SELECT 1 -- goes on\\\n:no\n, :yes", ["yes"]),
        ("CAST(a AS STRUCT<a:INT, `b`:INT, c :INT, `d` :INT>), :yes", ["yes"]),
        ("CAST(a AS struct<a: ARRAY<STRUCT<b:INT>>, c :DECIMAL(:yes)>)", ["yes"]),
        ("SELECT a<:one, a>:two, a <:three, x'1F' :four", ["one", "two", "three", "four"]),
        ("SELECT parse_json(:yes):no, a.`b`:no, a[0] :no, 1 :no, a[:key]", ["yes", "key"]),
        ("SELECT `a``b :no`, bar'\\' :no', :yes::STRING", ["yes"]),
        ("loop:BEGIN SELECT :yes LIMIT :rows; END loop", ["yes", "rows"]),
        ("SELECT 1", []),
    ],
)
def test_names_outside_quotes_and_comments(sql: str, names: list[str]) -> None:
    assert parameters(sql) == names
