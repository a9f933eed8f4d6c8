"""Tables as text, and a plot as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Claim:
    """One ratio or count, and the most that it may be."""

    what: str
    beside: str
    measured: float
    at_most: float
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether it is within its limit."""
        return self.measured <= self.at_most


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text, the first column to the left and the others to the right."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        parts = [
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return "  ".join(parts).rstrip()

    rule = "  ".join("-" * width for width in widths)
    return "\n".join([title, "", line(head), rule, *map(line, rows), ""])


def claims_table(claims: Sequence[Claim]) -> str:
    """What is claimed, measured and allowed."""
    rows = [
        [
            claim.what,
            claim.beside,
            f"{claim.measured:.4g}",
            f"{claim.at_most:g}",
            "yes" if claim.holds else "NO",
            claim.note,
        ]
        for claim in claims
    ]
    return table("Claims", ["what", "beside", "measured", "at most", "holds", "how"], rows)


Lines = Mapping[str, Sequence[tuple[float, float]]]

_COLORS = ("#0b6e99", "#c4561d", "#d99a3d", "#7a7a7a")
_LEGEND_LINE = 16


def plot(panels: Mapping[str, Lines], x_label: str) -> str:
    """Panels beside each other, each with its lines over a common x axis, as SVG."""
    width, height, left, top = 420, 300, 70, 40
    legend = _LEGEND_LINE * max(map(len, panels.values()))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * len(panels)}" '
        f'height="{height + 30 + legend}" font-family="sans-serif" font-size="12">',
        '<rect width="100%" height="100%" fill="white"/>',
    ]
    for number, (title, lines) in enumerate(panels.items()):
        parts.append(f'<g transform="translate({number * width},0)">')
        parts.append(_panel(title, lines, x_label, (left, top, width - 30, height - 20)))
        parts.append("</g>")
    return "\n".join([*parts, "</svg>", ""])


def _panel(title: str, lines: Lines, x_label: str, box: tuple[int, int, int, int]) -> str:
    left, top, right, bottom = box
    most_x = max(x for points in lines.values() for x, _ in points)
    step_y = _round_step(max(y for points in lines.values() for _, y in points) / 4)
    most_y = 4 * step_y

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (right - left) * x / most_x, bottom - (bottom - top) * y / most_y

    parts = [f'<text x="{left}" y="20" font-weight="bold">{escape(title)}</text>']
    for share in (0, 0.25, 0.5, 0.75, 1):
        x, y = at(most_x * share, most_y * share)
        parts += [
            f'<line x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>',
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{most_y * share:g}</text>',
            f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{most_x * share:.0f}</text>',
        ]
    middle = (left + right) / 2
    parts.append(f'<text x="{middle}" y="{bottom + 34}" text-anchor="middle">{x_label}</text>')
    for number, (name, points) in enumerate(lines.items()):
        color = _COLORS[number % len(_COLORS)]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{color}"/>'
            for x, y in (at(*point) for point in points)
        ]
        parts.append(
            f'<text x="{left}" y="{bottom + 56 + _LEGEND_LINE * number}" fill="{color}">'
            f"{escape(name)}</text>"
        )
    return "\n".join(parts)


def _round_step(least: float) -> float:
    """The smallest of 1, 2, 2.5, 5 times a power of ten that is not below ``least``."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * digit for digit in (1, 2, 2.5, 5, 10) if power * digit >= least)
