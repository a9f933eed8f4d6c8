"""Measures whole processes: CPU time and peak memory, the alternatives in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = 15

# Starts the command from a process smaller than any that is measured: what Linux reports as a
# child's peak memory is never less than what its parent had when it started it.
_LAUNCHER = """
import json, os, resource, sys, time
started = time.monotonic()
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
status = os.waitpid(pid, 0)[1]
used = resource.getrusage(resource.RUSAGE_CHILDREN)
answer = [status, used.ru_utime + used.ru_stime, used.ru_maxrss, time.monotonic() - started]
sys.stderr.write("\\n" + json.dumps(answer))
"""


@dataclass(frozen=True)
class Command:
    """A process to measure."""

    arguments: Sequence[str]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """What one process took."""

    cpu_ms: float
    peak_mib: float
    output: str


@dataclass(frozen=True)
class Quartiles:
    """Median and quartiles of what a process took in all rounds."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Quartiles:
        """The quartiles of two values or more."""
        lower, median, upper = statistics.quantiles(values, n=4)
        return cls(median, lower, upper)

    def text(self, digits: int = 0) -> str:
        """``median (lower quartile to upper quartile)``."""
        return f"{self.median:,.{digits}f} ({self.lower:,.{digits}f} to {self.upper:,.{digits}f})"


def run(command: Command) -> Run:
    """Run a process to its end."""
    launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER]
    done = subprocess.run(
        [*launcher, *command.arguments],
        env={**command.environment},
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    status, cpu, peak, _ = json.loads(done.stderr.splitlines()[-1])
    if status != 0:
        raise RuntimeError(f"{' '.join(command.arguments)[:400]}\n{done.stderr}")
    kib = peak / 1024 if sys.platform == "darwin" else peak
    return Run(cpu * 1000, kib / 1024, done.stdout)


def interleaved(
    commands: Mapping[str, Command],
    rounds: int = ROUNDS,
    say: Callable[[str], None] = lambda _: None,
) -> dict[str, list[Run]]:
    """Run each command once a round, so that a busy machine hits all of them alike.

    A first round is not counted: it fills the disk cache and compiles what may be compiled.
    """
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        say(f"round {number} of {rounds}")
        for name, command in commands.items():
            result = run(command)
            if number:
                runs[name].append(result)
    return runs


def clean_environment(**more: str) -> dict[str, str]:
    """This process's environment without what leads to an account or changes Python."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "CDK_", "BOTO", "PYTHON", "JSII_"))
    }
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return {**kept, **more}
