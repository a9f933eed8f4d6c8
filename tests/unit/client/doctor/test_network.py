"""The doctor's findings about the connection to a session's Spark."""

import os
import socket
import ssl
import threading

import pytest
import trustme

from emr_session._channel.endpoint import Endpoint, Token
from emr_session._doctor.finding import Finding, Level
from emr_session._doctor.network import by_private_endpoint, reach
from emr_session._doctor.spark import token_finding
from tests.unit.client.gateway import Gateways
from tests.unit.client.network import HttpProxy, listening

from .account import DoctorAccount
from .conftest import Look


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that says nothing of proxies and authorities."""
    names = ("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", "AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
    proxies = [name for name in os.environ if name.lower().endswith("_proxy")]
    for name in (*names, *proxies):
        monkeypatch.delenv(name, raising=False)


def found_on_the_way(host: str, port: int, roots: bytes | None = None) -> dict[str, Finding]:
    return {finding.check: finding for finding in reach(host, port, roots)}


def test_a_name_without_an_address_is_wrong() -> None:
    found = found_on_the_way("session.invalid", 443)

    assert found["DNS"].level == Level.WRONG
    assert set(found) == {"DNS"}


def test_a_port_that_does_not_answer_is_wrong() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    found = found_on_the_way("session.localhost", port)

    assert found["DNS"].level == Level.OK
    assert found["TCP"].level == Level.WRONG
    assert "HTTPS_PROXY" in found["TCP"].remedy


def test_a_private_address_is_an_endpoint_of_a_vpc() -> None:
    assert by_private_endpoint(["10.0.3.17"])
    assert not by_private_endpoint(["127.0.0.1"])
    assert not by_private_endpoint(["52.94.133.131"])


def test_a_certificate_that_is_not_trusted_is_wrong(
    gateways: Gateways, look: Look, arn: str
) -> None:
    host, _, port = (
        gateways.endpoint(arn.rpartition("/")[2]).removeprefix("https://").rpartition(":")
    )
    trusted = found_on_the_way(host, int(port), gateways.roots)
    other = found_on_the_way(host, int(port), trustme.CA().cert_pem.bytes())

    assert look(arn, connect=True)["TLS"].level == trusted["TLS"].level == Level.OK
    assert other["TLS"].level == Level.WRONG
    assert "AWS_CA_BUNDLE" in other["TLS"].remedy


def test_a_handshake_that_is_cut_off_is_wrong() -> None:
    with listening(lambda client: client.close()) as port:
        found = found_on_the_way("session.localhost", port)

    assert found["TLS"].level == Level.WRONG
    assert "ends the TLS handshake" in found["TLS"].text


def test_authorities_that_cannot_be_read_are_wrong(look: Look, arn: str) -> None:
    found = look(arn, connect=True, roots="/no/such.pem")["TLS"]

    assert found.level == Level.WRONG
    assert "/no/such.pem" in found.text


def test_what_does_not_speak_http_2_is_wrong() -> None:
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("old.localhost").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    done = threading.Event()

    def serve(client: socket.socket) -> None:
        with context.wrap_socket(client, server_side=True):
            done.wait(10)

    with listening(serve) as port:
        found = found_on_the_way("old.localhost", port, authority.cert_pem.bytes())
        done.set()

    assert found["TLS"].level == Level.WRONG
    assert "HTTP/2" in found["TLS"].text


def test_the_way_leads_through_the_proxy(
    gateways: Gateways, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = HttpProxy()
    with listening(proxy.serve) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:secret@127.0.0.1:{port}")
        host, _, to = (
            gateways.endpoint(arn.rpartition("/")[2]).removeprefix("https://").rpartition(":")
        )
        found = found_on_the_way(host, int(to), gateways.roots)

    assert {one.level for one in found.values()} == {Level.OK}
    assert proxy.tunnels == [f"{host}:{to}"]
    assert "secret" not in str(found)


@pytest.mark.parametrize(
    ("proxy", "said"),
    [
        ("http://user:secret@127.0.0.1:9", "doesn't answer"),
        ("https://user:secret@127.0.0.1:9", "http:// only"),
    ],
    ids=["not there", "https"],
)
def test_a_proxy_that_leads_nowhere_is_wrong(
    proxy: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)

    found = found_on_the_way("session.example.com", 443)["proxy"]
    assert found.level == Level.WRONG
    assert said in found.text
    assert "secret" not in f"{found.text} {found.remedy}"


def test_a_proxy_that_refuses_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(client: socket.socket) -> None:
        client.recv(4096)
        client.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")
        client.close()

    with listening(serve) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        found = found_on_the_way("session.example.com", 443)["proxy"]

    assert found.level == Level.WRONG
    assert "403" in found.text


def test_a_refused_token_is_wrong(aws: DoctorAccount, look: Look, arn: str) -> None:
    aws.refused = {"endpoint"}

    found = look(arn, connect=True)["token"]
    assert found.level == Level.WRONG
    assert "session.grants.connect" in found.remedy


def test_a_clock_that_is_fast_is_wrong() -> None:
    given = Endpoint("session.localhost", 443, expires_at=3600.0, token=Token("secret"))

    assert token_finding(given, now=0).level == Level.OK
    assert token_finding(given, now=7200).level == Level.WRONG


def test_a_spark_that_does_not_answer_is_wrong(
    gateways: Gateways, look: Look, arn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emr_session._connect.preflight.TIMEOUT_SECONDS", 1)
    gateways.away.set()

    found = look(arn, connect=True)["Spark"]
    assert found.level == Level.WRONG
    assert "UNAVAILABLE" in found.text
