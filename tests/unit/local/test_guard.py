"""The local AWS answers programs of this machine, and no web page."""

from __future__ import annotations

import http.client
import json

import pytest

from .conftest import Server

SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
FORM = "application/x-www-form-urlencoded"


def ask(
    server: Server, headers: dict[str, str], *, method: str = "POST", name: str = "FromAWebPage"
) -> int:
    """Send what makes a role, as far as MiniStack is concerned; gives the status."""
    trust = json.dumps({"Statement": []})
    body = f"Action=CreateRole&Version=2010-05-08&RoleName={name}&AssumeRolePolicyDocument={trust}"
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    given = {"Authorization": SIGNED, "Content-Type": FORM, **headers}
    connection.request(method, "/", body if method == "POST" else None, given)
    status = connection.getresponse().status
    connection.close()
    return status


def roles(server: Server) -> list[str]:
    return [role["RoleName"] for role in server.client("iam").list_roles()["Roles"]]


PAGES = [
    pytest.param({"Origin": "https://evil.example"}, id="another site's script"),
    pytest.param({"Origin": "null"}, id="a sandboxed frame"),
    pytest.param({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, id="a form"),
    pytest.param({"Sec-Fetch-Site": "same-site"}, id="another port of localhost"),
    pytest.param({"Host": "evil.example"}, id="a name that leads to loopback"),
    pytest.param({"Host": "127.0.0.1.evil.example:4566"}, id="a name that begins like loopback"),
    pytest.param({"Host": "amazonaws.com.evil.example"}, id="a name that begins like AWS's"),
]


@pytest.mark.parametrize("headers", PAGES)
def test_what_a_browser_sends_is_refused_and_does_nothing(
    server: Server, headers: dict[str, str]
) -> None:
    assert ask(server, headers) == 403
    assert "FromAWebPage" not in roles(server)


def test_a_preflight_is_refused(server: Server) -> None:
    headers = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    assert ask(server, headers, method="OPTIONS") == 403


@pytest.mark.parametrize("headers", PAGES)
def test_the_session_service_refuses_it_too(server: Server, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    signed = SIGNED.replace("/iam/", "/emr-serverless/")
    connection.request("GET", "/applications", headers={"Authorization": signed, **headers})
    assert connection.getresponse().status == 403
    connection.close()


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:1",
        "localhost",
        "[::1]:1",
        "bucket.s3.us-east-1.amazonaws.com",
        "bucket.s3.localhost:4566",
    ],
)
def test_a_program_is_answered_whatever_loopback_is_called(server: Server, host: str) -> None:
    assert ask(server, {"Host": host}, method="GET") != 403
