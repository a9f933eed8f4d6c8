"""``python -m acceptance run`` and ``sweep``: the cost, a confirmation, the answers."""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from emr_session import SystemClock

from .account import Account
from .assumption import Confirmed
from .budget import budget_line
from .report import Report
from .run import ASSUMPTIONS, run
from .sweep import sweep
from .waits import Waits

REPORTS = Path("build") / "acceptance"
NOT_CONFIRMED, REFUSED = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when every assumption was confirmed or everything was swept; 1 when not; 2 when the
        confirmation wasn't typed.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if not options.region:
        parser.error("give a region: make acceptance PROFILE=… REGION=…")
    waits = Waits().scaled(options.scale_waits)
    begun = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="acceptance-") as folder:
        account = Account(
            Path(folder),
            profile=options.profile or None,
            region=options.region,
            run=f"{begun:%m%d%H%M}{uuid.uuid4().hex[:4]}",
        )
        if options.command == "sweep":
            left = sweep(account, SystemClock(), waits, _say)
            for name in left:
                _say(f"LEFT: {name}")
            return NOT_CONFIRMED if left else 0
        if not _confirmed(account, waits):
            _say("Nothing was done.")
            return REFUSED
        clock = SystemClock()
        started = clock.now()
        answers = run(account, clock, waits, _say)
        report = Report(begun, account.region, clock.now() - started, answers)
        for path in report.write(options.reports):
            _say(f"written: {path}")
    confirmed = {one.assumption.id for one in answers if one.confirmed == Confirmed.YES}
    return 0 if len(confirmed) == len(ASSUMPTIONS) else NOT_CONFIRMED


def _confirmed(account: Account, waits: Waits) -> bool:
    """Say what will be done and what it costs, and have the account's number typed."""
    number = account.number()
    _say(
        f"This tests {len(ASSUMPTIONS)} assumptions in account {number}, {account.region}. It "
        "deploys the quickstart and stacks of its own, each tagged, starts about 10 sessions, and "
        "deletes all of it."
    )
    _say(budget_line(waits))
    print("Type the account's number to begin: ", end="", flush=True)
    typed = sys.stdin.readline()
    return re.sub(r"\s", "", typed) == number


def _say(text: str) -> None:
    print(text, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="acceptance", description=__doc__)
    parser.add_argument("command", choices=["run", "sweep"])
    parser.add_argument("--profile", help="the profile; by default the environment's credentials")
    parser.add_argument("--region", required=True)
    parser.add_argument("--reports", type=Path, default=REPORTS, help="where to write the report")
    parser.add_argument(
        "--scale-waits",
        type=float,
        default=1.0,
        metavar="FACTOR",
        help="shorten the waits; the answers then say nothing about AWS",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
