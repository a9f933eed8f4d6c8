"""The command's arguments, its exit codes, and its errors: one line each, with what to do now."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoRegionError,
)

from .._emr.aws import Aws
from .._emr.aws_errors import credentials_explained
from .._emr.wait import TIMEOUT_SECONDS
from .._proxy.session_proxy import PORT
from ..errors import ConnectError
from . import connection, proxy, sessions, strays
from .output import waits_on_standard_error

FAILED = 1
DESCRIPTION = """\
EMR Serverless interactive sessions. SESSION is a session's ARN, or the name of the SSM parameter
that holds it. Region and credentials are boto3's: AWS_REGION, AWS_PROFILE and so on.
"""
EPILOG = """\
"url" and "env" alone print an endpoint token: the full use of the session's execution role, for an
hour, for whoever has it. Exit codes: 0 done; 1 it can't be done, as the line on standard error
says; 2 wrong arguments; 3 "strays" found some.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    options = _parser().parse_args(arguments)
    try:
        aws = Aws(session=boto3.Session(region_name=options.region, profile_name=options.profile))
        run: Callable[[Aws, argparse.Namespace], int] = options.run
        with waits_on_standard_error(), credentials_explained(aws.session):
            code = run(aws, options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        # Whoever was reading has gone. Python flushes once more in the end, and would say so.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except (ConnectError, BotoCoreError, ClientError) as error:
        print(f"emr-session: {_line(error)}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".") + "."
    if isinstance(error, NoRegionError):
        return f"{text} Give --region, or set AWS_REGION."
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        if "AccessDenied" in code:
            return f"{text} Have the action that is named allowed for you."
        if code == "ResourceNotFoundException":
            return f"{text} Check the id and the region: emr-session list shows what there is."
        return f"{text} Check the arguments, then try again."
    if isinstance(error, BotoCoreError):
        return f"{text} Check network, region and credentials, then try again."
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="emr-session",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--region", help="the region; by default that of the environment")
    common.add_argument("--profile", help="the profile of the AWS configuration")
    output = argparse.ArgumentParser(add_help=False)
    output.add_argument("--json", action="store_true", help="print JSON, for programs")
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("session", metavar="SESSION", help="ARN, or name of the SSM parameter")
    usable = argparse.ArgumentParser(add_help=False, parents=[one])
    usable.add_argument(
        "--timeout",
        type=float,
        default=TIMEOUT_SECONDS,
        metavar="SECONDS",
        help="how long to wait for a session that is starting (%(default)g)",
    )

    def command(
        name: str,
        run: Callable[[Aws, argparse.Namespace], int],
        text: str,
        *parents: argparse.ArgumentParser,
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text, parents=[*parents, common])
        added.set_defaults(run=run)
        return added

    listing = command("list", sessions.list_, "the live sessions, and whose they are", output)
    listing.add_argument("--application", metavar="ID", help="of this application alone")
    listing.add_argument("--all", action="store_true", help="those that are over too")
    command(
        "url", connection.url, "print the address, WITH ITS TOKEN, for any client", usable, output
    )
    command(
        "env",
        connection.env,
        "print 'export SPARK_REMOTE=...', WITH ITS TOKEN, to eval",
        usable,
        output,
    )
    command("dashboard", connection.dashboard, "print the address of the Spark UI", one, output)
    shell = command("shell", connection.shell, "a Python shell with 'spark' connected", usable)
    shell.add_argument(
        "--follow", action="store_true", help="move to the successor that the parameter names"
    )
    shell.add_argument("--root-certificates", metavar="FILE", help="whom to trust, as PEM")
    proxied = command(
        "proxy", proxy.proxy, "a Spark Connect server on loopback, for any client", usable
    )
    proxied.add_argument(
        "--port", type=int, default=PORT, help="of 127.0.0.1; 0 for any free one (%(default)s)"
    )
    proxied.add_argument(
        "--follow", action="store_true", help="move to the successor that the parameter names"
    )
    proxied.add_argument(
        "--token", action="store_true", help="ask clients for a secret, which the address has in it"
    )
    proxied.add_argument("--root-certificates", metavar="FILE", help="whom to trust, as PEM")
    command("terminate", sessions.terminate, "end a session", one, output)
    found = command(
        "strays", strays.strays, "live sessions whose stack is gone or doesn't hold them", output
    )
    found.add_argument("--application", metavar="ID", help="of this application alone")
    return parser
