"""The report of a run: markdown for people, JSON for programs, named by its date."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from .assumption import Answer


@dataclass(frozen=True)
class Report:
    """What an account answered, and when."""

    begun: datetime
    region: str
    seconds: float
    answers: Sequence[Answer]

    def write(self, folder: Path) -> list[Path]:
        """Write both files; gives their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"{self.begun:%Y-%m-%dT%H-%M}"
        markdown, machine = folder / f"{name}.md", folder / f"{name}.json"
        markdown.write_text(self.markdown())
        machine.write_text(json.dumps(self.data(), indent=2) + "\n")
        return [markdown, machine]

    def data(self) -> dict[str, object]:
        """For programs. The account's number is left out: reports are shown around."""
        return {
            "begun": self.begun.isoformat(timespec="seconds"),
            "region": self.region,
            "seconds": round(self.seconds),
            "answers": [
                {
                    "assumption": one.assumption.id,
                    "text": one.assumption.text,
                    "observed": one.observed,
                    "confirmed": one.confirmed,
                }
                for one in self.answers
            ],
        }

    def markdown(self) -> str:
        """For people."""
        rows = [
            f"| `{one.assumption.id}` | {one.assumption.text} | {_cell(one.observed)} "
            f"| {one.confirmed} |"
            for one in self.answers
        ]
        return "\n".join(
            [
                f"# What {self.region} answered on {self.begun:%Y-%m-%d}",
                "",
                f"Begun at {self.begun:%H:%M} UTC, {self.seconds / 60:.0f} minutes.",
                "",
                "| assumption | | observed | confirmed |",
                "|---|---|---|---|",
                *rows,
                "",
            ]
        )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
