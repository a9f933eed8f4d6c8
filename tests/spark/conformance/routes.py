"""The routes to a session, as environment variables of Spark's tests."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

from tests.spark.conformance.through_connect import SESSION

# PySpark's tests connect to what this names.
ADDRESS = "SPARK_CONNECT_TESTING_REMOTE"
PROXY_SECONDS = 60


def direct(endpoint: str, token: str) -> dict[str, str]:
    """PySpark's own connection to the session's endpoint, with a token for an hour."""
    url = urlsplit(endpoint)
    token = quote(token, safe="")
    return {ADDRESS: f"sc://{url.hostname}:{url.port}/;use_ssl=true;x-aws-proxy-auth={token}"}


def connect(arn: str) -> dict[str, str]:
    """By ``emr_session.connect``."""
    return {ADDRESS: "sc://by-connect.invalid", SESSION: arn}


@contextmanager
def proxy(arn: str, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """By ``emr-session proxy``, at a plain address of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "emr_session", "proxy", arn, "--port", str(port)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + PROXY_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the proxy doesn't listen on {port}")
            time.sleep(0.1)
        yield {ADDRESS: f"sc://127.0.0.1:{port}"}
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
