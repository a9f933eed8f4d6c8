"""``SessionProxy``: the proxy for Python programs, in a thread. Imports gRPC when it starts."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import TYPE_CHECKING, Self

from .._channel.certificates import root_certificates
from .._channel.current_session import CurrentSession
from .._channel.endpoint import Token
from .._emr.aws import Aws
from .._emr.clock import Clock, SystemClock
from .._emr.locate import locate
from .._emr.names import SessionArn
from .._emr.wait import TIMEOUT_SECONDS, wait_until_usable
from ..errors import ConnectError, ProxyError
from .secret import SECRET_HEADER, new_secret
from .threads import call_in

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_emr_serverless import EMRServerlessClient

    from .upstream import Upstream

PORT = 15002
# A session's end is noticed by the next call at once, and without calls after this long.
WATCH_SECONDS = 60.0


class SessionProxy:
    """A Spark Connect server on loopback in front of a session, for clients in any language.

    Forwards every call with a valid token, for as long as the session lives::

        with SessionProxy("/notebooks/session", port=0) as proxy:
            subprocess.run(["dbt", "build"], env={**os.environ, **proxy.environment})

    Every user and program of the machine can use the session through it, as the session's
    execution role, unless ``token`` is set.
    """

    def __init__(
        self,
        arn_or_parameter: str,
        *,
        port: int = PORT,
        follow: bool = False,
        token: bool | str = False,
        timeout: float = TIMEOUT_SECONDS,
        root_certificates: bytes | str | os.PathLike[str] | None = None,
        watch_seconds: float = WATCH_SECONDS,
        client: EMRServerlessClient | None = None,
        session: boto3.Session | None = None,
        clock: Clock | None = None,
    ) -> None:
        """A proxy that isn't started yet.

        Args:
            arn_or_parameter: The session's ARN, or the name of the SSM parameter that holds it.
            port: The port on 127.0.0.1; 0 for any free one.
            follow: Whether to move to the session that the parameter names when this one is over.
                Calls during which it ended fail with ABORTED.
            token: A secret that clients have to send, and that ``url`` contains: True for a new
                one, or the secret itself, so that a restarted proxy has the same address.
            timeout: How long to wait for a session that is starting, in seconds. Default: 600.
            root_certificates: The authorities to trust: PEM text, or the path of a file. By default
                the file in ``GRPC_DEFAULT_SSL_ROOTS_FILE_PATH``, boto3's, or gRPC's own roots.
            watch_seconds: How often to check whether the session is over while there are no calls.
            client: A boto3 client of ``emr-serverless`` to use.
            session: The boto3 session to make clients with. By default, boto3's own of the
                environment.
            clock: Time, for tests.

        Raises:
            ConnectError: ``follow`` needs a name, and an ARN was given.
        """
        if follow and SessionArn.parse(arn_or_parameter):
            raise ConnectError(
                "follow=True needs the name of the session's parameter: an ARN has no successor."
            )
        self._target = arn_or_parameter
        self._asked_port = port
        self._follow = follow
        self._secret = new_secret() if token is True else Token(token) if token else None
        self._timeout = timeout
        self._root_certificates = root_certificates
        self._watch_seconds = watch_seconds
        self._aws = Aws(client=client, session=session)
        self._clock = clock or SystemClock()
        self._port: int | None = None
        self._arn: SessionArn | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._listening: Future[int] = Future()
        self._ended: Future[ConnectError | None] = Future()

    def start(self) -> Self:
        """Wait for the session, and listen.

        Raises:
            ProxyError: The port is taken.
            SessionEndedError: The session is over.
            SessionNotReadyError: The session isn't usable when the time is over.
            EndpointError: The endpoint doesn't answer, isn't trusted, or refuses the token.
            ConnectError: The name leads to no session.
            botocore.exceptions.ClientError: A service refuses what is asked.
        """
        if self._arn:
            raise ProxyError("A proxy can be started only once. Create a new one.")
        seen = wait_until_usable(
            self._aws,
            lambda: locate(self._target, self._aws),
            timeout=self._timeout,
            clock=self._clock,
            follow=self._follow,
        )
        self._arn = seen.arn
        self._loop = asyncio.new_event_loop()
        threading.Thread(
            target=self._run, args=[self._loop], name="emr-session proxy", daemon=True
        ).start()
        self._port = self._listening.result()
        return self

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the proxy has ended: with the session, or by ``stop``.

        Args:
            timeout: How long to wait at most, in seconds; forever by default.

        Raises:
            SessionEndedError: It ended because the session is over.
            TimeoutError: The time is over.
        """
        reason = self._ended.result(timeout)
        if reason:
            raise reason

    def stop(self) -> None:
        """End what is open, and listen no more. Does nothing on a proxy that has ended."""
        if not self._loop:
            return
        call_in(self._loop, self._stop.set)
        self._ended.exception()

    def __enter__(self) -> Self:
        """Start it."""
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it."""
        self.stop()

    @property
    def port(self) -> int:
        """The port that it listens on, once it is started."""
        if self._port is None:
            raise ProxyError("The proxy isn't started: call start(), or use it in a with block.")
        return self._port

    @property
    def session_id(self) -> str:
        """The session that it started with."""
        if self._arn is None:
            raise ProxyError("The proxy isn't started: call start(), or use it in a with block.")
        return self._arn.session_id

    @property
    def url(self) -> str:
        """The address for clients. With ``token`` it has the secret in it: don't log or keep it."""
        plain = f"sc://127.0.0.1:{self.port}"
        return f"{plain}/;{SECRET_HEADER}={self._secret}" if self._secret else plain

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables for a client's process.

        That is ``SPARK_REMOTE``, and ``no_proxy`` where it lacks this machine's own address.
        """
        return {"SPARK_REMOTE": self.url, **without_proxy()}

    def __repr__(self) -> str:
        """Without the secret."""
        return f"SessionProxy({self._target!r}, port={self._port or self._asked_port})"

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                reason = runner.run(self._serve())
            self._ended.set_result(reason)
        except BaseException as error:  # noqa: BLE001 (raised where it is waited for)
            if not self._listening.done():
                self._listening.set_exception(error)
            self._ended.set_exception(error)

    async def _serve(self) -> ConnectError | None:
        # Not before here: gRPC takes a while to import.
        from .server import serve
        from .upstream import Upstream

        assert self._arn
        current = CurrentSession(
            self._aws,
            self._target,
            self._arn,
            follow=self._follow,
            timeout=self._timeout,
            clock=self._clock,
        )
        upstream: Upstream = Upstream(
            current,
            follow=self._follow,
            root_certificates=root_certificates(self._root_certificates, self._aws),
            clock=self._clock,
        )
        return await serve(
            upstream,
            port=self._asked_port,
            secret=self._secret,
            watch_seconds=self._watch_seconds,
            stop=self._stop,
            on_listening=self._listening.set_result,
        )


def without_proxy() -> dict[str, str]:
    """What makes gRPC clients go to loopback directly although there is an HTTP proxy."""
    # gRPC reads the small letters alone.
    if not any(os.environ.get(name) for name in ("grpc_proxy", "https_proxy", "http_proxy")):
        return {}
    kept = os.environ.get("no_proxy", "")
    if "127.0.0.1" in kept.split(","):
        return {}
    named = kept or os.environ.get("NO_PROXY", "")
    return {"no_proxy": ",".join(part for part in (named, "127.0.0.1", "localhost") if part)}
