"""``proxy``: a session as a plain Spark Connect server on this machine, until Ctrl-C.

Standard output gets the address alone, which has the secret of ``--token`` in it; people read the
rest on standard error.
"""

from __future__ import annotations

import os
import shlex
import signal

import click

from .._proxy.session_proxy import PORT, SessionProxy, without_proxy
from .arguments import APPLICATION, FOLLOW, ROOT_CERTIFICATES, SESSION, TIMEOUT
from .command import DONE, command
from .invocation import Invocation
from .output import note
from .target import target

SECRET_VARIABLE = "EMR_SESSION_PROXY_TOKEN"


@command(
    SESSION,
    APPLICATION,
    click.option(
        "--port",
        metavar="PORT",
        type=click.IntRange(0, 65535),
        default=PORT,
        help=f"The port on 127.0.0.1; 0 for any free one ({PORT}).",
    ),
    FOLLOW,
    click.option("--token", is_flag=True, help="Require a secret, which the address contains."),
    ROOT_CERTIFICATES,
    TIMEOUT,
    json=False,
)
def proxy(
    run: Invocation,
    session: str | None,
    application: str | None,
    port: int,
    follow: bool,
    token: bool,
    root_certificates: str | None,
    timeout: float,
) -> int:
    """Run a Spark Connect server on loopback, for any client.

    Runs until the session is over, or until Ctrl-C.
    """
    # As Ctrl-C: it is how others end a process in the background.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    running = SessionProxy(
        target(run, session, application, follow=follow),
        port=port,
        follow=follow,
        token=os.environ.get(SECRET_VARIABLE, True) if token else False,
        timeout=timeout,
        root_certificates=root_certificates,
        session=run.aws.session,
    )
    with running:
        # Whoever has read the address may press Ctrl-C from then on.
        try:
            _introduce(run, running, token)
            running.wait()
        except KeyboardInterrupt:
            note("Ended. The session goes on.")
    return DONE


def _introduce(run: Invocation, running: SessionProxy, token: bool) -> None:
    """Print the address, and say who can use it, and how."""
    run.output.line(running.url)
    note(f"Session {running.session_id} is at 127.0.0.1:{running.port}, until Ctrl-C.")
    if token:
        note(
            "Whoever has the address above can use it; keep it secret. With the secret in "
            f"{SECRET_VARIABLE}, a proxy that is started again has the same address."
        )
    else:
        note(
            "Every user and program of this machine can use it, as the session's execution "
            "role. --token asks for a secret."
        )
    for name, value in without_proxy().items():
        note(f"An HTTP proxy is set: clients need {name}={shlex.quote(value)}")
