"""Measure everything, print the tables, and write them to ``benchmarks/results/``."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Before the CDK is imported: jsii takes Node from the PATH, and the validator that the CDK runs
# on every synth takes seconds whatever is in the template.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["CDK_VALIDATION"] = "false"
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "lambda"))

from benchmarks import alternatives, chain, cold_start, deployment, handler_calls, proxy, synth
from benchmarks.process import ROOT, ROUNDS, Quartiles, Run, interleaved
from benchmarks.report import Claim, claims_table, plot, table
from testbed.sizes import zipped_bytes

RESULTS = ROOT / "benchmarks" / "results"
PARTS = ("cold", "synth", "chain", "service", "deployment", "proxy")


def main() -> int:
    """Run the parts that were asked for, and return 0 if every claim holds."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: all")
    parts = parser.parse_args().parts or PARTS
    found = alternatives.prepare()
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / "results.json"
    parts_so_far: dict[str, Any] = json.loads(kept.read_text()) if kept.exists() else {}
    measured = {
        "cold": lambda: cold(found),
        "synth": synthesis,
        "chain": first_deployment,
        "service": service,
        "deployment": deployments,
        "proxy": proxied,
    }
    for part in PARTS:
        if part in parts:
            found_now = {**measured[part](), "machine": machine()}
            if kept.exists():
                parts_so_far = json.loads(kept.read_text())
            parts_so_far[part] = found_now
            kept.write_text(json.dumps(parts_so_far, indent=1) + "\n")
    done = [parts_so_far[part] for part in PARTS if part in parts_so_far]
    claims = [Claim(**claim) for part in done for claim in part["claims"]]
    text = "\n".join(
        [
            _heading(done[0]["machine"]),
            claims_table(claims),
            *(t for p in done for t in p["tables"]),
        ]
    )
    print(text)
    (RESULTS / "results.txt").write_text(text)
    return 0 if all(claim.holds for claim in claims) else 1


def cold(found: alternatives.Alternatives) -> dict[str, Any]:
    """Cold start, peak memory and the asset's size."""
    whole = interleaved(cold_start.commands(found), say=_say("cold start"))
    ready = interleaved(cold_start.commands(found, to_ready=True), say=_say("client ready"))
    handler, asset = cold_start.HANDLER, "asset, zipped bytes"
    limits = {cold_start.PLAIN: 0.70, cold_start.BUNDLED: 0.40, cold_start.CRHELPER: 0.60}
    sizes = {folder: zipped_bytes(folder) for folder in (found.asset, found.bundle)}
    own, bundled = sizes[found.asset], sizes[found.bundle]
    claims = [
        _claim("cold start, CPU", name, _ratio(whole, handler, name), limit, _median_of_ratios)
        for name, limit in limits.items()
    ]
    peak = _peak(whole[handler]) / _peak(whole[cold_start.PLAIN])
    claims.append(_claim("peak memory", cold_start.PLAIN, peak, 0.80, "medians"))
    claims.append(_claim(asset, cold_start.BUNDLED, own / bundled, 0.003333, f"{own:,} bytes"))
    rows = [
        [
            name,
            Quartiles.of([run.cpu_ms for run in runs]).text(),
            f"{_ratio(whole, name, cold_start.PLAIN):.2f}",
            Quartiles.of([run.cpu_ms for run in ready[name]]).text() if name in ready else "",
            f"{_ratio(ready, name, cold_start.PLAIN):.2f}" if name in ready else "",
            Quartiles.of([run.peak_mib for run in runs]).text(1),
        ]
        for name, runs in whole.items()
    ]
    head = ["process", "CPU ms, whole", "ratio", "CPU ms, to ready", "ratio", "peak MiB"]
    tables = [
        table("Cold start: median (quartiles); ratio to plain boto3", head, rows),
        table(
            "Asset",
            ["what", "zipped bytes"],
            [["handler", f"{own:,}"], ["boto3 bundled by pip", f"{bundled:,}"]],
        ),
    ]
    return {"claims": claims, "tables": tables}


