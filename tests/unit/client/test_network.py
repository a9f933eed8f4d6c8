"""Dead connections, proxies and certificate authorities: gRPC works like boto3."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from emr_serverless_local.sessions import SessionService
from emr_session import ConnectError, EndpointError
from emr_session._channel.options import channel_options

from .account import Account, TestClock, account
from .gateway import Gateways, connected
from .network import HttpProxy, Relay, listening


@pytest.fixture
def aws(clock: TestClock, gateways: Gateways) -> Iterator[Account]:
    service = SessionService(clock=clock, start_seconds=90, stop_seconds=30, backing=gateways)
    with account(service) as made:
        yield made


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing of proxies and authorities."""
    names = ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
    proxies = [name for name in os.environ if name.lower().endswith("_proxy")]
    for name in (*names, *proxies):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def arn(aws: Account) -> str:
    return aws.start(aws.application(release="emr-99.0.0"), idleTimeoutMinutes=600)


def port_of(gateways: Gateways, arn: str) -> int:
    port = urlsplit(gateways.endpoint(arn.rpartition("/")[2])).port
    assert port
    return port


# Silence


def test_a_connection_that_went_silent_is_noticed_and_the_query_goes_on(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateways, "rows", range(8))
    quickly = {
        "grpc.keepalive_time_ms": 1000,
        "grpc.keepalive_timeout_ms": 1000,
        "grpc.http2.ping_timeout_ms": 1000,
    }
    aws.client().get_session(applicationId=arn.split("/")[2], sessionId=arn.split("/")[4])
    clock.advance(100)
    relay = Relay(port_of(gateways, arn))
    with listening(relay.serve) as port:
        url = f"https://{arn.rpartition('/')[2]}.emr-serverless.localhost:{port}"
        monkeypatch.setattr(gateways, "endpoint", lambda _: url)
        spark = connected(aws, clock, arn, gateways, channel_options=quickly)
        spark.version  # noqa: B018 - it opens the connection
        before = relay.connections
        relay.silence()
        begun = time.monotonic()

        assert [row.id for row in spark.range(8).collect()] == list(range(8))
        assert time.monotonic() - begun < 20
        assert relay.connections > before
        spark.stop()


def test_silence_is_noticed_in_80_seconds_and_pings_are_rare_enough_for_any_server() -> None:
    options = dict(channel_options("h.example.com:443"))

    assert options["grpc.keepalive_time_ms"] == 60_000
    assert options["grpc.keepalive_timeout_ms"] == options["grpc.http2.ping_timeout_ms"] == 20_000


def test_the_callers_options_win() -> None:
    options = dict(channel_options("h.example.com:443", {"grpc.keepalive_time_ms": 300_000}))

    assert options["grpc.keepalive_time_ms"] == 300_000


# Proxies


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
def test_boto3s_proxy_is_grpcs(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    proxy = HttpProxy()
    with listening(proxy.serve) as port:
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        connected(aws, clock, arn, gateways).stop()

    assert set(proxy.tunnels) == {
        f"{arn.rpartition('/')[2]}.emr-serverless.localhost:{port_of(gateways, arn)}"
    }


@pytest.mark.parametrize(
    ("name", "exempt"), [("HTTPS_PROXY", ".example.com"), ("http_proxy", "other.example.org")]
)
def test_where_boto3_has_no_proxy_grpc_has_none(
    monkeypatch: pytest.MonkeyPatch, name: str, exempt: str
) -> None:
    """``http_proxy`` is for http:// alone, and gRPC by itself takes it for TLS, too."""
    monkeypatch.setenv(name, "http://127.0.0.1:3128")
    monkeypatch.setenv("NO_PROXY", exempt)

    options = dict(channel_options("h.example.com:443"))
    assert options["grpc.enable_http_proxy"] == 0
    assert "grpc.http_proxy" not in options


def test_a_proxy_that_grpc_cannot_use_is_named(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "https://user:secret@proxy.example.com:3128")

    with pytest.raises(ConnectError, match=r"HTTPS_PROXY.*https://proxy.example.com") as raised:
        connected(aws, clock, arn, gateways)
    assert "secret" not in str(raised.value)


def test_a_proxy_that_is_not_there_is_named(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening(lambda _: None) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{port}")

    with pytest.raises(EndpointError, match=rf"proxy 127.0.0.1:{port} of HTTPS_PROXY") as raised:
        connected(aws, clock, arn, gateways)
    assert "secret" not in str(raised.value)


# Authorities


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_whom_boto3_trusts_is_trusted(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    (tmp_path / "ca.pem").write_bytes(gateways.roots)
    monkeypatch.setenv(name, str(tmp_path / "ca.pem"))

    connected(aws, clock, arn, gateways, root_certificates=None).stop()


def test_an_authority_that_does_not_do_is_named(
    aws: Account,
    clock: TestClock,
    gateways: Gateways,
    arn: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    bundle = tmp_path / "other.pem"
    bundle.write_bytes(trustme.CA().cert_pem.bytes())
    monkeypatch.setenv("AWS_CA_BUNDLE", str(bundle))

    with pytest.raises(EndpointError, match=f"AWS_CA_BUNDLE={bundle}"):
        connected(aws, clock, arn, gateways, root_certificates=None)


def test_an_authority_that_is_not_there_is_named(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CA_BUNDLE", "/no/such.pem")

    with pytest.raises(ConnectError, match=r"AWS_CA_BUNDLE.*can't be read.*/no/such.pem"):
        connected(aws, clock, arn, gateways, root_certificates=None)


def test_pem_may_be_given_as_text_and_what_is_none_is_named(
    aws: Account, clock: TestClock, gateways: Gateways, arn: str
) -> None:
    connected(aws, clock, arn, gateways, root_certificates=gateways.roots.decode()).stop()

    with pytest.raises(ConnectError, match="root_certificates holds no certificate"):
        connected(aws, clock, arn, gateways, root_certificates=b"garbage")
