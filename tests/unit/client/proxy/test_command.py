"""``emr-session proxy``: its output, and how it ends."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest

from emr_session._command.main import main
from emr_session._command.proxy import SECRET_VARIABLE
from emr_session._proxy.secret import SECRET_HEADER

from ..account import Account, TestClock
from .gateway import Gateway

SECONDS = 60

Command = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def command(aws: Account, gateway: Gateway, tmp_path: Path) -> Iterator[Command]:
    """Starts the command on a session, with any port."""
    roots = tmp_path / "roots.pem"
    roots.write_bytes(gateway.roots)
    with ExitStack() as stack:

        def start(
            *arguments: str, environment: dict[str, str] | None = None
        ) -> "subprocess.Popen[str]":
            fixed = ("--root-certificates", str(roots), "--port", "0")
            running = subprocess.Popen(
                [sys.executable, "-m", "emr_session", "proxy", *fixed, *arguments],
                env={**aws.environment(), "NO_PROXY": "127.0.0.1", **(environment or {})},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(running)
            stack.callback(running.kill)
            return running

        yield start


def address(running: "subprocess.Popen[str]") -> str:
    """What it prints when it listens."""
    assert running.stdout
    return running.stdout.readline().strip()


def noted(running: "subprocess.Popen[str]", words: str) -> str:
    """What it says to people, until it has said this: it may be told to end before."""
    assert running.stderr
    said = ""
    while words not in said:
        line = running.stderr.readline()
        assert line, said
        said += line
    return said


def echoed(at: str, metadata: Any = ()) -> bytes:
    with grpc.insecure_channel(at.removeprefix("sc://").partition("/")[0]) as channel:
        plain: Any = channel.unary_unary("/test/Echo")
        return bytes(plain(b"a", metadata=metadata, timeout=SECONDS))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_the_address_and_who_can_reach_it_and_ends_when_told(
    command: Command, arn: str, number: signal.Signals
) -> None:
    running = command(arn)
    at = address(running)
    assert at.startswith("sc://127.0.0.1:")
    assert echoed(at) == b"a"
    noted(running, "Every user and program of this machine can use it")
    running.send_signal(number)
    rest, notes = running.communicate(timeout=SECONDS)

    assert running.returncode == 0
    assert rest == ""
    assert "Traceback" not in notes


def test_told_to_end_as_soon_as_its_address_is_out_it_ends_as_well(
    aws: Account,
    arn: str,
    gateway: Gateway,
    clock: TestClock,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(gateway.roots)
    for name, value in aws.environment().items():
        monkeypatch.setenv(name, value)
    said: list[str] = []

    def noted(text: str) -> None:
        said.append(text)
        if len(said) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr("emr_session._command.proxy.note", noted)
    before = signal.getsignal(signal.SIGTERM)
    try:
        code = main(["proxy", "--root-certificates", str(roots), "--port", "0", arn], clock=clock)
    finally:
        signal.signal(signal.SIGTERM, before)

    assert code == 0
    assert said[1:] == ["Ended. The session goes on."]
    assert capsys.readouterr().out.startswith("sc://127.0.0.1:")


def test_it_ends_in_one_line_when_the_session_does(
    command: Command, arn: str, aws: Account
) -> None:
    running = command(arn)
    at = address(running)
    aws.terminate(arn)
    with pytest.raises(grpc.RpcError):
        echoed(at)
    _, notes = running.communicate(timeout=SECONDS)

    assert running.returncode == 1
    assert [line for line in notes.splitlines() if "TERMINAT" in line] == notes.splitlines()[-1:]


def test_a_secret_is_in_the_address_alone(command: Command, arn: str) -> None:
    running = command(arn, "--token")
    _, _, secret = address(running).partition(f"{SECRET_HEADER}=")
    notes = noted(running, "keep it secret")
    running.terminate()
    notes += running.communicate(timeout=SECONDS)[1]

    assert len(secret) >= 32
    assert secret not in notes
    assert "Every user" not in notes


def test_a_secret_of_the_environment_keeps_the_address_the_same(command: Command, arn: str) -> None:
    running = command(arn, "--token", environment={SECRET_VARIABLE: "kept"})
    at = address(running)

    assert at.endswith(f"/;{SECRET_HEADER}=kept")
    assert echoed(at, [(SECRET_HEADER, "kept")]) == b"a"


def test_a_port_that_is_taken_is_said_in_one_line(command: Command, arn: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        running = command(arn, "--port", str(port))
        _, notes = running.communicate(timeout=SECONDS)

    assert running.returncode == 1
    (line,) = notes.splitlines()
    assert f"Port {port} of 127.0.0.1 is taken" in line


def test_behind_an_http_proxy_it_says_what_clients_need(command: Command, arn: str) -> None:
    running = command(arn, environment={"http_proxy": "http://127.0.0.1:1"})
    assert echoed(address(running)) == b"a"

    noted(running, "no_proxy=127.0.0.1")