def synthesis() -> dict[str, Any]:
    """Synth: time, bytes and resources a session; import; where the time of one session goes."""
    found = synth.measure(_say("synth"))
    imports = synth.measure_imports()
    own, other, _, floor = synth.KINDS
    claims = [
        _claim(
            f"synth, CPU ms a session more, at {count}",
            other,
            found.ms_a_session[own][count].median / found.ms_a_session[other][count].median,
            0.50,
            f"{found.ms_a_session[own][count].text(1)} ms",
        )
        for count in synth.STATED
    ]
    most, least = max(synth.COUNTS), min(synth.COUNTS)
    more = {
        kind: (
            (points[most].bytes - points[least].bytes) / (most - least),
            (points[most].resources - points[least].resources) / (most - least),
        )
        for kind, points in found.points.items()
    }
    ratio = more[own][0] / more[other][0]
    size = f"{more[own][0]:.0f} bytes"
    claims.append(_claim("template, minified bytes a session more", other, ratio, 0.45, size))
    claims.append(_claim("resources a session more", f"{more[other][1]:g}", more[own][1], 1, ""))
    added = _ratio(imports, synth.WITH_LIBRARY, synth.CDK_ALONE)
    claims.append(
        _claim("import with Session, CPU", synth.CDK_ALONE, added, 1.20, _median_of_ratios)
    )
    rows = [
        [
            f"{kind}, {count}",
            point.cpu_ms.text(),
            found.ms_a_session[kind][count].text(1) if count in synth.STATED else "",
            f"{point.bytes:,}",
            f"{point.resources}",
        ]
        for kind, points in found.points.items()
        for count, point in points.items()
    ]
    tables = [
        table(
            "Synth: CPU of Python and Node, median (quartiles)",
            ["app", "CPU ms", "ms a session more", "template bytes", "resources"],
            rows,
        ),
        table(
            "A session more",
            ["kind", "template bytes", "resources"],
            [[kind, f"{b:.0f}", f"{r:g}"] for kind, (b, r) in more.items()],
        ),
        table(
            "Synth of one session: where its time goes (wall, medians)",
            ["step", "ms"],
            [[name, f"{ms:.0f}"] for name, ms in found.steps.items()],
        ),
        table(
            "Import: CPU, median (quartiles); ratio to import aws_cdk",
            ["what", "CPU ms", "ratio"],
            [
                [
                    name,
                    Quartiles.of([run.cpu_ms for run in runs]).text(),
                    f"{_ratio(imports, name, synth.CDK_ALONE):.2f}",
                ]
                for name, runs in imports.items()
            ],
        ),
    ]
    panels = {
        "synth, CPU seconds": {
            kind: [(count, point.cpu_ms.median / 1000) for count, point in points.items()]
            for kind, points in found.points.items()
        },
        "template, kB minified": {
            kind: [(count, point.bytes / 1000) for count, point in points.items()]
            for kind, points in found.points.items()
        },
    }
    names = {own: f"{own} (this library)", floor: f"{floor} (nothing behind it)"}
    named = {
        title: {names.get(kind, kind): points for kind, points in lines.items()}
        for title, lines in panels.items()
    }
    (RESULTS / "synth.svg").write_text(plot(named, "sessions in the stack"))
    return {"claims": claims, "tables": tables}


def first_deployment() -> dict[str, Any]:
    """What a first deployment waits for before StartSession."""
    found = chain.measure()
    own = found[chain.SESSION].chain
    note = "typical creation times"
    claims = [
        _claim("seconds before the first StartSession", "", own.seconds, chain.GOAL_SECONDS, note),
        *(
            _claim("the same", kind, own.seconds / found[kind].chain.seconds, at_most, note)
            for kind, at_most in ((chain.AWS_CUSTOM_RESOURCE, 1.0), (chain.PROVIDER, 0.35))
        ),
    ]
    rows = [
        [
            kind,
            f"{one.chain.seconds:.0f}",
            f"{one.resources}",
            chain.as_text(one.chain),
        ]
        for kind, one in found.items()
    ]
    head = ["kind", "seconds", "resources", "one after the other"]
    title = "Before the first StartSession: the longest chain of a stack with one session"
    return {"claims": claims, "tables": [table(title, head, rows)]}


