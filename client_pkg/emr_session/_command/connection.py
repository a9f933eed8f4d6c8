"""``url``, ``env``, ``dashboard`` and ``shell``: ways to a session. The first two print a token."""

from __future__ import annotations

import code
import shlex
import sys
from argparse import Namespace
from typing import Any

from .._connect.addresses import dashboard_url, remote_url
from .._connect.connect import connect
from .._emr.aws import Aws
from .output import print_value


def url(aws: Aws, options: Namespace) -> int:
    """Print the address with its token."""
    print_value("url", _address(aws, options), as_json=options.json)
    return 0


def env(aws: Aws, options: Namespace) -> int:
    """Print what sets SPARK_REMOTE in a shell."""
    address = _address(aws, options)
    line = address if options.json else f"export SPARK_REMOTE={shlex.quote(address)}"
    print_value("SPARK_REMOTE", line, as_json=options.json)
    return 0


def dashboard(aws: Aws, options: Namespace) -> int:
    """Print the address of the Spark UI."""
    print_value("url", dashboard_url(options.session, session=aws.session), as_json=options.json)
    return 0


def shell(aws: Aws, options: Namespace) -> int:
    """A Python shell with ``spark``: IPython's if it is installed, else Python's own."""
    spark = connect(
        options.session,
        follow=options.follow,
        timeout=options.timeout,
        root_certificates=options.root_certificates,
        session=aws.session,
    )
    try:
        _interact({"spark": spark, "sql": spark.sql}, f"Spark {spark.version}: spark, sql(...)")
    finally:
        spark.stop()
    return 0


def _address(aws: Aws, options: Namespace) -> str:
    return remote_url(options.session, timeout=options.timeout, session=aws.session)


def _interact(names: dict[str, Any], banner: str) -> None:
    if sys.stdin.isatty():
        try:
            from IPython import start_ipython
        except ImportError:
            pass
        else:
            print(banner)
            start_ipython(argv=[], user_ns=names)
            return
    code.interact(banner=banner, local=names, exitmsg="")
