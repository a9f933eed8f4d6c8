"""The handler's calls to the service, and seconds, of each operation in simulated time.

The handler is the real one; CloudFormation, Lambda and the service are simulated, so nothing here
depends on the machine that it runs on. ``python -m benchmarks.handler_calls`` prints the tables.
"""

from __future__ import annotations

from benchmarks.report import Claim, claims_table, table
from testbed.simulation import measures

FOREIGN = (0, 25, 100, 1000)
RATE = 2.0
"""GetSession a second, where the service allows few."""


def call_table() -> str:
    """Operations down, foreign live sessions across: calls to EMR Serverless, and seconds."""
    columns = [measures.calls(foreign) for foreign in FOREIGN]
    rows = [
        [row[0].operation, *(f"{c.to_the_service} in {c.seconds:.0f} s" for c in row)]
        for row in zip(*columns, strict=True)
    ]
    title = (
        f"Calls to EMR Serverless, beside {measures.DEAD:,} dead sessions of others and so many "
        "live ones (simulated, 100 ms a call)"
    )
    return table(title, ["operation", *(f"{n:,} live" for n in FOREIGN)], rows)


def concurrent_table(found: list[measures.ConcurrentCalls], allowed: str) -> str:
    """What the sessions of one stack ask together."""
    rows = [
        [
            t.operation,
            f"{t.seconds:.0f} s",
            f"{t.a_second:.1f}",
            f"{t.busiest:.1f}",
            str(t.throttled),
            str(t.failed),
        ]
        for t in found
    ]
    head = ["operation", "takes", "GetSession/s", "busiest 10 s", "throttled", "failed"]
    return table(f"{measures.SESSIONS} sessions of a stack, {allowed} GetSession/s", head, rows)


def tables_and_claims() -> tuple[list[str], list[Claim]]:
    """Everything that is measured here."""
    paused = measures.answer_delay()
    free, limited = measures.concurrent_calls(), measures.concurrent_calls(RATE)
    # The shorter the pause, the more looks: docs/performance.md has the curve.
    claims = [
        Claim("usable until answered, mean s", "", paused.mean, 2.0, "simulated, starts 60-90 s"),
        Claim(
            "GetSession a second, 25 sessions that are created",
            "",
            free[0].a_second,
            2.1,
            "simulated, STARTING at once",
        ),
        Claim(
            "the same",
            "",
            measures.concurrent_calls(first_state="SUBMITTED")[0].a_second,
            1.8,
            "simulated, SUBMITTED until usable",
        ),
        Claim(
            f"requests that fail at {RATE:g} GetSession/s, 25 sessions",
            "",
            sum(t.failed for t in limited),
            0,
            "simulated",
        ),
    ]
    tables = [
        call_table(),
        concurrent_table(free, "any number of"),
        concurrent_table(limited, f"at most {RATE:g}"),
    ]
    return tables, claims


if __name__ == "__main__":
    shown, held = tables_and_claims()
    print("\n".join([claims_table(held), *shown]))
