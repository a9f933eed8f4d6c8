"""Write docs/guides/command.md, the manual of ``emr-session``, from the command itself.

``python tools/command_docs.py`` after each change of the command; a test holds them equal.
"""

import inspect
import sys
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "client_pkg"))

from emr_session._command.main import COMMANDS, PROGRAM, emr_session  # noqa: E402 - the path above

PAGE = ROOT / "docs" / "guides" / "command.md"
HEAD = """\
<!-- Written by tools/command_docs.py from the command itself. -->
# The command

"""


def page() -> str:
    """The whole page."""
    parts = [HEAD, prose(emr_session.help), options(emr_session, emr_session.params)]
    for title, commands in COMMANDS.items():
        parts.append(f"## {title}\n\n")
        for command in commands:
            parts += [
                f"### {PROGRAM} {command.name}\n\n",
                prose(command.help),
                f"```sh\n{usage(command)}\n```\n\n",
                options(command, command.params),
            ]
    parts += ["## Exit codes and secrets\n\n", prose(emr_session.epilog)]
    return "".join(parts).rstrip() + "\n"


def usage(command: click.Command) -> str:
    """How the command is called."""
    parent = click.Context(emr_session, info_name=PROGRAM)
    context = click.Context(command, info_name=command.name, parent=parent)
    pieces = " ".join(command.collect_usage_pieces(context))
    return f"{PROGRAM} {command.name} {pieces}"


def prose(text: str | None) -> str:
    """A help text as paragraphs."""
    return f"{inspect.cleandoc(text or '')}\n\n"


def options(command: click.Command, parameters: list[click.Parameter]) -> str:
    """A table of options."""
    context = click.Context(command)
    records = [
        record
        for one in parameters
        if isinstance(one, click.Option) and (record := one.get_help_record(context))
    ]
    rows = [f"| `{name}` | {text} |\n" for name, text in records]
    return "".join(["| option | |\n|---|---|\n", *rows, "\n"]) if rows else ""


if __name__ == "__main__":
    PAGE.write_text(page())
