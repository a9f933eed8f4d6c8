"""Synth: CPU time, template bytes and resources over the number of sessions; import; steps."""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.alternatives import CACHE
from benchmarks.process import Command, Quartiles, Run, clean_environment, interleaved

KINDS = ("Session", "AwsCustomResource", "AwsCustomResource, calls alone", "CustomResource")
COUNTS = (1, 100, 400)
# Seconds each, and no part of any claim.
VALIDATION_ROUNDS = 3
# Their difference to one session is what the milliseconds a session are made from.
STATED = (100, 400)


@dataclass(frozen=True)
class Point:
    """One app: a kind and a number of sessions."""

    cpu_ms: Quartiles
    bytes: int
    resources: int


@dataclass(frozen=True)
class Synth:
    """All apps, and the milliseconds a session more, round by round."""

    points: dict[str, dict[int, Point]]
    ms_a_session: dict[str, dict[int, Quartiles]]
    steps: dict[str, float]


def measure(say: Callable[[str], None]) -> Synth:
    """Synthesize all apps, each once a round."""
    commands = {
        f"{kind} {count}": app_command("-m", "testbed.synth_app", kind, str(count))
        for count in COUNTS
        for kind in KINDS
    }
    runs = interleaved(commands, say=say)
    points = {kind: {count: _point(runs[f"{kind} {count}"]) for count in COUNTS} for kind in KINDS}
    slopes = {
        kind: {
            count: Quartiles.of(
                [
                    (many.cpu_ms - one.cpu_ms) / (count - 1)
                    for many, one in zip(runs[f"{kind} {count}"], runs[f"{kind} 1"], strict=True)
                ]
            )
            for count in STATED
        }
        for kind in KINDS
    }
    say("with the CDK's template validation")
    return Synth(points, slopes, {**_steps(runs["Session 1"]), **_validation()})


def _validation() -> dict[str, float]:
    """What synth of one session takes longer with the CDK's own template validation."""
    app = ("-m", "testbed.synth_app", "Session", "1")
    commands = {"without": app_command(*app), "with": app_command(*app, validation=True)}
    runs = interleaved(commands, rounds=VALIDATION_ROUNDS)
    without, validated = (_steps(runs[name])["synth"] for name in commands)
    return {"template validation by the CDK (off in all else)": validated - without}


CDK_ALONE = "import aws_cdk"
WITH_LIBRARY = "import aws_cdk, and Session of the library"
_APP = "import aws_cdk; from aws_cdk import aws_emrserverless, aws_iam"
_SESSION = "from cdk_emr_serverless_session import Session"
IMPORTS = {
    CDK_ALONE: "import aws_cdk",
    WITH_LIBRARY: f"import aws_cdk; {_SESSION}",
    "import aws_cdk, aws_emrserverless, aws_iam": _APP,
    "and Session of the library": f"{_APP}; {_SESSION}",
}


def measure_imports() -> dict[str, list[Run]]:
    """Import with and without the library, each once a round."""
    return interleaved({name: app_command("-c", code) for name, code in IMPORTS.items()})


def app_command(*arguments: str, validation: bool = False) -> Command:
    """A process of the development environment; its modules are compiled once."""
    environment = clean_environment(PYTHONPYCACHEPREFIX=str(CACHE / "compiled"))
    if not validation:
        # The CDK's own template validation takes seconds of each synth, whatever is in it.
        environment["CDK_VALIDATION"] = "false"
    return Command([str(Path(sys.executable)), *arguments], environment)


def _point(runs: list[Run]) -> Point:
    answer = json.loads(runs[0].output.splitlines()[-1])
    cpu = Quartiles.of([run.cpu_ms for run in runs])
    return Point(cpu, answer["bytes"], answer["resources"])


def _steps(runs: list[Run]) -> dict[str, float]:
    answers = [json.loads(run.output.splitlines()[-1])["steps"] for run in runs]
    return {
        name: 1000 * statistics.median(answer[name] for answer in answers) for name in answers[0]
    }
