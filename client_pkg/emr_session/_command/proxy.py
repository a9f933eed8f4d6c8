"""``proxy``: a session as a plain Spark Connect server on this machine, until Ctrl-C.

Standard output gets the address alone, which has the secret of ``--token`` in it; people read the
rest on standard error.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
from argparse import Namespace

from .._emr.aws import Aws
from .._proxy.session_proxy import SessionProxy, without_proxy

SECRET_VARIABLE = "EMR_SESSION_PROXY_TOKEN"


def proxy(aws: Aws, options: Namespace) -> int:
    """Listen until the session is over, or somebody ends it."""
    # As Ctrl-C: it is how others end a process in the background.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = SessionProxy(
        options.session,
        port=options.port,
        follow=options.follow,
        token=os.environ.get(SECRET_VARIABLE, True) if options.token else False,
        timeout=options.timeout,
        root_certificates=options.root_certificates,
        session=aws.session,
    )
    with running:
        print(running.url, flush=True)
        _say(f"Session {running.session_id} is at 127.0.0.1:{running.port}, until Ctrl-C.")
        if options.token:
            _say(
                "Whoever has the address above can use it; keep it secret. With the secret in "
                f"{SECRET_VARIABLE}, a proxy that is started again has the same address."
            )
        else:
            _say(
                "Every user and program of this machine can use it, as the session's execution "
                "role. --token asks for a secret."
            )
        for name, value in without_proxy().items():
            _say(f"An HTTP proxy is set: clients need {name}={shlex.quote(value)}")
        try:
            running.wait()
        except KeyboardInterrupt:
            _say("Ended. The session goes on.")
    return 0


def _say(text: str) -> None:
    print(f"emr-session: {text}", file=sys.stderr, flush=True)
