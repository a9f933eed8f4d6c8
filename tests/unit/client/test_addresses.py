"""From a session's name to its addresses."""

import logging
from urllib.parse import unquote

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from emr_session import (
    ConnectError,
    SessionEndedError,
    SessionNotFoundError,
    SessionNotReadyError,
    dashboard_url,
    remote_url,
)
from emr_session._channel.endpoint import Endpoint, Token

from .account import Account, TestClock


def test_a_starting_session_is_waited_for(aws: Account, clock: TestClock) -> None:
    arn = aws.start()
    begun = clock.now()

    url = remote_url(arn, session=aws.session(), clock=clock)

    assert url.startswith(f"sc://{arn.rpartition('/')[2]}.")
    assert ":443/;use_ssl=true;x-aws-proxy-auth=" in url
    assert 90 <= clock.now() - begun < 95


def test_a_parameter_names_the_session(aws: Account, clock: TestClock) -> None:
    aws.parameters["/notebooks/session"] = arn = aws.start()

    url = remote_url("/notebooks/session", session=aws.session(), clock=clock)

    assert arn.rpartition("/")[2] in url


def test_a_port_of_the_endpoint_is_kept_and_the_token_is_quoted() -> None:
    endpoint = Endpoint("h.localhost", 8443, 0.0, Token("a/b=c;d+e"))

    assert endpoint.url_with_token.startswith("sc://h.localhost:8443/;use_ssl=true;")
    quoted = endpoint.url_with_token.rpartition("=")[2]
    assert ";" not in quoted
    assert unquote(quoted) == "a/b=c;d+e"


def test_a_session_that_is_over_is_an_error_that_names_it(aws: Account, clock: TestClock) -> None:
    arn = aws.start()
    clock.advance(100)
    aws.terminate(arn)
    clock.advance(100)

    with pytest.raises(SessionEndedError) as raised:
        remote_url(arn, session=aws.session(), clock=clock)

    for said in (arn.rpartition("/")[2], "TERMINATED", "Session terminated by user", "deploy"):
        assert said in str(raised.value)


def test_a_session_that_failed_says_why(aws: Account, clock: TestClock) -> None:
    fail = {"classification": "spark-defaults", "properties": {FAIL: "No capacity."}}
    arn = aws.start(configurationOverrides={"runtimeConfiguration": [fail]})

    with pytest.raises(SessionEndedError, match=r"is FAILED \(Session failed. No capacity."):
        remote_url(arn, session=aws.session(), clock=clock)


FAIL = "spark.emr-serverless.local.fail"


def test_a_mistyped_arn_is_an_error_that_says_there_is_no_such_session(
    aws: Account, clock: TestClock
) -> None:
    mistyped = aws.start().rpartition("/")[0] + "/00gone"

    with pytest.raises(SessionNotFoundError, match=r"There is no session 00gone.*Check the ARN"):
        remote_url(mistyped, session=aws.session(), clock=clock)


def test_the_wait_has_an_end(aws: Account, clock: TestClock) -> None:
    with pytest.raises(SessionNotReadyError, match=r"still STARTING after 60 s"):
        remote_url(aws.start(), session=aws.session(), clock=clock, timeout=60)


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/no/such", "no SSM parameter /no/such in us-east-1"),
        ("/wrong", "doesn't hold a session's ARN"),
        ("arn:aws:emr-serverless:us-east-1:000000000000:/applications/00a", "not a session's ARN"),
    ],
)
def test_a_name_that_leads_nowhere_is_said(aws: Account, target: str, said: str) -> None:
    aws.parameters["/wrong"] = "something"

    with pytest.raises(ConnectError, match=said):
        remote_url(target, session=aws.session())


def test_the_dashboard_has_an_address(aws: Account) -> None:
    arn = aws.start()

    assert arn.rpartition("/")[2] in dashboard_url(arn, session=aws.session())


def test_a_client_of_the_callers_is_used(aws: Account, clock: TestClock) -> None:
    assert remote_url(aws.start(), client=aws.client(), clock=clock).startswith("sc://")


def test_no_log_has_the_token_even_at_debug(
    aws: Account, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        url = remote_url(aws.start(), session=aws.session(), clock=clock)

    token = unquote(url.rpartition("=")[2])
    assert "GetSessionEndpoint" in caplog.text
    assert token not in caplog.text


def test_a_service_that_throttles_is_asked_until_the_time_is_over(
    aws: Account, clock: TestClock
) -> None:
    arn = aws.start()
    clock.advance(90)
    # Without botocore's own retries, which really wait.
    once = Config(retries={"total_max_attempts": 1})
    client = aws.session().client("emr-serverless", config=once)
    aws.throttled = 20

    assert arn.rpartition("/")[2] in remote_url(arn, client=client, clock=clock)

    aws.throttled = 10_000
    begun = clock.now()
    with pytest.raises(ClientError, match="ThrottlingException"):
        remote_url(arn, timeout=10, client=client, clock=clock)
    assert 10 <= clock.now() - begun < 20
