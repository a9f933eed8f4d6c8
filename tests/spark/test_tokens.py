"""The endpoint accepts only the session's own token, for an hour."""

import grpc
import pytest
import trustme
from pyspark.errors import PySparkException

from emr_session import remote_url
from tests.spark.conftest import SparkSessions, connected


def refusal(remote: str) -> str:
    """What a client is told that isn't let in."""
    with connected(remote) as session, pytest.raises(PySparkException) as refused:
        session.range(1).collect()
    return str(refused.value)


def answers(remote: str) -> bool:
    with connected(remote) as session:
        return len(session.range(3).collect()) == 3


def test_a_wrong_token_is_refused(spark: SparkSessions) -> None:
    said = refusal(spark.start().remote_url("wrong"))
    assert "UNAUTHENTICATED" in said
    assert "not one of this session" in said


def test_a_missing_token_is_refused(spark: SparkSessions) -> None:
    endpoint = spark.start().endpoint()
    said = refusal(f"sc://{endpoint.host}:{endpoint.port}/;use_ssl=true")
    assert "UNAUTHENTICATED" in said
    assert "missing" in said


def test_a_token_opens_the_session_for_an_hour(spark: SparkSessions) -> None:
    live = spark.start(idleTimeoutMinutes=600)
    first = live.remote_url()
    spark.clock.advance(3599)
    assert answers(first)
    second = live.remote_url()
    spark.clock.advance(1)
    assert "The token has expired" in refusal(first)
    assert answers(second)


def test_a_token_of_any_characters_comes_through_the_address(
    spark: SparkSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = spark.start()
    monkeypatch.setattr("secrets.token_urlsafe", lambda _: "a/b=c;d+e %2F&x=1")
    assert answers(remote_url(live.arn))


def test_a_token_that_expires_under_a_client_stops_it(spark: SparkSessions) -> None:
    live = spark.start(idleTimeoutMinutes=600)
    with connected(live.remote_url()) as session:
        assert len(session.range(3).collect()) == 3
        spark.clock.advance(3600)
        with pytest.raises(PySparkException, match="The token has expired"):
            session.range(3).collect()


def test_a_token_of_another_session_is_refused(spark: SparkSessions) -> None:
    one, other = spark.start(), spark.start()
    said = refusal(one.remote_url(other.endpoint().token))
    assert "UNAUTHENTICATED" in said
    assert "not one of this session" in said


def test_a_token_is_in_no_log_and_no_description(spark: SparkSessions) -> None:
    live = spark.start()
    token = live.endpoint().token
    assert token not in repr(spark.service.requests)
    assert token not in repr(vars(spark.service._tokens)["_issued"][token])


def test_a_client_without_the_authority_does_not_come_through(spark: SparkSessions) -> None:
    endpoint = spark.start().endpoint()
    other = grpc.ssl_channel_credentials(trustme.CA().cert_pem.bytes())
    with grpc.secure_channel(f"{endpoint.host}:{endpoint.port}", other) as channel:
        config = "/spark.connect.SparkConnectService/Config"
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(config)
        with pytest.raises(grpc.RpcError, match="CERTIFICATE_VERIFY_FAILED"):
            call(b"")
