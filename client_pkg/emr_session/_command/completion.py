"""Completion in shells: of commands and options by Click, of sessions by asking AWS."""

from __future__ import annotations

import click
from click.shell_completion import CompletionItem

# What Click looks for in the environment: the program's name, in its spelling.
VARIABLE = "_EMR_SESSION_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


def sessions(
    context: click.Context, _parameter: click.Parameter, begun: str
) -> list[CompletionItem]:
    """The live sessions whose name or id begins so. None where AWS doesn't say."""
    # Not before here: boto3 takes longer to import than other completions take.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from .._emr.aws import Aws
    from .._emr.inventory import summaries
    from .._emr.names import LIVE_STATES
    from .printable import printable

    given = context.params
    try:
        session = boto3.Session(region_name=given.get("region"), profile_name=given.get("profile"))
        live = summaries(
            Aws(session=session), application_id=given.get("application"), states=LIVE_STATES
        )
    except (BotoCoreError, ClientError):
        return []
    # A name that a shell would take apart, or obey, is no completion.
    names = [
        name if name.replace("-", "").replace("_", "").isalnum() else ""
        for name in (str(one.get("name", "")) for one in live)
    ]
    shown = [
        (name or str(one["sessionId"]), f"{one['sessionId']} {one['state']}")
        for name, one in zip(names, live, strict=True)
    ]
    return [
        CompletionItem(value, help=printable(text))
        for value, text in shown
        if value.startswith(begun)
    ]


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script for a shell's completion of commands, options and sessions.

    For bash: add the line eval "$(emr-session completion bash)" to ~/.bashrc. For zsh: the same
    with zsh, in ~/.zshrc. For fish: emr-session completion fish | source, in config.fish.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    root = context.find_root()
    if found is not None:
        click.echo(found(root.command, {}, str(root.info_name), VARIABLE).source())
