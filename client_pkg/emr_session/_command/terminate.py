"""``terminate``: end a session."""

from __future__ import annotations

from .._emr.session import describe
from .arguments import APPLICATION, SESSION
from .command import DONE, command
from .invocation import Invocation


@command(SESSION, APPLICATION)
def terminate(run: Invocation, session: str | None, application: str | None) -> int:
    """End a session."""
    arn = run.locate(session, application)
    run.aws.emr_serverless(arn.region).terminate_session(**arn.ids)
    state = describe(run.aws, arn).state
    if run.output.as_json:
        run.output.json([{"session": arn.session_id, "state": state, "arn": arn.arn}])
    else:
        run.output.line(f"{arn.session_id} is {state}.")
    return DONE
