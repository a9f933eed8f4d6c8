"""Behind the proxy every call has a valid token, and AWS errors become gRPC statuses."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
)

from emr_session import (
    ConnectError,
    CredentialsError,
    SessionEndedError,
    SessionMovedError,
    SessionNotFoundError,
    SessionNotReadyError,
)
from emr_session._proxy.status import status_of

from ..account import Account, TestClock
from .gateway import Gateway

HOUR = 3600


def echoed(channel: Any, sent: bytes = b"a") -> bytes:
    return bytes(channel.unary_unary("/test/Echo")(sent))


def test_calls_go_on_past_the_hour(
    channel: Any, clock: TestClock, gateway: Gateway, aws: Account
) -> None:
    for _ in range(3):
        assert echoed(channel) == b"a"
        clock.advance(HOUR)

    assert len({call.token for call in gateway.calls}) == 3
    assert aws.asked("GetSessionEndpoint") == 3


def test_a_token_is_renewed_before_it_expires(channel: Any, clock: TestClock, aws: Account) -> None:
    clock.advance(HOUR - 299)
    echoed(channel)

    assert aws.asked("GetSessionEndpoint") == 2


def test_calls_that_come_together_share_a_new_token(
    channel: Any, clock: TestClock, aws: Account
) -> None:
    clock.advance(HOUR)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: echoed(channel), range(50)))

    assert aws.asked("GetSessionEndpoint") == 2


def test_what_is_open_when_the_token_expires_stays_open(
    channel: Any, clock: TestClock, gateway: Gateway
) -> None:
    held = channel.unary_stream("/test/Hold")(b"held")
    assert next(held) == b"held"
    clock.advance(HOUR)
    assert echoed(channel) == b"a"
    gateway.gate.set()

    assert list(held) == [b"gone on"]


@pytest.mark.parametrize(
    "said",
    [
        (grpc.StatusCode.UNAUTHENTICATED, "The token has expired"),
        (grpc.StatusCode.UNKNOWN, "Stream removed"),
    ],
)
def test_a_stream_that_its_token_cut_off_is_for_the_client_to_re_attach(
    channel: Any, clock: TestClock, gateway: Gateway, said: tuple[grpc.StatusCode, str]
) -> None:
    held = channel.unary_stream("/test/Hold")(b"held")
    assert next(held) == b"held"
    clock.advance(HOUR)
    gateway.cut_off = said
    gateway.gate.set()

    with pytest.raises(grpc.RpcError) as raised:
        next(held)
    error: Any = raised.value
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())
    assert echoed(channel) == b"a"


def test_an_unknown_error_with_a_good_token_is_passed_on(channel: Any, gateway: Gateway) -> None:
    held = channel.unary_stream("/test/Hold")(b"held")
    gateway.cut_off = (grpc.StatusCode.UNKNOWN, "Stream removed")
    gateway.gate.set()

    with pytest.raises(grpc.RpcError) as raised:
        list(held)
    assert raised.value.code() is grpc.StatusCode.UNKNOWN


def test_a_token_that_aws_refuses_is_permission_denied_and_asked_for_again(
    channel: Any, clock: TestClock, aws: Account
) -> None:
    clock.advance(HOUR)
    aws.refused.add("/endpoint")
    with pytest.raises(grpc.RpcError) as raised:
        echoed(channel)
    error: Any = raised.value
    assert error.code() is grpc.StatusCode.PERMISSION_DENIED
    assert "not authorized" in error.details()

    aws.refused.clear()
    assert echoed(channel) == b"a"


def test_while_aws_is_away_calls_are_to_be_tried_again(
    channel: Any, clock: TestClock, aws: Account
) -> None:
    clock.advance(HOUR)
    aws.unreachable = True
    with pytest.raises(grpc.RpcError) as raised:
        echoed(channel)
    assert raised.value.code() is grpc.StatusCode.UNAVAILABLE

    aws.unreachable = False
    assert echoed(channel) == b"a"


def refusal(code: str, status: int = 400) -> ClientError:
    answer: Any = {
        "Error": {"Code": code, "Message": "no"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(answer, "GetSessionEndpoint")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: refusal("AccessDeniedException", 403), grpc.StatusCode.PERMISSION_DENIED),
        (lambda: refusal("InternalServerException", 500), grpc.StatusCode.UNAVAILABLE),
        (lambda: refusal("ResourceNotFoundException", 404), grpc.StatusCode.NOT_FOUND),
        (lambda: refusal("ValidationException"), grpc.StatusCode.INVALID_ARGUMENT),
        (lambda: refusal("Unheard"), grpc.StatusCode.FAILED_PRECONDITION),
        (lambda: ConnectTimeoutError(endpoint_url="x"), grpc.StatusCode.UNAVAILABLE),
        (lambda: CredentialsError("sign in"), grpc.StatusCode.UNAUTHENTICATED),
        (lambda: SessionEndedError("over"), grpc.StatusCode.NOT_FOUND),
        (lambda: SessionNotFoundError("unknown"), grpc.StatusCode.NOT_FOUND),
        (lambda: refusal("ThrottlingException"), grpc.StatusCode.UNAVAILABLE),
        (lambda: SessionMovedError("moved"), grpc.StatusCode.ABORTED),
        (lambda: SessionNotReadyError("starting"), grpc.StatusCode.UNAVAILABLE),
        (lambda: ConnectError("other"), grpc.StatusCode.FAILED_PRECONDITION),
    ],
)
def test_every_error_has_a_status_of_its_own(
    make: Callable[[], ConnectError | BotoCoreError | ClientError], code: grpc.StatusCode
) -> None:
    assert status_of(make())[0] is code
