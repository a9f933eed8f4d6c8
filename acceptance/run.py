"""A run: everything is set up, each belief is asked, and everything is ended, whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing

from botocore.exceptions import BotoCoreError, ClientError

from emr_session import Clock
from testbed.cdk_cli import CdkError

from .account import Account
from .belief import Answer, Belief, answer
from .beliefs import cloudformation, quickstart, requests, sessions
from .stage import Stage, set_up
from .sweep import sweep
from .waits import Waits

Say = Callable[[str], None]

# What may go wrong with one belief, and leaves the others to be asked.
FAILURES = (BotoCoreError, CdkError, ClientError, RuntimeError, TimeoutError)

ONE_BY_ONE: tuple[tuple[Belief, Callable[[Stage], Answer]], ...] = (
    (requests.TAGGED_ON, requests.tagged_on),
    (requests.STATES, requests.application_state),
    (cloudformation.FAILED_UPDATE, cloudformation.failed_update),
    (cloudformation.EXPRESS, cloudformation.express_replacement),
    (cloudformation.CANCELLED, cloudformation.cancelled_create),
    (sessions.IDLE_ZERO, sessions.idle_zero),
    # The longest, so that the others are known if it is interrupted.
    (requests.TOKEN, requests.client_token),
)
OF_A_LIFE = (
    (sessions.START_TIME, sessions.start_time),
    (sessions.LISTED, sessions.listed),
    (sessions.ENDED_TWICE, sessions.ended_twice),
)
OF_THE_QUICKSTART = (
    (quickstart.CREATED_BY, quickstart.created_by),
    (quickstart.CHAIN, quickstart.first_deployment),
)
BELIEFS = tuple(belief for belief, _ in (*OF_THE_QUICKSTART, *OF_A_LIFE, *ONE_BY_ONE))


def run(account: Account, clock: Clock, waits: Waits, say: Say) -> list[Answer]:
    """Ask every belief; gives the answers, those until Ctrl-C where it is interrupted.

    Deletes what it made, whatever happens.

    Args:
        account: The account.
        clock: Time.
        waits: How long to wait.
        say: Told each answer, and what is under way.
    """
    answers: list[Answer] = []
    try:
        # Closed before the sweep, so that what is in a "with" is ended by itself.
        with closing(_answers(account, clock, waits, say)) as asked:
            for one in asked:
                say(f"{one.belief.id}: {one.confirmed} ({one.observed})")
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
    say("deploying what the other beliefs are asked with")
    stage = set_up(account, clock, waits)
    say("one session, from its start to its end")
    try:
        life = sessions.observe_life(stage)
    except FAILURES as error:
        yield from _unanswered(OF_A_LIFE, error)
    else:
        for _, judge_life in OF_A_LIFE:
            yield judge_life(life)
    for belief, ask in ONE_BY_ONE:
        say(f"asking {belief.id}")
        try:
            yield ask(stage)
        except FAILURES as error:
            yield from _unanswered([(belief, ask)], error)


def _unanswered(beliefs: Sequence[tuple[Belief, object]], error: Exception) -> Iterator[Answer]:
    first = next(iter(str(error).splitlines()), type(error).__name__)
    for belief, _ in beliefs:
        yield answer(belief, f"not answered: {first}", None)