def service() -> dict[str, Any]:
    """Calls to the service, in simulated time."""
    tables, claims = handler_calls.tables_and_claims()
    return {"claims": [vars(claim).copy() for claim in claims], "tables": tables}


def deployments() -> dict[str, Any]:
    """Deployments on the local AWS."""
    found = deployment.measure(_say("deployment"))
    one, many = (statistics.median(found.seconds[count]) for count in (1, deployment.MANY))
    claims = [
        _claim(
            "usable until CloudFormation knows, seconds, the longest",
            "",
            found.longest_to_know,
            5,
            "local AWS",
        ),
        _claim(
            f"deploy of {deployment.MANY} sessions",
            "as many deploys of one",
            many / (one * deployment.MANY),
            1,
            f"{many:.0f} s to {one:.0f} s: {many / one:.1f} times",
        ),
    ]
    rows = [
        [f"{count}", " ".join(f"{value:.1f}" for value in values)]
        for count, values in found.seconds.items()
    ]
    waits = [["seconds", found.seconds_to_know.text(1)]]
    tables = [
        table("Deploy on the local AWS", ["sessions", "seconds, each time"], rows),
        table(
            "From usable to CREATE_COMPLETE",
            ["", "median (quartiles)"],
            waits,
        ),
    ]
    return {"claims": claims, "tables": tables}


def machine() -> dict[str, str]:
    """What it was measured on."""
    packages = ("aws-cdk-lib", "jsii", "boto3", "botocore")
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
        "crhelper": alternatives.CRHELPER.partition("==")[2],
    }


_median_of_ratios = "median of ratios, round by round"


def _ratio(runs: Mapping[str, list[Run]], name: str, beside: str) -> float:
    pairs = zip(runs[name], runs[beside], strict=True)
    return statistics.median(one.cpu_ms / other.cpu_ms for one, other in pairs)


def _peak(runs: list[Run]) -> float:
    return statistics.median(run.peak_mib for run in runs)


def proxied() -> dict[str, Any]:
    """What the proxy costs a client, beside a direct connection."""
    found = proxy.measure()
    rows = [
        [
            name,
            found.count_ms[way].text(1),
            found.mib_a_second[way].text(),
            f"{found.clients_seconds[way]:.1f}",
        ]
        for way, name in enumerate(("direct", "by the proxy"))
    ]
    head = ["way", "count, ms", "MiB a second to Arrow", f"{found.clients} clients at once, s"]
    peak = f"{found.peak_mib:.0f} MiB at most, {found.cpu_s_a_100_mib:.2f} s CPU a 100 MiB"
    return {
        "claims": [
            _claim("proxy, time of a count", "direct", found.count_ratio, 1.20, "median of ratios"),
            _claim("proxy, time of a large result", "direct", found.time_ratio, 1 / 0.95, peak),
        ],
        "tables": [table("Proxy: median (quartiles), Apache Spark behind both", head, rows)],
    }


def _claim(what: str, beside: str, measured: float, at_most: float, note: str) -> dict[str, Any]:
    return vars(Claim(what, beside, measured, at_most, note)).copy()


def _heading(where: Mapping[str, str]) -> str:
    lines = [f"{name}: {value}" for name, value in where.items()]
    lines.append(f"each ratio from one interleaved run of {ROUNDS} rounds; CDK_VALIDATION=false")
    return "\n".join([*lines, ""])


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else []:
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown processor"


def _say(part: str) -> Any:
    started = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {part}: {text}", file=sys.stderr, flush=True)

    return say


if __name__ == "__main__":
    sys.exit(main())
