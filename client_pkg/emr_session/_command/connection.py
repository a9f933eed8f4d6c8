"""``url``, ``env``, ``ui`` and ``shell``. The first two print a token."""

from __future__ import annotations

import code
import shlex
import sys
import webbrowser
from typing import Any

import click

from .._connect.addresses import dashboard_url, remote_url
from .._connect.connect import connect
from .._notebook.extension import SWITCH, switched_off
from .arguments import APPLICATION, FOLLOW, ROOT_CERTIFICATES, SESSION, TIMEOUT
from .command import DONE, command
from .invocation import Invocation
from .target import target


@command(SESSION, APPLICATION, TIMEOUT)
def url(run: Invocation, session: str | None, application: str | None, timeout: float) -> int:
    """Print the address, WITH ITS TOKEN, for any Spark Connect client."""
    run.output.value("url", _address(run, session, application, timeout))
    return DONE


@command(SESSION, APPLICATION, TIMEOUT)
def env(run: Invocation, session: str | None, application: str | None, timeout: float) -> int:
    """Print 'export SPARK_REMOTE=...', WITH ITS TOKEN, to eval."""
    address = _address(run, session, application, timeout)
    line = address if run.output.as_json else f"export SPARK_REMOTE={shlex.quote(address)}"
    run.output.value("SPARK_REMOTE", line)
    return DONE


@command(
    SESSION,
    APPLICATION,
    click.option("--print", "print_", is_flag=True, help="Print the address and open nothing."),
)
def ui(run: Invocation, session: str | None, application: str | None, print_: bool) -> int:
    """Open the Spark UI in a browser.

    Its address signs in whoever has it, for a while.
    """
    arn = run.locate(session, application)
    address = dashboard_url(str(arn), session=run.aws.session)
    if run.output.as_json or print_:
        run.output.value("url", address)
        return DONE
    if not webbrowser.open(address):
        run.output.note("There is no browser here. Open this address where there is one:")
        run.output.line(address)
    return DONE


@command(SESSION, APPLICATION, FOLLOW, ROOT_CERTIFICATES, TIMEOUT, json=False)
def shell(
    run: Invocation,
    session: str | None,
    application: str | None,
    follow: bool,
    root_certificates: str | None,
    timeout: float,
) -> int:
    """Open a Python shell with 'spark' connected: IPython if installed, else Python's own.

    In IPython, queries show their progress, and %%sparksql runs SQL.
    """
    spark = connect(
        target(run, session, application, follow=follow),
        follow=follow,
        timeout=timeout,
        root_certificates=root_certificates,
        session=run.aws.session,
    )
    try:
        _interact({"spark": spark, "sql": spark.sql}, f"Spark {spark.version}: spark, sql(...)")
    finally:
        spark.stop()
    return DONE


def _address(run: Invocation, session: str | None, application: str | None, timeout: float) -> str:
    arn = run.locate(session, application)
    return remote_url(str(arn), timeout=timeout, session=run.aws.session)


def _interact(names: dict[str, Any], banner: str) -> None:
    if sys.stdin.isatty():
        try:
            from IPython import start_ipython
            from traitlets.config import Config
        except ImportError:
            pass
        else:
            print(banner)
            config = Config()
            if not switched_off():
                print(f"Queries show their progress, %%sparksql runs SQL; {SWITCH}=off: neither.")
                # Beside those of the user's own configuration.
                config.TerminalIPythonApp.extra_extensions = ["emr_session"]
            start_ipython(argv=[], user_ns=names, config=config)
            return
    code.interact(banner=banner, local=names, exitmsg="")
