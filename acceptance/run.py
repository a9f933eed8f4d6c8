"""A run: sets everything up, tests each assumption, and deletes everything, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from botocore.exceptions import BotoCoreError, ClientError

from emr_session import Clock
from testbed.cdk_cli import CdkError

from .account import Account
from .assumption import Answer, Assumption, answer
from .assumptions import cloudformation, quickstart, requests, sessions
from .stage import Stage, set_up
from .sweep import sweep
from .waits import Waits

Say = Callable[[str], None]

# Errors of one assumption: the others are tested all the same.
FAILURES = (BotoCoreError, CdkError, ClientError, RuntimeError, TimeoutError)

ON_THE_STAGE: tuple[tuple[Assumption, Callable[[Stage], Answer]], ...] = (
    (requests.TAGGED_ON, requests.tagged_on),
    (requests.STATES, requests.application_state),
    (cloudformation.FAILED_UPDATE, cloudformation.failed_update),
    (cloudformation.EXPRESS, cloudformation.express_replacement),
    (cloudformation.CANCELLED, cloudformation.cancelled_create),
    (sessions.IDLE_ZERO, sessions.idle_zero),
    # The longest, so that the others are known if it is interrupted.
    (requests.TOKEN, requests.client_token),
)
OF_ONE_SESSION = (
    (sessions.START_TIME, sessions.start_time),
    (sessions.LISTED, sessions.listed),
    (sessions.ENDED_TWICE, sessions.ended_twice),
)
OF_THE_QUICKSTART = (
    (quickstart.CREATED_BY, quickstart.created_by),
    (quickstart.CHAIN, quickstart.first_deployment),
)
ASSUMPTIONS = tuple(
    assumption for assumption, _ in (*OF_THE_QUICKSTART, *OF_ONE_SESSION, *ON_THE_STAGE)
)


def run(account: Account, clock: Clock, waits: Waits, say: Say) -> list[Answer]:
    """Test every assumption; returns the answers, those until Ctrl-C if it is interrupted.

    Deletes what it made, whatever happens.

    Args:
        account: The account.
        clock: Time.
        waits: How long to wait.
        say: Told each answer, and what is in progress.
    """
    answers: list[Answer] = []
    try:
        # Closed before the sweep, so that what is in a "with" is ended by itself.
        with closing(_answers(account, clock, waits, say)) as asked:
            for one in asked:
                say(f"{one.assumption.id}: {one.confirmed} ({one.observed})")
                answers.append(one)
    except KeyboardInterrupt:
        say("interrupted")
    finally:
        say("deleting what was made")
        left = sweep(account, clock, waits, say, run=account.run)
        for name in left:
            say(f"LEFT: {name}. make acceptance-sweep tries again.")
    return answers


def _answers(
    account: Account, clock: Clock, waits: Waits, say: Say
) -> Generator[Answer, None, None]:
    say("deploying the quickstart")
    try:
        with quickstart.quickstart(account) as deployed:
            for _, judge_deployed in OF_THE_QUICKSTART:
                yield judge_deployed(deployed)
    except FAILURES as error:
        yield from _unanswered(OF_THE_QUICKSTART, error)
    say("deploying the stack for the other assumptions")
    stage = set_up(account, clock, waits)
    say("one session, from its start to its end")
    try:
        observed = sessions.observe_session(stage)
    except FAILURES as error:
        yield from _unanswered(OF_ONE_SESSION, error)
    else:
        for _, judge_session in OF_ONE_SESSION:
            yield judge_session(observed)
    for assumption, ask in ON_THE_STAGE:
        say(f"testing {assumption.id}")
        try:
            yield ask(stage)
        except FAILURES as error:
            yield from _unanswered([(assumption, ask)], error)


def _unanswered(
    assumptions: Sequence[tuple[Assumption, object]], error: Exception
) -> Iterator[Answer]:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    for assumption, _ in assumptions:
        yield answer(assumption, f"not answered: {first}", None)
