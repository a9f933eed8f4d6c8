"""Record ``emr-session`` on a local AWS as a picture: ``make recording`` writes docs/command.svg.

Two of the examples are deployed by the CDK CLI; then the command runs in a terminal of its own, as
a person would run it. Nothing in the picture is made up.
"""

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "local_pkg"), str(ROOT / "client_pkg")]

from testbed.cdk_cli import CdkCli  # noqa: E402 - the paths above lead there
from testbed.local_aws import LocalAws  # noqa: E402

PICTURE = ROOT / "docs" / "command.svg"
WIDTH, HEIGHT = 96, 40
EXAMPLES = ("quickstart", "team_notebook")
# What is typed, and what is answered when it asks.
SCENE = (
    ("list", ""),
    ("describe EmrServerlessSessionQuickstart", ""),
    ("terminate EmrServerlessSessionTeamNotebook", "y\n"),
    ("start EmrServerlessSessionTeamNotebook", ""),
    ("list", ""),
    ("extend quickstart", ""),
)
QUESTION = b"[y/N]:"
# Rich's font is on somebody's server: the reader's own does.
FONT_FACES = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
FONTS = "ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def main() -> int:
    """Deploy, record, and write the picture."""
    with tempfile.TemporaryDirectory(prefix="emr-session-recording-") as folder:
        aws = LocalAws(Path(folder), session_start_seconds=2)
        with aws:
            deploy(aws, Path(folder))
            console = Console(record=True, width=WIDTH, file=io.StringIO())
            for words, answer in SCENE:
                console.print(Text.assemble(("$ ", "green"), (f"emr-session {words}", "bold")))
                for line in Text.from_ansi(typed(aws, words.split(), answer)).split("\n"):
                    # As a terminal breaks what is longer than it is wide.
                    for part in line.divide(range(WIDTH, len(line), WIDTH)):
                        console.print(part)
                console.print()
    svg = console.export_svg(title="emr-session", theme=MONOKAI, unique_id="emr-session")
    svg = FONT_FACES.sub("", svg).replace("Fira Code, monospace", FONTS)
    PICTURE.write_text(svg)
    print(f"wrote {PICTURE.relative_to(ROOT)}")
    return 0


def deploy(aws: LocalAws, folder: Path) -> None:
    """Deploy the examples."""
    cdk = CdkCli(aws)
    cdk.bootstrap()
    for example in EXAMPLES:
        assembly = folder / f"{example}.cdk.out"
        cdk.synth(ROOT / "examples" / example / "app.py", assembly)
        cdk.deploy(assembly)


def typed(aws: LocalAws, words: list[str], answer: str) -> str:
    """What the command shows in a terminal, with its colours."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    environment = {
        **aws.environment(),
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT / "client_pkg"),
    }
    for name in ("NO_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    with subprocess.Popen(
        [sys.executable, "-m", "emr_session", *words],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=environment,
    ):
        os.close(follower)
        shown = read(leader, answer)
        os.close(leader)
        return shown.replace("\r\n", "\n").strip("\n")


def read(leader: int, answer: str) -> str:
    """All that comes, until nobody writes any more. A question is answered."""
    parts: list[bytes] = []
    while True:
        if answer and QUESTION in b"".join(parts):
            os.write(leader, answer.encode())
            answer = ""
        try:
            part = os.read(leader, 4096)
        except OSError:  # so Linux says that the other end has gone
            part = b""
        if not part:
            return b"".join(parts).decode()
        parts.append(part)


if __name__ == "__main__":
    sys.exit(main())
