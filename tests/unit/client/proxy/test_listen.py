"""Only this machine reaches the proxy, and with a secret only those who have it."""

import logging
import os
import socket
import subprocess
import sys
from typing import Any

import grpc
import pytest
import trustme

from emr_session import EndpointError, ProxyError, SessionProxy
from emr_session._proxy.secret import SECRET_HEADER
from testbed.ports import free_port

from ..account import Account
from .conftest import Proxied, client_of
from .gateway import Gateway

ECHO = """
import os, grpc
address = os.environ["SPARK_REMOTE"].removeprefix("sc://")
with grpc.insecure_channel(address) as channel:
    print(channel.unary_unary("/test/Echo")(b"a", timeout=60).decode())
"""


def test_a_second_proxy_on_the_same_port_is_refused(
    proxied: Proxied, proxy: SessionProxy, arn: str
) -> None:
    with pytest.raises(ProxyError, match=f"Port {proxy.port} of 127.0.0.1 is taken"):
        proxied(arn, port=proxy.port)


def test_it_listens_on_loopback_alone(proxy: SessionProxy) -> None:
    with socket.socket() as other, pytest.raises(ConnectionRefusedError):
        other.connect(("127.0.0.2", proxy.port))


def test_a_client_with_the_secret_is_let_in_and_the_secret_stays_here(
    proxied: Proxied, arn: str, gateway: Gateway
) -> None:
    proxy = proxied(arn, token=True)
    plain, _, parameter = proxy.url.partition("/;")
    name, _, secret = parameter.partition("=")
    assert plain == f"sc://127.0.0.1:{proxy.port}"
    with client_of(proxy) as channel:
        assert channel.unary_unary("/test/Echo")(b"a", metadata=[(name, secret)]) == b"a"

    (call,) = gateway.calls
    assert SECRET_HEADER not in dict(call.metadata)


@pytest.mark.parametrize("sent", [None, "", "wrong", "x" * 43, "nöt"])
def test_a_client_without_the_secret_is_refused(
    proxied: Proxied, arn: str, gateway: Gateway, sent: str | None
) -> None:
    proxy = proxied(arn, token=True)
    name = SECRET_HEADER
    metadata: list[Any] = [] if sent is None else [(name, sent.encode("ascii", "replace").decode())]
    with client_of(proxy) as channel, pytest.raises(grpc.RpcError) as raised:
        channel.unary_unary("/test/Echo")(b"a", metadata=metadata)

    assert raised.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert gateway.calls == []


def test_each_proxy_has_a_secret_of_its_own_unless_one_is_given(arn: str) -> None:
    secrets = {SessionProxy(arn, token=True)._secret for _ in range(2)}
    assert len(secrets) == 2
    assert SessionProxy(arn, token="given")._secret == "given"


def test_neither_secret_nor_token_is_in_a_log_or_a_repr(
    proxied: Proxied, arn: str, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    proxy = proxied(arn, token="of the proxy")
    with client_of(proxy) as channel:
        channel.unary_unary("/test/Echo")(b"a", metadata=[(SECRET_HEADER, "of the proxy")])
        with pytest.raises(grpc.RpcError):
            channel.unary_unary("/test/Echo")(b"a", metadata=[(SECRET_HEADER, "another")])
    proxy.stop()

    said = caplog.text + repr(proxy)
    assert "of the proxy" not in said
    assert "another" not in said
    assert gateway.calls[0].token not in said


@pytest.mark.parametrize(
    "already",
    [{}, {"no_proxy": "example.com"}, {"NO_PROXY": "127.0.0.1,example.com"}],
    ids=lambda variables: ",".join(variables) or "nothing",
)
def test_clients_reach_it_past_an_http_proxy(
    proxy: SessionProxy, monkeypatch: pytest.MonkeyPatch, already: dict[str, str]
) -> None:
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in already.items():
        monkeypatch.setenv(name, value)
    # Where nothing listens.
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    asked = subprocess.run(
        [sys.executable, "-c", ECHO],
        env={**os.environ, **proxy.environment},
        capture_output=True,
        text=True,
        check=True,
    )

    assert asked.stdout == "a\n"
    assert ("example.com" in proxy.environment["no_proxy"]) == bool(already)


def test_an_endpoint_that_is_not_trusted_is_said_at_the_start(proxied: Proxied, arn: str) -> None:
    with pytest.raises(EndpointError, match="no certificate that is trusted here"):
        proxied(arn, root_certificates=trustme.CA().cert_pem.bytes())


def test_the_port_is_free_again_when_the_start_fails(
    proxied: Proxied, arn: str, aws: Account
) -> None:
    port = free_port()
    aws.refused.add("/endpoint")
    with pytest.raises(Exception, match="not authorized"):
        proxied(arn, port=port)
    aws.refused.clear()

    assert proxied(arn, port=port).port == port
