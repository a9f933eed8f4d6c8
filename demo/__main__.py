"""Deploy the quickstart to a local AWS, run a query on its session, and destroy it again.

``python -m demo APP`` does so with another app, of one stack with the same outputs.
"""

import contextlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from botocore.exceptions import BotoCoreError, ClientError

from testbed.cdk_cli import ROOT, CdkCli, CdkError
from testbed.evidence import evidence
from testbed.local_aws import LocalAws, LocalAwsError

QUERY_SECONDS = 120
QUICKSTART = ROOT / "examples" / "quickstart" / "app.py"


class DemoError(Exception):
    """Something isn't as the demo promises."""


def main(arguments: list[str]) -> int:
    """Run the demo with the quickstart or another app, and return its exit code."""
    app = Path(arguments[0]).resolve() if arguments else QUICKSTART
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    say = Progress()
    with tempfile.TemporaryDirectory(prefix="emr-serverless-session-demo-") as folder:
        aws = LocalAws(Path(folder), session_start_seconds=3, spark="sail")
        try:
            run(app, aws, say)
        except (CdkError, LocalAwsError, DemoError, ClientError, BotoCoreError) as error:
            say.failed(error, aws)
            return 1
        except KeyboardInterrupt:
            say.line("interrupted")
            return 130
        finally:
            aws.stop()
    say.line(f"done in {say.seconds():.0f} s; nothing of it is left")
    return 0


def run(app: Path, aws: LocalAws, say: "Progress") -> None:
    """Go through the life of an app's stack, a step at a time."""
    cdk = CdkCli(aws, visible=True)
    assembly = aws.folder / "cdk.out"
    with say.step("start the local AWS"):
        aws.start()
    say.line(f"it listens on {aws.url}")
    with say.step("cdk bootstrap: prepare the account"):
        cdk.bootstrap()
    with say.step(f"cdk synth: {app.relative_to(ROOT) if app.is_relative_to(ROOT) else app}"):
        cdk.synth(app, assembly)
    with say.step("cdk deploy: the application, the session"):
        # If it fails, what was made stays for a look at it: the handler's log, above all.
        outputs = cdk.deploy(assembly, options=["--no-rollback"])
    with say.step("look at it with boto3"):
        session = get_session(aws, outputs)
    show({"stack outputs": outputs, "session": described(session)})
    expect(session["state"] in {"STARTED", "IDLE", "BUSY"}, f"the session is {session['state']}")
    with say.step("run a query on it with PySpark"):
        query(aws, outputs["SessionArn"])
    with say.step("cdk destroy"):
        cdk.destroy(assembly)
    with say.step("look again"):
        application = get_application(aws, outputs)
        state = get_session(aws, outputs)["state"]
    show({"afterwards": {"session": state, "application": application}})
    expect(state == "TERMINATED", f"the session is {state}, not TERMINATED")
    expect(application == "DELETED", f"the application is {application}, not deleted")
    with say.step("stop the local AWS"):
        expect(aws.stop() == 0, "it did not stop cleanly")


def get_session(aws: LocalAws, outputs: dict[str, str]) -> dict[str, Any]:
    """Ask the service for the session that the stack's outputs name."""
    answer: dict[str, Any] = aws.client("emr-serverless").get_session(
        applicationId=outputs["ApplicationId"], sessionId=outputs["SessionId"]
    )
    session: dict[str, Any] = answer["session"]
    return session


def query(aws: LocalAws, arn: str) -> None:
    """Connect to the session from a process of its own, as a notebook would."""
    try:
        subprocess.run(
            [sys.executable, "-m", "demo.query", arn],
            cwd=ROOT,
            env={**aws.environment(), "PYTHONWARNINGS": "ignore"},
            timeout=QUERY_SECONDS,
            check=True,
        )
    except subprocess.SubprocessError as error:
        raise DemoError(f"the query failed: {error}") from error


def get_application(aws: LocalAws, outputs: dict[str, str]) -> str:
    """Return the application's state, or that it was deleted."""
    client = aws.client("emr-serverless")
    try:
        answer = client.get_application(applicationId=outputs["ApplicationId"])
    except client.exceptions.ResourceNotFoundException:
        return "DELETED"
    state = str(answer["application"]["state"])
    # The service goes on showing a deleted application for a while.
    return "DELETED" if state == "TERMINATED" else state


def described(session: dict[str, Any]) -> dict[str, str]:
    """Pick what a reader wants to know of a session."""
    tags = session.get("tags", {})
    return {
        "state": session["state"],
        "idle time-out": f"{session['idleTimeoutMinutes']} minutes",
        **{f"tag {name}": value for name, value in sorted(tags.items())},
    }


def show(tables: dict[str, dict[str, str]]) -> None:
    """Print small tables."""
    for title, rows in tables.items():
        print(f"\n  {title}")
        width = max(map(len, rows))
        for name, value in rows.items():
            print(f"    {name:{width}}  {value}")
    print(flush=True)


def expect(holds: bool, otherwise: str) -> None:
    """Fail the demo unless something holds."""
    if not holds:
        raise DemoError(otherwise)


def leave(number: int, _frame: FrameType | None) -> NoReturn:
    """Turn a signal into an exit that cleans up."""
    sys.exit(128 + number)


class Progress:
    """Says each step in a line, with its seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._current = "begin"

    def seconds(self) -> float:
        """Return how long the demo has run."""
        return self._clock() - self._started

    def line(self, text: str) -> None:
        """Say something."""
        print(f"[{self.seconds():5.1f} s] {text}", flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say that a step begins, and how long it took."""
        self._current = name
        self.line(f"{name} …")
        started = self._clock()
        yield
        self.line(f"{name}: {self._clock() - started:.1f} s")

    def failed(self, error: Exception, aws: LocalAws) -> None:
        """Say which step failed, why, and what the logs have about it."""
        try:
            found = evidence(aws) if aws.env else aws.log()
        except (ClientError, BotoCoreError) as unreachable:
            found = f"{unreachable}\n\n--- local AWS\n{aws.log()}"
        print(f"\n{found}\n", file=sys.stderr)
        print(f"FAILED at: {self._current}\n{error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
