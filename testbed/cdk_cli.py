"""Runs the real CDK CLI against a local AWS or a real account."""

import contextlib
import json
import os
import secrets
import signal
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

ROOT = Path(__file__).resolve().parent.parent
CDK = ROOT / "node_modules" / ".bin" / "cdk"
CDK_LIBRARY = ROOT / "node_modules" / "aws-cdk" / "lib" / "index.js"
SECONDS = 300
SETTINGS = {
    "CDK_DISABLE_CLI_TELEMETRY": "true",
    # The validator takes seconds of every synth; a unit test runs it.
    "CDK_VALIDATION": "false",
}


class CdkError(Exception):
    """A command of the CDK CLI failed."""

    def __init__(self, command: str, exit_code: int, output: str) -> None:
        super().__init__(f"cdk {command} ended with {exit_code}\n{output}".rstrip())
        self.output = output


class ResidentCdk:
    """The CDK CLI in a process that is kept, from entering the ``with`` block to leaving it.

    For many commands on one account: to load the CLI takes more than half of a command's time.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**environment, **SETTINGS}
        self._mark = f"ended-{secrets.token_hex(8)}"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, arguments: Sequence[str], cwd: Path) -> tuple[int, str]:
        """Run a command; gives its exit code and what it printed."""
        process = self._process = self._process or self._started()
        assert process.stdin
        assert process.stdout
        limit = threading.Timer(SECONDS, self._end)
        limit.start()
        said: list[str] = []
        try:
            process.stdin.write(json.dumps({"args": arguments, "cwd": str(cwd)}) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                if line.startswith(self._mark):
                    return int(line.split()[1]), "".join(said)
                said.append(line)
        except BaseException:
            self._end()
            raise
        finally:
            limit.cancel()
        # It has ended by itself, or was too slow.
        self._end()
        return process.wait(), "".join(said)

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["node", Path(__file__).with_name("cdk_resident.js"), CDK_LIBRARY, self._mark],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # A group of its own, to be ended with whatever it has started.
            process_group=0,
        )

    def _end(self) -> None:
        process, self._process = self._process, None
        if process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


class Account(Protocol):
    """What the CLI works on."""

    @property
    def folder(self) -> Path:
        """An existing folder for what the CLI writes."""
        ...

    @property
    def region(self) -> str:
        """The region."""
        ...

    def client(self, service: str) -> Any:
        """A boto3 client of a service."""
        ...

    def environment(self) -> dict[str, str]:
        """The environment that leads a program there."""
        ...


@dataclass(frozen=True)
class CdkCli:
    """The CDK CLI, pointed at an account.

    Attributes:
        aws: The account.
        visible: Whether its output goes to the terminal, instead of to the caller.
        resident: What runs its commands, instead of a process for each.
    """

    aws: Account
    visible: bool = False
    resident: ResidentCdk | None = None

    def bootstrap(self) -> str:
        """Prepare account and region, as a new account has to be."""
        # A folder without cdk.json: bootstrapping needs no app, and would run it.
        folder = self.aws.folder / "bootstrap"
        folder.mkdir(exist_ok=True)
        identity = self.aws.client("sts").get_caller_identity()
        target = f"aws://{identity['Account']}/{self.aws.region}"
        return self._run("bootstrap", target, cwd=folder)

    def synth(self, app: Path, assembly: Path, *options: str) -> str:
        """Synthesize a Python app into an assembly."""
        # From the app's folder, so that the command needs no quoting whatever the path is.
        command = ("--app", f"python3 {app.name}", "--output", str(assembly))
        return self._run("synth", "--quiet", *command, *options, cwd=app.parent)

    def deploy(
        self,
        assembly: Path,
        stack: str = "--all",
        *,
        tags: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> dict[str, str]:
        """Deploy a stack of an assembly, with tags of the stack's, and return its outputs."""
        outputs = assembly.with_name(f"{assembly.name}.outputs.json")
        self._run(
            *("deploy", stack, "--app", str(assembly)),
            *("--require-approval", "never"),
            *("--progress", "events"),
            *(part for key, value in (tags or {}).items() for part in ("--tags", f"{key}={value}")),
            *("--outputs-file", str(outputs)),
            *options,
        )
        return merged(json.loads(outputs.read_text()))

    def try_deploy(
        self, assembly: Path, stack: str = "--all", *, options: Sequence[str] = ()
    ) -> str:
        """Deploy a stack that is to fail, and return what the CLI said."""
        try:
            self.deploy(assembly, stack, options=options)
        except CdkError as error:
            return error.output
        raise AssertionError("the deployment was to fail, and it succeeded")

    def destroy(self, assembly: Path, stack: str = "--all") -> str:
        """Destroy a stack of an assembly."""
        return self._run("destroy", stack, "--app", str(assembly), "--force")

    def _run(self, command: str, *arguments: str, cwd: Path | None = None) -> str:
        if self.resident:
            words = [command, *arguments, "--no-notices"]
            exit_code, said = self.resident.run(words, cwd or self.aws.folder)
            if exit_code != 0:
                raise CdkError(command, exit_code, said)
            return said
        process = subprocess.Popen(
            [str(CDK), command, *arguments, "--no-notices"],
            cwd=cwd or self.aws.folder,
            env={**self.aws.environment(), **SETTINGS},
            stdin=subprocess.DEVNULL,
            stdout=None if self.visible else subprocess.PIPE,
            stderr=None if self.visible else subprocess.STDOUT,
            text=True,
            # A group of its own, to be ended with whatever it has started.
            process_group=0,
        )
        try:
            output, _ = process.communicate(timeout=SECONDS)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            raise
        if process.returncode != 0:
            raise CdkError(command, process.returncode, output or "")
        return output or ""


def merged(outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Put the outputs of all stacks into one map."""
    return {name: str(value) for stack in outputs.values() for name, value in stack.items()}
