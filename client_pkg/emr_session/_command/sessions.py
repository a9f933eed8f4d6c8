"""``list`` and ``terminate``."""

from __future__ import annotations

from argparse import Namespace

from .._emr.aws import Aws
from .._emr.locate import locate
from .._emr.names import LIVE_STATES
from .._emr.session import describe
from .inventory import inventory
from .output import moment, print_rows


def list_(aws: Aws, options: Namespace) -> int:
    """Print the sessions that there are."""
    rows = [
        {
            "application": listed.application_id,
            "session": listed.session_id,
            "state": listed.state,
            "name": listed.name,
            "stack": listed.owner.stack_name if listed.owner else None,
            "resource": listed.owner.logical_id if listed.owner else None,
            "created": moment(listed.created_at),
            "arn": listed.arn,
        }
        for listed in inventory(
            aws, application_id=options.application, states=() if options.all else LIVE_STATES
        )
    ]
    nothing = "There are no sessions." if options.all else "There are no live sessions."
    print_rows(rows, as_json=options.json, nothing=nothing)
    return 0


def terminate(aws: Aws, options: Namespace) -> int:
    """End a session, and print its state."""
    arn = locate(options.session, aws)
    aws.emr_serverless(arn.region).terminate_session(**arn.ids)
    row = {"session": arn.session_id, "state": describe(aws, arn).state, "arn": arn.arn}
    print_rows([row], as_json=options.json, nothing="")
    return 0
