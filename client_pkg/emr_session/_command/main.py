"""``emr-session``: its commands, its help, and its entry point.

Exit codes: 0 done, 1 it can't be done, 2 wrong arguments, 3 a check found something, 130 Ctrl-C.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click

from .._emr.clock import Clock
from . import (
    completion,
    connection,
    describe,
    doctor,
    listing,
    logs,
    proxy,
    start,
    strays,
    terminate,
)
from .command import FAILED, PROFILE, REGION, Shared
from .output import note
from .unsupported import advice_on

PROGRAM = "emr-session"
# In the order of the help.
COMMANDS: Mapping[str, Sequence[click.Command]] = {
    "Inspect": (listing.list_, describe.describe, logs.logs, strays.strays, doctor.doctor),
    "Connect": (connection.shell, proxy.proxy, connection.url, connection.env, connection.ui),
    "Change": (start.start, terminate.terminate),
    "Set up": (completion.completion,),
}
HELP = """\
Work with EMR Serverless interactive sessions.

SESSION is a session's ARN, its id, APPLICATION/SESSION, the SSM parameter that holds its ARN,
STACK, STACK/LOGICAL-ID, the path of its construct, or its name: that of a live session, or else of
the newest ended one. The default is the only live session that you may see. Region and credentials
are boto3's: AWS_REGION, AWS_PROFILE and so on.
"""
EPILOG = """\
No command can extend or resize a session: deploy another idle_timeout, keep_alive or
runtime_configuration, and a new session replaces it.

Only "url" and "env" print an endpoint token. Whoever has it can act as the session's execution role
for an hour. Exit codes: 0 success; 1 failure, with a line on standard error; 2 wrong arguments, or
a SESSION that matches several; 3 a check found something.
"""


class Commands(click.Group):
    """The commands by what they are for. An unknown one is told what can be done instead."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - Click's signature
        """Their names, in the order of the help."""
        return list(self.commands)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - Click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """The commands of the help."""
        width = max(map(len, self.commands))
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{one.name:{width}}", one.get_short_help_str(limit=200)) for one in commands]
                )

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name."""
        answer = advice_on(args[0])
        if answer:
            ctx.fail(answer)
        return super().resolve_command(ctx, args)


@click.command(cls=Commands, help=HELP, epilog=EPILOG)
@click.version_option(package_name="emr-session", message="%(version)s")
@REGION
@PROFILE
@click.pass_obj
def emr_session(shared: Shared, region: str | None, profile: str | None) -> None:
    """What is given before the command's name."""
    shared.region = region
    shared.profile = profile


for _commands in COMMANDS.values():
    for _command in _commands:
        emr_session.add_command(_command)


def main(arguments: Sequence[str] | None = None, *, clock: Clock | None = None) -> int:
    """Run the command; gives its exit code.

    Args:
        arguments: Those of the command line by default. Without any, the help is shown.
        clock: Time, for tests.
    """
    given = list(sys.argv[1:] if arguments is None else arguments) or ["--help"]
    settings: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
    try:
        code = emr_session.main(
            given,
            prog_name=PROGRAM,
            standalone_mode=False,
            obj=Shared(clock=clock) if clock else Shared(),
            **settings,
        )
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else PROGRAM
        said = " ".join(error.format_message().split())
        note(f"{said.rstrip('.')}. See {path} --help.")
        return error.exit_code
    except click.Abort as end:
        return 130 if isinstance(end.__cause__, KeyboardInterrupt) else FAILED
    return int(code or 0)
