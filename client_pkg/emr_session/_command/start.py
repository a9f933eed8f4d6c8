"""``start``: starts a successor of an ended session, as keep-alive does.

The command starts nothing itself. It calls the stack's function with what its schedule sends, so
that the successor is the stack's: the next update takes it, and the stack's deletion ends it.
"""

from __future__ import annotations

import click

from .._emr.inventory import ListedSession, Owner, inventory, listed
from .._emr.keep_alive import KeepAlive, keep_alive_of
from .._emr.names import LIVE_STATES, SessionArn
from .._emr.stacks import region_of, resources_of
from ..errors import ConnectError
from .arguments import APPLICATION
from .command import DONE, command
from .invocation import Invocation

# How long a successor is looked for. The function starts it within seconds.
LOOK_SECONDS = 60.0
_PAUSE = 2.0


@command(click.argument("session", metavar="SESSION"), APPLICATION)
def start(run: Invocation, session: str, application: str | None) -> int:
    """Start a successor of an ended session, as its keep_alive schedule does.

    Needs lambda:InvokeFunction on the stack's function. A session without keep_alive is started
    by a deployment: the error says which.
    """
    arn = run.locate(session, application)
    found = listed(run.aws.emr_serverless(arn.region).get_session(**arn.ids)["session"])
    if found.state in LIVE_STATES:
        return _say(run, found, f"{found.session_id} is {found.state}: there is nothing to start.")
    owner = found.owner
    if owner is None:
        raise ConnectError(
            f"Session {found.session_id} is {found.state} and belongs to no stack. "
            "emr_session.get_or_create starts sessions without one."
        )
    held = owner.held_arn or found.arn
    schedule = _keep_alive(run, owner, held)
    run.aws.of("lambda", region_of(schedule.function)).invoke(
        FunctionName=schedule.function,
        InvocationType="Event",
        Payload=schedule.call_at(run.clock.now()),
    )
    successor = _successor(run, arn, held)
    if successor is None:
        raise ConnectError(
            f"The function of stack {owner.stack_name} was called, and after {LOOK_SECONDS:g} s "
            f"there is no successor. See emr-session logs {owner.stack_name}/{owner.logical_id}. "
            "The function starts nothing while the stack is being changed."
        )
    text = f"{successor.session_id} is {successor.state}, the successor of {found.session_id}."
    return _say(run, successor, text)


def _keep_alive(run: Invocation, owner: Owner, held: str) -> KeepAlive:
    resources = resources_of(run.aws, owner.stack_id) or []
    if held not in [one.physical_id for one in resources]:
        raise ConnectError(
            f"Stack {owner.stack_name} doesn't hold {held} any more, and nothing may be started in "
            "its place. emr-session list shows the sessions there are."
        )
    found = keep_alive_of(run.aws, resources, owner.logical_id)
    if found is None:
        raise ConnectError(
            f"{owner.stack_name}/{owner.logical_id} has no keep_alive, so no command can start "
            "what its stack would end. Deploy the stack with a change of any property of the "
            "session (a tag is enough), with ensure_live_on_deploy=True for a live session after "
            "each deployment, or with keep_alive, which this command uses."
        )
    return found


def _successor(run: Invocation, ended: SessionArn, held: str) -> ListedSession | None:
    deadline = run.clock.now() + LOOK_SECONDS
    while True:
        live = inventory(
            run.aws,
            application_id=ended.application_id,
            states=LIVE_STATES,
            region=ended.region,
        )
        for one in live:
            if one.owner and one.owner.held_arn == held:
                return one
        if run.clock.now() >= deadline:
            return None
        run.clock.sleep(_PAUSE)


def _say(run: Invocation, session: ListedSession, text: str) -> int:
    if run.output.as_json:
        ids = {"session": session.session_id, "state": session.state, "arn": session.arn}
        run.output.json(ids)
    else:
        run.output.line(text)
    return DONE
