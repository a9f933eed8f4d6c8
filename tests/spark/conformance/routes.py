"""The routes to a session, as environment variables of Spark's tests."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlsplit

from tests.spark.conformance.through_connect import SESSION

# PySpark's tests connect to what this names.
ADDRESS = "SPARK_CONNECT_TESTING_REMOTE"


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
    command = [sys.executable, "-m", "emr_session", "proxy", arn, "--port", "0"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            # Its first line, once it listens; nothing if it ends before.
            address = process.stdout.readline().strip()
            if not address:
                raise RuntimeError("the proxy doesn't listen")
            yield {ADDRESS: address}
        finally:
            process.terminate()
