"""``python -m emr_serverless_local`` starts, prints its address, and leaves nothing."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from testbed.ports import free_port

from .conftest import START_SECONDS, Server, create_application, running
from .stacks import RecordingStack

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def descendants(root: int) -> set[int]:
    """A process and all that it started, and that they started."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except OSError:
            continue  # It has ended meanwhile.
    tree = {root}
    while more := {child for child, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def listening(processes: set[int]) -> list[str]:
    """The addresses, in hexadecimal, that these processes listen on."""
    sockets = set()
    for process in processes:
        # A process may end meanwhile, and a file be closed.
        with contextlib.suppress(OSError):
            for link in Path(f"/proc/{process}/fd").iterdir():
                with contextlib.suppress(OSError):
                    sockets.add(str(link.readlink()))
    rows = [
        line.split()
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets]


def alive(processes: set[int]) -> set[int]:
    return {process for process in processes if Path(f"/proc/{process}").exists()}


@linux_only
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path) as server:
        stack = RecordingStack(server, tmp_path)
        assert stack.deploy(A={"Id": "a"}) == "CREATE_COMPLETE"
        processes = descendants(server.process.pid)
        assert len(processes) > 1, "a Lambda function runs in a process of its own"
        assert Path(server.environment["CDK_HOME"]).parent.parent == server.temporary
        assert any(server.temporary.iterdir())
        server.process.send_signal(number)
        output, _ = server.process.communicate(timeout=START_SECONDS)
        assert server.process.returncode == 0
        assert "Traceback" not in output
        assert not alive(processes)
        assert not [path for path in server.temporary.iterdir() if "local-aws" in path.name]


@linux_only
def test_it_listens_on_loopback_only(server: Server, tmp_path: Path) -> None:
    RecordingStack(server, tmp_path).deploy(A={"Id": "a"})
    addresses = listening(descendants(server.process.pid))
    assert addresses
    assert all(address.startswith("0100007F:") for address in addresses), addresses


def test_another_runs_beside_it_on_a_port_of_choice(server: Server, tmp_path: Path) -> None:
    port = free_port()
    with running(tmp_path, "--port", str(port)) as other:
        assert other.port == port
        created = create_application(server.client("emr-serverless"))
        found = other.client("emr-serverless").list_applications()["applications"]
        assert created not in [application["id"] for application in found]
        # Ended in the middle of a deployment, it doesn't wait for its end, in ten minutes.
        stack = RecordingStack(other, tmp_path)
        stack.deploy(A={"Id": "a", "Silent": ["Create"]}, wait=False)
        stack.wait_for_event()
        other.process.terminate()
        output, _ = other.process.communicate(timeout=START_SECONDS)
        assert other.process.returncode == 0
        assert "Traceback" not in output


def test_it_logs_what_the_session_service_is_asked(server: Server) -> None:
    application = create_application(server.client("emr-serverless"), clientToken="a-token")
    log = server.log.read_text()
    assert f"local-aws: CreateApplication application={application} 200" in log
    assert "a-token" not in log


def test_someone_elses_environment_does_not_reach_the_functions(tmp_path: Path) -> None:
    script = (
        "import os; from pathlib import Path\n"
        "from emr_serverless_local._cloud import environment\n"
        "environment.become_server(os.environ, 1234, Path('/nowhere'))\n"
        "assert not {'AWS_PROFILE', 'https_proxy', 'AWS_ACCESS_KEY_ID'} & set(os.environ)\n"
        "assert os.environ['AWS_ENDPOINT_URL'] == 'http://127.0.0.1:1234'\n"
    )
    foreign = {"AWS_PROFILE": "prod", "https_proxy": "http://x", "AWS_ACCESS_KEY_ID": "AKIA"}
    subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, **foreign}, check=True, cwd=tmp_path
    )


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    script = (
        "import sys; sys.modules['ministack'] = None\n"
        "import importlib.util as u; find = u.find_spec\n"
        "u.find_spec = lambda name: None if name == 'ministack' else find(name)\n"
        "from emr_serverless_local.__main__ import main\n"
        "sys.exit(main([]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 1
    assert "ministack" in done.stderr
    assert "emr-serverless-local" in done.stderr
