"""A table that fits: its columns are shortened and left out in a defined order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .printable import printable

if TYPE_CHECKING:
    from rich.table import Table

_GAP = 2


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        title: Its heading.
        rank: 0 for a column that is always there. Of the others, the highest goes first where
            the terminal is too narrow.
        shortest: How short its cells may be cut, in their middle; 0 if never.
        right: Whether it is aligned to the right.
        styles: Rich's styles of cells by their text.
    """

    title: str
    rank: int = 0
    shortest: int = 0
    right: bool = False
    styles: Mapping[str, str] | None = None


def fit(columns: Sequence[Column], natural: Sequence[int], width: int) -> dict[int, int]:
    """The columns that a width has room for, with a width for each.

    Cells are shortened before a column is left out, the widest first.

    Args:
        columns: The columns.
        natural: How wide each is with nothing cut.
        width: How wide they may be together.
    """
    least = [
        min(size, column.shortest or size) for column, size in zip(columns, natural, strict=True)
    ]
    kept = list(range(len(columns)))
    for index in sorted(kept, key=lambda one: -columns[one].rank):
        if columns[index].rank and _total([least[one] for one in kept]) > width:
            kept.remove(index)
    sizes = {index: natural[index] for index in kept}
    while _total(list(sizes.values())) > width:
        longest = max(sizes, key=lambda one: (sizes[one] - least[one], one))
        if sizes[longest] == least[longest]:
            break
        sizes[longest] -= 1
    return sizes


def table(columns: Sequence[Column], rows: Sequence[Sequence[str | None]], width: int) -> Table:
    """Rich's table of rows, with the columns that a width has room for."""
    # Not before here: commands that print a line do without.
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    cells = [[printable(cell or "") or "-" for cell in row] for row in rows]
    natural = [
        max(cell_len(column.title), *(cell_len(row[index]) for row in cells), 1)
        for index, column in enumerate(columns)
    ]
    sizes = fit(columns, natural, width)
    drawn = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="bold")
    for index, size in sizes.items():
        drawn.add_column(
            Text(columns[index].title),
            justify="right" if columns[index].right else "left",
            no_wrap=True,
            width=size,
        )
    for row in cells:
        drawn.add_row(
            *(
                Text(
                    _cut(row[index], size), style=(columns[index].styles or {}).get(row[index], "")
                )
                for index, size in sizes.items()
            )
        )
    return drawn


def _total(sizes: Sequence[int]) -> int:
    return sum(sizes) + _GAP * (len(sizes) - 1)


def _cut(text: str, size: int) -> str:
    """A text with its middle left out, where names that begin or end alike differ the least."""
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) <= size:
        return text
    end = (size - 1) // 2
    tail = set_cell_size(text[::-1], end)[::-1]
    return f"{set_cell_size(text, size - 1 - end)}…{tail}"
