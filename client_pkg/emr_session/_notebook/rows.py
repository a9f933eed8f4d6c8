"""The rows of a query's result in a notebook. pandas renders and escapes the table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

NULL = "NULL"
# A longer value ends in "...".
CELL_WIDTH = 200


class Rows:
    """The first rows of a result."""

    def __init__(self, columns: Sequence[str], rows: Sequence[Sequence[Any]], limit: int) -> None:
        """Rows to show.

        Args:
            columns: Their names, which need not differ.
            rows: Their values; one more row than ``limit`` where there are more.
            limit: How many to show.
        """
        self._columns = list(columns)
        self._rows = [list(row) for row in rows[:limit]]
        self._more = len(rows) > limit

    def _repr_html_(self) -> str:
        import pandas

        with pandas.option_context("display.max_colwidth", CELL_WIDTH):
            table = self._table().to_html(index=False, border=0, notebook=True)
        return f"{table}<small>{escape(self._said())}</small>"

    def __repr__(self) -> str:
        return f"{self._table().to_string(index=False)}\n{self._said()}"

    def _said(self) -> str:
        count = len(self._rows)
        rows = "1 row" if count == 1 else f"{count:,} rows"
        return f"the first {rows}; there are more (--limit)" if self._more else rows

    def _table(self) -> Any:
        import pandas

        # As objects: whole numbers beside NULL would become floats.
        rows = [[NULL if value is None else value for value in row] for row in self._rows]
        return pandas.DataFrame(rows, columns=self._columns, dtype=object)
