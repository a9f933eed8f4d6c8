"""``connect``: a ``SparkSession`` on a session, which renews its tokens."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._channel.certificates import root_certificates as root_certificates_of
from .._channel.current_session import CurrentSession
from .._emr.aws import Aws
from .._emr.aws_errors import credentials_explained
from .._emr.clock import Clock, SystemClock
from .._emr.locate import locate
from .._emr.names import SessionArn
from .._emr.releases import find_release
from .._emr.session import SessionStatus
from .._emr.wait import TIMEOUT_SECONDS, patiently, wait_until_usable
from ..errors import ConnectError
from .observers import observers
from .versions import compare_versions, workers_python

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_emr_serverless import EMRServerlessClient
    from pyspark.sql import SparkSession


def connect(
    arn_or_parameter: str,
    *,
    follow: bool = False,
    timeout: float = TIMEOUT_SECONDS,
    root_certificates: bytes | str | os.PathLike[str] | None = None,
    channel_options: Mapping[str, int | str] | None = None,
    check_version: bool = True,
    client: EMRServerlessClient | None = None,
    session: boto3.Session | None = None,
    clock: Clock | None = None,
) -> SparkSession:
    """Connect PySpark to an EMR Serverless session.

    Waits until the session accepts connections, and tests the connection. Calls renew the
    endpoint's token before it expires. Needs ``emr-serverless:GetSession`` and
    ``GetSessionEndpoint`` on the session (``session.grants.connect``), and ``ssm:GetParameter``
    for a parameter. Each call returns a new ``SparkSession``, which
    ``SparkSession.builder.getOrCreate()``, UDFs and pandas-on-Spark use until its ``stop()``.
    Ctrl-C also stops the running query on the server, or ends the wait for a streaming query.

    Args:
        arn_or_parameter: The session's ARN, the name of the SSM parameter that holds it, or
            another name that ``emr-session`` takes: an id, ``STACK``, ``STACK/LOGICAL-ID``, the
            path of the construct, or a session's name.
        follow: Whether to move to the session that the parameter names when this one is over.
            The call during which it ended fails with ``SessionMovedError``, and later calls go to
            the successor. What the old session held (temporary views, caches, settings, artifacts)
            is gone. ``connect`` waits for a successor if the session is over.
        timeout: How long to wait for the session, in seconds. Default: 600.
        root_certificates: The authorities to trust: PEM text, or the path of a file. By default
            those of ``GRPC_DEFAULT_SSL_ROOTS_FILE_PATH``, else those that boto3 trusts
            (``AWS_CA_BUNDLE``, ``ca_bundle`` of the profile), else gRPC's own.
        channel_options: gRPC's channel options, by their names. By default a connection that is
            silent for 80 seconds is closed and its queries are re-attached:
            ``grpc.keepalive_time_ms`` (60,000), ``grpc.keepalive_timeout_ms`` and
            ``grpc.http2.ping_timeout_ms`` (20,000 both).
        check_version: Whether a PySpark of another major version than the session's Spark is an
            error; another minor version is a warning.
        client: A boto3 client of ``emr-serverless`` to use.
        session: The boto3 session to make clients with. By default, boto3's own of the environment.
        clock: Time, for tests.

    Raises:
        CredentialsError: There are no valid AWS credentials.
        SessionEndedError: The session is over.
        SessionNotReadyError: The session isn't usable within ``timeout``.
        EndpointError: The endpoint doesn't answer, isn't trusted, or refuses the token.
        SparkVersionError: PySpark doesn't fit the session's Spark.
        SessionAmbiguousError: The name fits several sessions.
        ConnectError: The name leads to no session, or PySpark isn't installed.
        botocore.exceptions.ClientError: A service refuses what is asked.
    """
    if follow and SessionArn.parse(arn_or_parameter):
        raise ConnectError(
            "follow=True needs the name of the session's parameter: an ARN has no successor."
        )
    clock = clock or SystemClock()
    aws = Aws(client=client, session=session)
    pyspark_version = _pyspark_version()
    trusted = root_certificates_of(root_certificates, aws)
    deadline = clock.now() + timeout
    with credentials_explained(aws.session):
        status = wait_until_usable(
            aws,
            lambda: locate(arn_or_parameter, aws),
            timeout=timeout,
            clock=clock,
            follow=follow,
            on_look=_waiting,
        )
    release = find_release(status.release)
    if check_version and release:
        compare_versions(pyspark_version, release.spark, status.release)

    # Not before here: they take a second, and remote_url and dashboard_url do without.
    from pyspark.sql.connect.session import SparkSession as RemoteSession

    from .builder import SessionChannelBuilder
    from .default_session import forget, make_default
    from .interrupt import InterruptingInterceptor, report_in_one_line
    from .preflight import preflight
    from .python_version import PythonVersionInterceptor
    from .queries import QueryInterceptor

    current = CurrentSession(
        aws, arn_or_parameter, status.arn, follow=follow, timeout=timeout, clock=clock
    )
    builder = SessionChannelBuilder(
        current,
        trusted,
        channel_options or {},
        lambda channel: [
            PythonVersionInterceptor(
                lambda: workers_python(lambda name: spark.conf.get(name, None), release)
            ),
            InterruptingInterceptor(channel),
            QueryInterceptor(),
        ],
    )
    with credentials_explained(aws.session):
        patiently(current.endpoint, deadline, clock)
    spark_version = preflight(builder, current)
    if check_version and not release:
        compare_versions(pyspark_version, spark_version, f"session {status.arn.session_id}")
    # PySpark's own annotations take this builder for the one of classic sessions.
    spark_builder: Any = RemoteSession.builder
    spark: SparkSession = spark_builder.channelBuilder(builder).create()
    current.on_move = lambda: _forget_server(spark)
    make_default(spark, current.endpoint().url)
    builder.when_closed = lambda: forget(spark)
    report_in_one_line()
    for observer in observers:
        observer.connected(spark)
    return spark


def _waiting(status: SessionStatus, seconds: float) -> None:
    for observer in observers:
        observer.waiting(status, seconds)


def _forget_server(spark: Any) -> None:
    """Let PySpark 4 take the successor's answers, which it holds to the first server's id."""
    if hasattr(spark.client, "_server_session_id"):
        spark.client._server_session_id = None


def _pyspark_version() -> str:
    try:
        import pyspark
    except ImportError as error:
        raise ConnectError('PySpark is not installed: pip install "emr-session[client]"') from error
    return str(pyspark.__version__)
