"""A token is replaced before it expires, once, however many threads ask."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.exceptions import ClientError

from emr_session._channel.endpoint import fetch
from emr_session._channel.tokens import Tokens
from emr_session._emr.aws import Aws
from emr_session._emr.names import SessionArn

from .account import Account, TestClock


@pytest.fixture
def tokens(aws: Account, clock: TestClock) -> Tokens:
    arn = SessionArn.parse(aws.start(idleTimeoutMinutes=600))
    assert arn
    clock.advance(100)
    clients = Aws(session=aws.session())
    return Tokens(lambda: fetch(clients, arn), clock)


def test_a_token_is_used_for_as_long_as_it_is_good(
    tokens: Tokens, aws: Account, clock: TestClock
) -> None:
    first = tokens.current()
    clock.advance(3600 - 301)

    assert tokens.current() is first
    assert aws.asked("GetSessionEndpoint") == 1


def test_a_token_is_replaced_five_minutes_before_it_expires(
    tokens: Tokens, clock: TestClock
) -> None:
    first = tokens.current()
    clock.advance(3600 - 300)

    assert tokens.current().token != first.token
    assert tokens.current().expires_at == clock.now() + 3600


def test_threads_share_one_new_token(tokens: Tokens, aws: Account) -> None:
    together = Barrier(8)

    def ask(_: int) -> str:
        together.wait()
        return tokens.current().token

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
    assert aws.asked("GetSessionEndpoint") == 1


def test_a_refusal_is_bridged_while_the_old_token_is_good(
    tokens: Tokens, aws: Account, clock: TestClock
) -> None:
    first = tokens.current()
    aws.refused.add("/endpoint")
    clock.advance(3600 - 200)
    assert tokens.current() is first

    clock.advance(200)
    with pytest.raises(ClientError, match="AccessDenied"):
        tokens.current()


def test_a_token_that_was_refused_is_not_given_again(tokens: Tokens) -> None:
    first = tokens.current()
    tokens.drop(first)

    assert tokens.current().token != first.token


def test_no_repr_has_the_token(tokens: Tokens) -> None:
    endpoint = tokens.current()

    assert endpoint.token not in repr(endpoint) + repr(tokens)
