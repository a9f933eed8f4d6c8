"""Turns a function into a command: shared options, errors, and exit code."""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import click

from .._emr.clock import Clock, SystemClock
from .invocation import Invocation
from .output import Output, note, waits_on_standard_error

DONE = 0
FAILED = 1
WRONG_ARGUMENTS = 2
FOUND = 3

Parameter = Callable[[Any], Any]

REGION = click.option("--region", metavar="REGION", help="The region; boto3's by default.")
PROFILE = click.option("--profile", metavar="NAME", help="The profile of the AWS configuration.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@dataclass
class Shared:
    """What is given before the command's name, and by tests."""

    region: str | None = None
    profile: str | None = None
    clock: Clock = field(default_factory=SystemClock)


def command(
    *parameters: Parameter, json: bool = True
) -> Callable[[Callable[..., int]], click.Command]:
    """Make a function a command, which ``main`` lists.

    The function gets the ``Invocation`` and, by their names, what its parameters are given. Its
    name is the command's, its docstring the help, and what it returns the exit code.

    Args:
        parameters: Click's options and arguments. ``--region`` and ``--profile`` are added.
        json: Whether it has ``--json`` too: the invocation's ``output.as_json``.
    """

    def decorate(function: Callable[..., int]) -> click.Command:
        def run(**given: Any) -> None:
            context = click.get_current_context()
            context.exit(_run(function, context.obj, given))

        decorated: Any = run
        options: list[Any] = [*parameters, *([JSON] if json else []), REGION, PROFILE]
        for option in reversed(options):
            decorated = option(decorated)
        name = function.__name__.strip("_").replace("_", "-")
        return click.command(name, help=inspect.getdoc(function))(decorated)

    return decorate


def _run(function: Callable[..., int], shared: Shared, given: dict[str, Any]) -> int:
    """Run a command's function. What it raises is said in a line."""
    # Not before here: boto3 takes longer to import than the help takes.
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    from .._emr.aws import Aws
    from .._emr.aws_errors import credentials_explained
    from ..errors import ConnectError, SessionAmbiguousError
    from .failure import failure

    region = given.pop("region") or shared.region
    profile = given.pop("profile") or shared.profile
    output = Output(as_json=given.pop("as_json", False))
    try:
        aws = Aws(session=boto3.Session(region_name=region, profile_name=profile))
        invocation = Invocation(aws=aws, output=output, clock=shared.clock)
        with waits_on_standard_error(), credentials_explained(aws.session):
            code = function(invocation, **given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever was reading has gone. Python flushes once more in the end, and would say so.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except SessionAmbiguousError as error:
        note(error.problem)
        for choice in error.choices:
            note(f"  {choice}")
        return WRONG_ARGUMENTS
    except (ConnectError, BotoCoreError, ClientError) as error:
        note(failure(error, profile or os.environ.get("AWS_PROFILE")))
        return FAILED
